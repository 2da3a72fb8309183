// Package provision carries plans out and finds out what is there. It is the only package that calls AWS.
package provision
