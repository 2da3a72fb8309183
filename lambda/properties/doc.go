// Package properties is the public contract of Custom::PersonalizeServiceRole: the one spelling of the resource type, of
// its properties and of its attributes, and the check of everything that can be checked without calling AWS.
package properties
