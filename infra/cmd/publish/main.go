package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/infra/release"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	bucket, stack string
	regions       []string
	parameters    map[string]string
	dryRun        bool
}

func parse(arguments []string) (options, error) {
	o := options{parameters: map[string]string{}}
	set := flag.NewFlagSet("publish", flag.ContinueOnError)
	set.StringVar(&o.bucket, "bucket", "", "start of the buckets' names; that of a Region is NAME-REGION")
	regions := set.String("regions", "", "Regions to publish to, separated by commas or blanks")
	set.StringVar(&o.stack, "stack", "personalize-role", "name of the stack that the links create")
	parameters := set.String("parameters", "", "parameters that the links fill in: NAME=VALUE, separated by blanks")
	set.BoolVar(&o.dryRun, "dry-run", false, "print what would be uploaded, and upload nothing")
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	o.regions = strings.FieldsFunc(*regions, func(r rune) bool { return r == ',' || r == ' ' })
	for field := range strings.FieldsSeq(*parameters) {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			return o, fmt.Errorf("parameter %q must be NAME=VALUE", field)
		}
		o.parameters[name] = value
	}
	if o.bucket == "" || len(o.regions) == 0 {
		return o, errors.New("-bucket and -regions are needed, such as -bucket my-releases -regions eu-west-1,us-east-1")
	}
	return o, nil
}

func run(ctx context.Context, arguments []string, out io.Writer) error {
	o, err := parse(arguments)
	if err != nil {
		return err
	}
	r, err := release.Make(ctx, ".", o.bucket, o.regions)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "personalize-role %s\n%s\n", r.Version, r.Files[len(r.Files)-1].Body)
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	for _, region := range o.regions {
		if err := publish(ctx, cfg, r, region, o.dryRun, out); err != nil {
			return err
		}
		link := r.QuickCreate(region, o.stack, o.parameters)
		fmt.Fprintf(out, "\n%s\n%s\n%s\n\n", r.TemplateURL(region), link, release.Badge(link))
	}
	return nil
}

func publish(ctx context.Context, cfg aws.Config, r release.Release, region string, dryRun bool, out io.Writer) error {
	if dryRun {
		for _, f := range r.Files {
			fmt.Fprintf(out, "s3://%s/%s would be uploaded, %d bytes\n", r.BucketIn(region), r.Key(f.Name), len(f.Body))
		}
		return nil
	}
	return r.Publish(ctx, s3.NewFromConfig(cfg, func(o *s3.Options) { o.Region = region }), region, out)
}
