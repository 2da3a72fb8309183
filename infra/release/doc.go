// Package release builds and uploads the files for one-click deployments: the function's zips, and a template that finds the zips in the
// bucket of its own Region.
package release
