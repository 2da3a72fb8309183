// Command roleplan prints what the function would do for an event, and does nothing: offline as in an empty account, or with
// -observe as in the account of the AWS credentials at hand.
//
//	roleplan event.json
//	roleplan -observe event.json
package main
