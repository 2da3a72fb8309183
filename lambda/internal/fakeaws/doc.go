// Package fakeaws is an AWS account in the process, with the services that the function calls, their state and their error
// codes, for tests that try every interleaving and a fault at every call. A contract test holds it against an emulator.
package fakeaws
