// Package findings says what would make Personalize fail later, although IAM accepts it: for sure, or depending on what can't be known.
// Each finding has a code, which docs/findings.md explains, and a remedy that the evaluator has proven to be one. It is pure.
package findings
