package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"personalize-role/infra/bundle"
	"personalize-role/infra/parameters"
	"personalize-role/infra/stacks"
)

// Exit statuses: 2 is for what was given on the command line.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(arguments []string, out, errs io.Writer) int {
	template, err := parameters.OfProject()
	if err != nil {
		fmt.Fprintln(errs, "deploy:", err)
		return exitFailed
	}
	o, err := parse(arguments, template)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errs, "deploy:", err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err = deploy(ctx, o, template, out)
	if err != nil {
		fmt.Fprintln(errs, "deploy:", err)
		if ctx.Err() != nil {
			fmt.Fprintln(errs, "CloudFormation continues without this command. Its console shows the events of the stack.")
		}
		return exitFailed
	}
	return 0
}

func deploy(ctx context.Context, o options, known parameters.Template, out io.Writer) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return errors.New("no Region is set. Set AWS_REGION to the one to deploy to")
	}
	fmt.Fprintf(out, "building the function for %s\n", bundle.Architecture(o.arch))
	template, err := packaged(ctx, cfg, o)
	if err != nil {
		return err
	}
	operator := stacks.NewOperator(cfg, out)
	changed, err := operator.Deploy(ctx, o.stack, template, o.parameters, known.Names())
	if err != nil {
		return err
	}
	if !changed {
		fmt.Fprintf(out, "stack %s needs no update\n", o.stack)
	}
	outputs, err := operator.Outputs(ctx, o.stack)
	if err != nil {
		return err
	}
	fmt.Fprint(out, report(outputs))
	return nil
}

// packaged builds and uploads the function, and returns the template that refers to it.
func packaged(ctx context.Context, cfg aws.Config, o options) (string, error) {
	p, err := bundle.NewPackage(ctx, o.bucket, o.prefix, o.arch)
	if err != nil {
		return "", err
	}
	// The buckets of an emulator are no hosts.
	client := s3.NewFromConfig(cfg, func(s *s3.Options) { s.UsePathStyle = cfg.BaseEndpoint != nil })
	if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &o.bucket, Key: &p.Key, Body: bytes.NewReader(p.Zip)}); err != nil {
		return "", fmt.Errorf("upload the function's zip to bucket %s: %w%s", o.bucket, err, adviceOnUpload(err, cfg.Region))
	}
	return p.Template, nil
}

func adviceOnUpload(err error, region string) string {
	var refusal smithy.APIError
	if !errors.As(err, &refusal) {
		return ""
	}
	switch refusal.ErrorCode() {
	case "NoSuchBucket":
		return ". Create it, or name another one"
	case "PermanentRedirect", "AuthorizationHeaderMalformed":
		return ". Name a bucket in " + region
	}
	return ""
}
