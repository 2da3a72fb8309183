package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/infra/parameters"
	"personalize-role/infra/release"
	"personalize-role/lambda/properties"
)

// Exit statuses: 2 is for what was given on the command line.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	template, err := parameters.OfProject()
	if err == nil {
		var o options
		if o, err = parse(os.Args[1:], template); errors.Is(err, flag.ErrHelp) {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "publish:", err)
			os.Exit(exitUsage)
		}
		err = run(context.Background(), o, template, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(exitFailed)
	}
}

// options are what the command line says.
type options struct {
	bucket, stack string
	// page is the file to write the launch page to, instead of publishing.
	page       string
	regions    []string
	parameters map[string]string
	dryRun     bool
}

// parse reads the command line. The error names everything that is wrong with it.
func parse(arguments []string, template parameters.Template) (options, error) {
	var o options
	set := flag.NewFlagSet("publish", flag.ContinueOnError)
	set.StringVar(&o.bucket, "bucket", "", "start of the buckets' names; that of a Region is NAME-REGION")
	regions := set.String("regions", "", "Regions to publish to, separated by commas or blanks")
	set.StringVar(&o.stack, "stack", release.DefaultStack, "name of the stack that the links create")
	assignments := set.String("parameters", "", "parameters that the links fill in: NAME=VALUE, separated by blanks, and quoted where a "+
		"value has blanks")
	set.StringVar(&o.page, "page", "", "write the page that launches the release to this file, with the stack's name "+
		"and the parameters filled in, and upload nothing")
	set.BoolVar(&o.dryRun, "dry-run", false, "print what would be uploaded, and upload nothing")
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	o.regions = strings.FieldsFunc(*regions, func(r rune) bool { return r == ',' || r == ' ' })
	if o.bucket == "" || len(o.regions) == 0 {
		return o, errors.New("-bucket and -regions are needed, such as -bucket my-releases -regions eu-west-1,us-east-1")
	}
	var err error
	o.parameters, err = parameters.Parse(*assignments)
	var bucket error
	if !parameters.IsReleaseBucket(o.bucket) {
		bucket = fmt.Errorf("-bucket is %q. It must start the buckets' names with at most 40 lower-case letters, digits and hyphens", o.bucket)
	}
	return o, errors.Join(bucket, parameters.CheckRegions(o.regions), parameters.CheckStack(o.stack), err, template.Check(o.parameters))
}

func run(ctx context.Context, o options, template parameters.Template, out io.Writer) error {
	if o.page != "" {
		return writePage(o, template)
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
		fmt.Fprintf(out, "\n%s\n%s\n%s\n%s\n\n", r.URL(region, release.TemplateName), link, release.Badge(link),
			r.URL(region, release.PageName))
	}
	return nil
}

func writePage(o options, template parameters.Template) error {
	page, err := release.Release{Version: properties.Version, Bucket: o.bucket}.Page(template, o.regions, o.stack, o.parameters)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.page), 0o755); err != nil {
		return err
	}
	return os.WriteFile(o.page, page, 0o644)
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
