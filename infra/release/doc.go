// Package release makes what is published for one click, and uploads it: the function's zips and a template that finds them in
// the bucket of its own Region.
package release
