// Package properties is the public contract of Custom::PersonalizeServiceRole: the names of the resource type, of its properties and of its
// attributes, and every check that needs no call to AWS.
package properties
