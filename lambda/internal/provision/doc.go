// Package provision observes an account and carries out plans. It is the only package that calls AWS.
package provision
