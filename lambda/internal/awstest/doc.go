// Package awstest lets the same test cases run against the account in the process and against the emulator's, so that the one
// can't drift from the other.
package awstest
