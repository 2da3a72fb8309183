// Package permissions has every policy that the project provides: for the function, derived from its calls; for people who operate
// Personalize; and for buckets. The construct grants them, and tests compare template.yaml and docs/policies with them.
package permissions
