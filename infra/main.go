package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	err := synthesise()
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, "infra:", err)
		os.Exit(statusOf(err))
	}
}

// statusOf returns the exit status: 2 for wrong settings, as for a wrong command line, 1 for everything else.
func statusOf(err error) int {
	if wrong := (*settingsError)(nil); errors.As(err, &wrong) {
		return 2
	}
	return 1
}

func synthesise() error {
	app := awscdk.NewApp(appProps())
	builders := map[string]func(*settings) error{
		"role": build, "boundary": buildBoundary, "distribution": buildDistribution, "organisation": buildOrganisation,
	}
	s, err := newSettings(app)
	if err != nil {
		return err
	}
	s.checkNames()
	chosen := s.textOr("app", "role")
	builder, ok := builders[chosen]
	if !ok {
		s.fault("app", chosen, "role, boundary, distribution or organisation")
	}
	if err := s.err(); err != nil {
		return err
	}
	if err := builder(s); err != nil {
		return err
	}
	assembly := app.Synth(nil)
	if os.Getenv("CDK_OUTDIR") == "" {
		fmt.Println("synthesised to", *assembly.Directory())
	}
	return nil
}

// appProps writes to cdk.out where the CDK CLI doesn't say otherwise.
func appProps() *awscdk.AppProps {
	if os.Getenv("CDK_OUTDIR") != "" {
		return nil
	}
	return &awscdk.AppProps{Outdir: jsii.String("cdk.out")}
}
