package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/parameters"
	"personalize-role/infra/stacks"
)

func TestParse(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	standard := options{bucket: "b", prefix: "personalize-role", stack: "personalize-role", arch: "arm64",
		parameters: stacks.Parameters{"Architecture": "arm64"}}
	x86 := standard
	x86.arch, x86.parameters = "amd64", stacks.Parameters{"Architecture": "x86_64"}
	full := options{bucket: "b", prefix: "p", stack: "s", arch: "arm64",
		parameters: stacks.Parameters{"Architecture": "arm64", "BucketNames": "one,two", "Description": "a b"}}
	for _, c := range []struct {
		arguments []string
		want      options
		// fault is in the error.
		fault string
	}{
		{[]string{"-bucket", "b"}, standard, ""},
		{[]string{"-bucket", "b", "-arch", "amd64"}, x86, ""},
		{[]string{"-bucket", "b", "Architecture=x86_64"}, x86, ""},
		{[]string{"-bucket", "b", "-arch", "x86_64", "Architecture=x86_64"}, x86, ""},
		{[]string{"-bucket", "b", "-prefix", "p", "-stack", "s", "BucketNames=one,two", "Description=a b"}, full, ""},
		{[]string{"-bucket", "b", "-arch", "arm64", "Architecture=x86_64"}, options{},
			"parameter Architecture is x86_64, and the function is to be built for arm64"},
		{[]string{"-bucket", "b", "-arch", "arm"}, options{}, `"arm" is no architecture of Lambda`},
		{nil, options{}, "-bucket is missing"},
		{[]string{"-bucket", "b", "Buckets=x"}, options{}, "Buckets is no parameter. Did you mean BucketNames?"},
		{[]string{"-bucket", "b", "-stack", "rec_s"}, options{}, `Stack name "rec_s" must start with a letter`},
		{[]string{"-bucket", "b", "BucketNames"}, options{}, `"BucketNames" is no parameter. Write NAME=VALUE`},
	} {
		got, err := parse(c.arguments, template)
		if c.fault != "" {
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("%v: got %v, want %q", c.arguments, err, c.fault)
			}
			continue
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(options{})); diff != "" || err != nil {
			t.Errorf("%v: %v, -want +got:\n%s", c.arguments, err, diff)
		}
	}
}

func TestReport(t *testing.T) {
	got := report(map[string]string{"RoleArn": "arn:aws:iam::123456789012:role/R", "Warnings": "one\ntwo"})
	want := "RoleArn  arn:aws:iam::123456789012:role/R\nWarning  one\nWarning  two\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := report(map[string]string{"RoleArn": "arn"}); got != "RoleArn  arn\n" {
		t.Errorf("got %q", got)
	}
}
