package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Exit statuses.
const (
	statusDone    = 0
	statusFailed  = 1
	statusChanges = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	o, done, status := parse(args, stderr)
	if done {
		return status
	}
	if o.showsExample {
		fmt.Fprint(stdout, example)
		return statusDone
	}
	results, err := o.plan(context.Background())
	if err == nil {
		err = o.write(results, stdout)
	}
	if err != nil {
		of := o.file
		if of == "" {
			of = "stack " + o.stack
		}
		fmt.Fprintf(stderr, "roleplan: %s: %s.\n", of, strings.TrimRight(err.Error(), "."))
		return statusFailed
	}
	return o.status(results)
}

// plan reads what is asked for and what is there, and plans.
func (o options) plan(ctx context.Context) ([]result, error) {
	to := target{region: o.region, account: o.accountID, stackName: o.stackName, parameters: o.parameters, resource: o.resource}
	var cfg aws.Config
	if o.account || o.stack != "" {
		var err error
		if cfg, err = configuration(ctx); err != nil {
			return nil, err
		}
		if o.region != "" {
			cfg.Region = o.region
		}
		to.region = cfg.Region
	}
	asked, err := o.requests(ctx, cfg, to)
	if err != nil {
		return nil, err
	}
	account, err := o.accountToCompareWith(cfg)
	if err != nil {
		return nil, err
	}
	read := &recorder{Account: account}
	inTurn := newInTurn(read, account == handler.Account(empty{}), asked.declared)
	boundary := o.requiredBoundary(to, asked.boundary)
	var results []result
	for _, r := range asked.all {
		p, err := o.foresee(ctx, r, inTurn, boundary)
		if err != nil {
			return nil, fmt.Errorf("resource %s: %w", r.resource, err)
		}
		if r.keepsFormer {
			p.CleanUp = nil
		}
		if !r.isUnchanged {
			inTurn.planned(p)
		}
		results = append(results, resultOf(r, p, asked.notes))
	}
	if o.save != "" {
		return results, read.saved.write(o.save)
	}
	return results, nil
}

// requiredBoundary is that of the option, in both forms, or else that of the template's function.
func (o options) requiredBoundary(to target, ofTemplate string) string {
	if !strings.HasPrefix(o.boundary, "policy/") {
		return cmp.Or(o.boundary, ofTemplate)
	}
	to = to.complete()
	return fmt.Sprintf("arn:%s:iam::%s:%s", to.partition, to.account, o.boundary)
}

// foresee plans for one resource. What the function would refuse before it reads anything is a refusal of the plan, so that the other
// resources are planned too.
func (o options) foresee(ctx context.Context, r request, account handler.Account, boundary string) (*handler.Preview, error) {
	physical, _ := r.event["PhysicalResourceId"].(string)
	role := servicerole.RoleRef{ARN: physical}
	if r.isRetained {
		return &handler.Preview{Role: role}, nil
	}
	event, err := json.Marshal(r.event)
	if err != nil {
		return nil, err
	}
	p, err := handler.Foresee(ctx, event, handler.Circumstances{Account: account, Now: time.Now(), RequiredBoundary: boundary,
		Findings: o.failOn != ""})
	refusal, wrong := (*plan.Refusal)(nil), (*properties.Error)(nil)
	if errors.As(err, &refusal) || errors.As(err, &wrong) {
		return &handler.Preview{Role: role, Plan: plan.Plan{Refusals: []plan.Refusal{{Cause: err}}}}, nil
	}
	return p, err
}

// requests returns what to plan for.
func (o options) requests(ctx context.Context, cfg aws.Config, to target) (requests, error) {
	if o.stack != "" {
		s, err := readStack(ctx, cfg, o.stack)
		if err != nil {
			return requests{}, err
		}
		if o.file == "" {
			return s.requests(o.resource)
		}
		if err := s.describe(ctx, cfg); err != nil {
			return requests{}, err
		}
		if err := to.adopt(s); err != nil {
			return requests{}, err
		}
	}
	if o.account && to.account == "" {
		var err error
		if to.account, err = accountOf(ctx, cfg); err != nil {
			return requests{}, err
		}
	}
	return fromFile(o.file, to.complete())
}

// adopt takes the account, the Region and the name of a stack from its ID. It returns an error if that isn't one.
func (to *target) adopt(s stack) error {
	identity, err := servicerole.NewIdentity(s.id, "ServiceRole")
	if err != nil {
		return err
	}
	to.stackID, to.deployed = s.id, s
	to.partition, to.region, to.account = identity.Partition, identity.Region, identity.AccountID
	_, named, _ := strings.Cut(s.id, ":stack/")
	to.stackName, _, _ = strings.Cut(named, "/")
	return nil
}

// complete puts examples in the place of what isn't known.
func (to target) complete() target {
	to.region = cmp.Or(to.region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), "us-east-1")
	to.account = cmp.Or(to.account, "123456789012")
	to.partition = cmp.Or(to.partition, partitionOf(to.region))
	return to
}

func (o options) accountToCompareWith(cfg aws.Config) (handler.Account, error) {
	switch {
	case o.account:
		return live{cfg}, nil
	case o.snapshot != "":
		return readSnapshot(o.snapshot)
	}
	return empty{}, nil
}

// write prints the results.
func (o options) write(results []result, stdout io.Writer) error {
	if o.documents != "" {
		if err := writeDocuments(o.documents, results); err != nil {
			return err
		}
	}
	if o.asJSON {
		return writeJSON(stdout, results, o.explain)
	}
	p := printer{out: stdout, colour: isTerminal(stdout)}
	for _, r := range results {
		p.print(r)
		if o.explain {
			p.explain(r)
		}
	}
	p.summary(results)
	return nil
}

// status is the exit status for results that were printed.
func (o options) status(results []result) int {
	status := statusDone
	for _, r := range results {
		if len(r.refusals()) > 0 || r.fails(o.failOn) {
			return statusFailed
		}
		if o.detailed && len(r.allChanges()) > 0 {
			status = statusChanges
		}
	}
	return status
}
