// Package access says whether a principal may do something, as IAM evaluates policies, and which statements decide. What can't be known
// outside AWS is a third answer, with what it depends on. It is pure. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package access
