// Package access decides whether a principal may do something, as IAM evaluates policies, and which statements decide. If that depends on
// something that can't be known outside AWS, the answer is Maybe, and says what it depends on. The package is pure. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package access
