// Package emulator is the emulator of AWS that the demo and the tests use: it installs it, starts and stops it, deploys to it
// and shows what came out. Nothing leaves the machine.
package emulator
