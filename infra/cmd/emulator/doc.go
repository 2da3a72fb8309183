// Command emulator starts the emulator, runs a command with its address in the environment, and ends it. Its exit status is
// that of the command.
//
//	go run ./infra/cmd/emulator go test -tags emulator ./...
package main
