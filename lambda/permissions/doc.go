// Package permissions has every policy that the project hands out: for the function, derived from its calls; for people who operate
// Personalize; and the statement of a bucket policy. The construct grants them, and tests hold template.yaml and docs/policies to them.
package permissions
