// Package plan compares what a custom resource should be with what was found, and returns the operations between the two as
// plain data: it can be compared, printed, replayed and tested without AWS. It is pure.
package plan
