package main

import (
	"errors"
	"flag"
	"fmt"
	"strings"

	"personalize-role/infra/bundle"
	"personalize-role/infra/parameters"
	"personalize-role/infra/stacks"
)

// options are what the command line says.
type options struct {
	bucket, prefix, stack string
	// arch is the Go architecture of the function.
	arch       string
	parameters stacks.Parameters
}

// parse reads the command line. The error names everything that is wrong with it.
func parse(arguments []string, template parameters.Template) (options, error) {
	var o options
	set := flag.NewFlagSet("deploy", flag.ContinueOnError)
	set.StringVar(&o.bucket, "bucket", "", "bucket of yours for the function's zip, in the Region to deploy to")
	set.StringVar(&o.prefix, "prefix", "personalize-role", "start of the zip's key in the bucket")
	set.StringVar(&o.stack, "stack", "personalize-role", "name of the stack")
	arch := set.String("arch", "", "architecture of the function, arm64 or x86_64; the default is the parameter Architecture, else arm64, "+
		"and this machine's if AWS_ENDPOINT_URL is set")
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	var faults []error
	if o.bucket == "" {
		faults = append(faults, errors.New("-bucket is missing: name a bucket of yours, in the Region to deploy to, for the function's zip"))
	}
	values, err := parameters.Assignments(set.Args())
	faults = append(faults, parameters.CheckStack(o.stack), err)
	if err == nil {
		faults = append(faults, template.Check(values))
	}
	asked := values["Architecture"]
	if *arch == "" {
		*arch = asked
	}
	o.arch, err = bundle.ParseArch(*arch)
	if err == nil && asked != "" && asked != bundle.Architecture(o.arch) {
		err = fmt.Errorf("parameter Architecture is %s, and the function is to be built for %s. Leave one of them out", asked,
			bundle.Architecture(o.arch))
	}
	values["Architecture"] = bundle.Architecture(o.arch)
	o.parameters = values
	return o, errors.Join(append(faults, err)...)
}

// report are the lines about a stack that was deployed.
func report(outputs map[string]string) string {
	text := "RoleArn  " + outputs["RoleArn"] + "\n"
	for line := range strings.SplitSeq(outputs["Warnings"], "\n") {
		if line != "" {
			text += "Warning  " + line + "\n"
		}
	}
	return text
}
