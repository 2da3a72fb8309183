// Package emulator installs, starts and stops the AWS emulator that the demo and the tests use, deploys to it, and prints what an account
// contains. All calls to AWS stay on this machine.
package emulator
