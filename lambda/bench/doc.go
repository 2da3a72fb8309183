// Command bench measures the function against what a user would pick instead and against what is possible, side by side on this
// machine, and writes docs/benchmarks.md and its chart. Run it by make bench, which installs the peers.
package main
