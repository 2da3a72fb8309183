package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status: 0 with a plan, 1 where the event is refused or the account can't be read, 2 for wrong arguments.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("roleplan", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: roleplan [-observe] EVENT.json")
		flags.PrintDefaults()
	}
	observe := flags.Bool("observe", false, "read the account; otherwise the account is assumed to be empty")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() != 1:
		flags.Usage()
		return 2
	}
	look := empty
	if *observe {
		look = account
	}
	todo, role, err := planFor(context.Background(), flags.Arg(0), look)
	if err != nil {
		fmt.Fprintf(stderr, "roleplan: %s: %v\n", flags.Arg(0), err)
		return 1
	}
	fmt.Fprintf(stdout, "%s\n", role)
	if todo.Empty() {
		fmt.Fprintln(stdout, "nothing to do")
		return 0
	}
	fmt.Fprint(stdout, todo)
	return 0
}

func planFor(ctx context.Context, file string, look handler.Observe) (plan.Plan, string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return plan.Plan{}, "", err
	}
	return handler.Plan(ctx, json.RawMessage(raw), look)
}

// empty is an account that has the buckets and keys that the event names, their policies empty, and nothing else.
func empty(_ context.Context, _ servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	present := func(names []string) map[string]servicerole.ObservedShared {
		all := map[string]servicerole.ObservedShared{}
		for _, name := range names {
			all[name] = servicerole.ObservedShared{Presence: servicerole.Present}
		}
		return all
	}
	return servicerole.Observed{Buckets: present(scope.Buckets), Keys: present(scope.Keys)}, nil
}

// account reads the account of the environment's credentials.
func account(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(i.Region), config.WithRetryer(provision.Retryer))
	if err != nil {
		return servicerole.Observed{}, err
	}
	p := provision.New(provision.Clients{IAM: iam.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg)},
		slog.New(slog.DiscardHandler))
	return p.Observe(ctx, i, scope)
}
