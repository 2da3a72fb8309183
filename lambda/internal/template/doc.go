// Package template evaluates CloudFormation templates as far as that is possible before a deployment: parameters, conditions and most
// functions. A value that is known only after a deployment is Unknown, with the expression that it comes from.
//
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
package template
