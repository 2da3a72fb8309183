package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"personalize-role/infra/emulator"
)

func main() {
	count := flag.Int("count", 1, "number of emulators, whose addresses are in the first variable, separated by commas")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: emulator [-count N] COMMAND [ARGUMENT...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 || *count < 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, *count, flag.Args())
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
	}
	os.Exit(status)
}

func run(ctx context.Context, count int, command []string) (status int, err error) {
	var endpoints []string
	for range count {
		running, err := emulator.Start(ctx, os.Stderr)
		if err != nil {
			return 1, err
		}
		defer running.Stop()
		endpoints = append(endpoints, running.Endpoint)
	}
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(),
		emulator.EndpointVariable+"="+strings.Join(endpoints, ","), "AWS_ENDPOINT_URL="+endpoints[0], "AWS_DEFAULT_REGION="+emulator.Region,
		"AWS_REGION="+emulator.Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_PAGER=")
	err = c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
