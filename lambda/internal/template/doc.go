// Package template reads CloudFormation templates as far as it is known before a deployment what they say: parameters, conditions and most
// functions are evaluated, and what only a deployment tells stays unknown, with the expression that it stands for.
//
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
package template
