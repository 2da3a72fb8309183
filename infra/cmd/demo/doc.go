// Command demo shows the whole life of the service role on an emulator on this machine: no AWS account, no Docker.
package main
