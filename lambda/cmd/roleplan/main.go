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
		fmt.Fprintln(stderr, "usage: roleplan [-observe] EVENT.json\n       roleplan [-observe] -stack NAME [-resource ID]\n"+
			"       roleplan -example")
		flags.PrintDefaults()
	}
	observe := flags.Bool("observe", false, "read the account; otherwise the account is assumed to be empty")
	stack := flags.String("stack", "", "name or ID of a deployed stack, whose last event is planned for")
	resource := flags.String("resource", "", "logical ID of the resource of the stack; may be left out if the stack has one of the type")
	showExample := flags.Bool("example", false, "print an event to start from")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case *showExample && flags.NArg() == 0 && *stack == "":
		fmt.Fprint(stdout, example)
		return 0
	case *showExample, (flags.NArg() == 1) == (*stack != ""), flags.NArg() > 1, *resource != "" && *stack == "":
		flags.Usage()
		return 2
	}
	look := empty
	if *observe {
		look = account
	}
	ctx, of := context.Background(), flags.Arg(0)
	read := func() (json.RawMessage, error) { return fromFile(of) }
	if *stack != "" {
		of = "stack " + *stack
		read = func() (json.RawMessage, error) { return fromStack(ctx, *stack, *resource) }
	}
	event, err := read()
	var todo plan.Plan
	var role string
	if err == nil {
		todo, role, err = handler.Plan(ctx, event, look)
	}
	if err != nil {
		fmt.Fprintf(stderr, "roleplan: %s: %v\n", of, err)
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
	cfg, err := configuration(ctx, config.WithRegion(i.Region))
	if err != nil {
		return servicerole.Observed{}, err
	}
	p := provision.New(provision.Clients{IAM: iam.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg)},
		slog.New(slog.DiscardHandler))
	return p.Observe(ctx, i, scope)
}
