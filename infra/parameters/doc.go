// Package parameters reads the parameters of a CloudFormation template, and checks values for them as CloudFormation does, before anything
// is deployed. CloudFormation itself ignores what it does not know in some places, and reports the first fault only in others. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
package parameters
