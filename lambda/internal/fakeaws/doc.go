// Package fakeaws is an AWS account in memory: the services that the function calls, with their state and their error codes. Tests use it
// to try every interleaving, and a fault at every call. A contract test compares it with an emulator.
package fakeaws
