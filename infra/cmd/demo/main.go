package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"personalize-role/infra/emulator"
)

func main() {
	keep := flag.Bool("keep", false, "leave the emulator and the stack, and wait for Ctrl-C")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *keep)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

const (
	stack    = "personalize"
	consumer = "consumer"
	data     = "my-training-data"
)

func run(ctx context.Context, keep bool) error {
	running, err := emulator.Start(ctx, os.Stdout)
	if err != nil {
		return err
	}
	defer running.Stop()
	s := &story{deployer: emulator.NewDeployer(running.Config(), os.Stdout), viewer: emulator.NewViewer(running.Config(), os.Stdout)}
	chapter("The emulator runs at %s, with IAM enforced. Creating the data bucket %s, which has a policy", running.Endpoint, data)
	if err := s.begin(ctx); err != nil {
		return err
	}
	if keep {
		chapter("Left running, process %d, until you press Ctrl-C. In another terminal:", running.PID())
		fmt.Printf("export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=%s AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test\n", running.Endpoint,
			emulator.Region)
		fmt.Printf("aws cloudformation describe-stacks --stack-name %s\n", stack)
		<-ctx.Done()
		return nil
	}
	return s.end(ctx)
}

func chapter(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }
