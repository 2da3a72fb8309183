// Package awstest runs the same test cases against the in-process account and against the emulator, so that the two can't diverge.
package awstest
