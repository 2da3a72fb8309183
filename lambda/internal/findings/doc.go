// Package findings reports configurations that IAM accepts but that make Personalize fail later, either certainly or depending on something
// that can't be known. Each finding has a code, which docs/findings.md explains, and a remedy. A changed statement is proposed only if the
// evaluator has proven that it helps. It is pure.
package findings
