// Command bootstrap is the Lambda function behind Custom::PersonalizeServiceRole: it answers the events of CloudFormation.
//
// An event goes one way through the packages:
//
//	cfn.Decode        the event, as CloudFormation sends it
//	properties.Parse  its properties, or everything that is wrong with them
//	servicerole.New   what the role, its policies and the statements should be (Desired); or what a Delete removes (Removal)
//	provision.Observe what the account has (Observed)
//	plan.Converge     the operations from one to the other (Plan), and what blocks them; plan.Destroy for a Removal
//	Session.Apply     carries them out; sharedpolicy.Writer changes the policies of buckets and keys
//	Session.Verify    reads these policies again, while cfn.Judge decides whether the event is still wanted
//	cfn.Sender        the answer
//
// Package handler runs these steps, and repeats them while another process interferes. Everything between Observe and Apply is pure: it
// makes no calls, and reads no clock.
package main
