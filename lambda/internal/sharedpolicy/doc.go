// Package sharedpolicy changes one statement of a policy that others own, as one of several writers. S3 and KMS have no conditional write
// for policies: whoever writes last wins. Every writer of this kind therefore follows one protocol:
//
//  1. It writes within WriteBound of its read, or reads again.
//  2. It is done only when the document, with its statement, has stood unchanged for Quiet, which is longer than that.
//
// See docs/adr/0008-shared-policies.md for why that is enough, and what it does not promise. The package calls no service: a Document does.
package sharedpolicy
