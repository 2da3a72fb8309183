package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got, err := parse([]string{"-bucket", "b", "-regions", "eu-west-1,us-east-1 ap-south-1", "-parameters",
		"BucketNames=a,b  PersonalizeAccess=None", "-dry-run"})
	want := options{
		bucket: "b", stack: "personalize-role", regions: []string{"eu-west-1", "us-east-1", "ap-south-1"}, dryRun: true,
		parameters: map[string]string{"BucketNames": "a,b", "PersonalizeAccess": "None"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(options{})); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for want, arguments := range map[string][]string{
		"-bucket and -regions are needed":                  {"-bucket", "b"},
		`parameter "PersonalizeAccess" must be NAME=VALUE`: {"-bucket", "b", "-regions", "eu-west-1", "-parameters", "PersonalizeAccess"},
	} {
		if _, err := parse(arguments); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", arguments, err, want)
		}
	}
}
