// Package sharedpolicy changes one statement of a policy that other principals may change at the same time. S3 and KMS have no conditional
// write for policies: the last writer wins. Every writer of this kind therefore follows one protocol:
//
//  1. It writes within WriteBound of its read, or reads again.
//  2. It finishes only when the document, with its statement, was unchanged for Quiet, which is longer than WriteBound.
//
// See docs/adr/0008-shared-policies.md for why that is enough, and what it does not promise. The package calls no service: a Document does.
package sharedpolicy
