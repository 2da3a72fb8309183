package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"personalize-role/lambda/internal/findings"
)

// options are the flags.
type options struct {
	file                                             string
	account, asJSON, explain, detailed, showsExample bool
	snapshot, save, stack, resource, documents       string
	region, accountID, stackName, boundary           string
	failOn                                           findings.Severity
	parameters                                       parameterFlag
}

const usage = `Usage: roleplan [flags] FILE

FILE is a CloudFormation template (YAML, JSON, or a CDK app's cdk.out/STACK.template.json), the properties of one
Custom::PersonalizeServiceRole, or an event. roleplan prints what a deployment would change, and what would make Personalize fail. It
changes nothing.

Examples:
  roleplan -parameters BucketNames=my-training-data template.yaml
  roleplan -stack personalize-role -fail-on error template.yaml
  roleplan -snapshot account.json -detailed-exitcode -json properties.yaml

Exit status: 0, or 1 for an error, a refusal, or a finding at or above -fail-on; with -detailed-exitcode, 2 if there are changes.

Flags:
`

// parse returns the options; done says that there is nothing more to do, with that exit status.
func parse(args []string, stderr io.Writer) (o options, done bool, status int) {
	o.parameters = parameterFlag{}
	flags := flag.NewFlagSet("roleplan", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	flags.Var(o.parameters, "parameters", "`NAME=VALUE` of a parameter of the template, or a JSON file of them; may be repeated")
	flags.BoolVar(&o.account, "account", false, "compare with the account of the AWS credentials, which is only read")
	flags.StringVar(&o.snapshot, "snapshot", "", "compare with an account recorded in a `file`, by -save or by hand")
	flags.StringVar(&o.save, "save", "", "write what was read of the account to a `file`")
	flags.StringVar(&o.stack, "stack", "", "`name` or ID of the deployed stack that FILE updates; implies -account unless there is a "+
		"-snapshot. Without FILE, plan for the properties sent last")
	flags.StringVar(&o.resource, "resource", "", "logical `ID` of the one resource to plan for")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON")
	flags.BoolVar(&o.explain, "explain", false, "explain what each permission is for, with the AWS page that documents it")
	flags.StringVar(&o.documents, "write-policies", "", "write every policy document into a `folder`, with a manifest for validators")
	flags.BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 if there are changes")
	failOn := flags.String("fail-on", "", "exit with 1 for findings of a `severity` or worse: error, warning or suggestion")
	flags.StringVar(&o.region, "region", "", "`Region` of the stack; by default that of the environment, or us-east-1")
	flags.StringVar(&o.accountID, "account-id", "", "`ID` of the account to assume without -account; by default 123456789012")
	flags.StringVar(&o.stackName, "stack-name", "personalize-role", "`name` of a stack that isn't deployed yet")
	flags.StringVar(&o.boundary, "required-boundary", "", "`ARN` of the function's RequiredBoundary, if it has one")
	flags.BoolVar(&o.showsExample, "example", false, "print an event to start from")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
		return o, true, statusDone
	case err != nil:
		fmt.Fprintln(stderr, "Run roleplan -help for examples.")
		return o, true, statusFailed
	}
	if o.showsExample && flags.NArg() == 0 && o.stack == "" {
		return o, false, statusDone
	}
	o.file = flags.Arg(0)
	o.account = o.account || o.stack != "" && o.snapshot == ""
	o.failOn = findings.Severity(strings.ToUpper(*failOn))
	fault := ""
	switch {
	case o.failOn != "" && !slices.Contains(findings.Severities(), o.failOn):
		fault = "-fail-on must be error, warning or suggestion"
	case flags.NArg() > 1:
		fault = "only one FILE is allowed, and flags must come before it"
	case o.file == "" && o.stack == "":
		fault = "a FILE or -stack is required"
	case o.account && o.snapshot != "":
		fault = "-account and -snapshot can't be used together"
	}
	if fault != "" {
		fmt.Fprintf(stderr, "roleplan: %s. Run roleplan -help for examples.\n", fault)
		return o, true, statusFailed
	}
	return o, false, statusDone
}
