package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	b := bench{}
	flag.IntVar(&b.rounds, "rounds", 15, "how often everything is measured, in turns")
	flag.StringVar(&b.dist, "dist", "dist/bench", "folder with amd64/function.zip and arm64/function.zip")
	flag.StringVar(&b.peers, "peers", ".tools/bench", "folder with the installed peers")
	flag.StringVar(&b.docs, "docs", "docs", "folder to write benchmarks.md and benchmarks.svg to")
	flag.StringVar(&b.only, "only", "", "measure one part, cold, create, buckets or depth, and write nothing")
	flag.BoolVar(&b.unconfined, "unconfined", false, "leave out what needs control groups")
	flag.Parse()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		unconfine(sizes)
		os.Exit(1)
	}()
	err := b.run()
	unconfine(sizes)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
