// Command roleplan prints what a deployment would change, and what would make Personalize fail, for a template, the properties of one
// resource, or an event. It changes nothing. It compares with an empty account, with the account of the AWS credentials, or with one in a
// file.
//
//	roleplan template.yaml
//	roleplan -stack personalize-role template.yaml
//	roleplan -snapshot account.json -json properties.yaml
package main
