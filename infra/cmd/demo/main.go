package main

import (
	"context"
	"errors"
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
		fmt.Printf("aws iam list-attached-role-policies --role-name %s\n", s.role)
		fmt.Printf("aws s3api get-bucket-policy --bucket %s --query Policy --output text\n", data)
		fmt.Printf("make deploy STACK=%s BUCKET=%s PARAMETERS=\"BucketNames=%s,%s-2\"\n", stack, s.deployer.Artifacts, data, data)
		fmt.Printf("aws cloudformation delete-stack --stack-name %s && aws cloudformation delete-stack --stack-name %s\n", consumer, stack)
		fmt.Println("Ctrl-C ends the emulator, and nothing of it is left.")
		select {
		case <-ctx.Done():
			return nil
		case <-running.Exited():
			return errors.New("the emulator was ended")
		}
	}
	return s.end(ctx)
}

func chapter(format string, args ...any) { fmt.Printf("\n== "+format+"\n", args...) }
