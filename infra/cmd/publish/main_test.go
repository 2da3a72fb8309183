package main

import (
	"strings"
	"testing"

	"personalize-role/infra/parameters"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse([]string{"-bucket", "releases", "-regions", "eu-west-1,us-east-1 ap-south-1", "-parameters",
		"BucketNames=one,two  PersonalizeAccess=None", "-dry-run"}, template)
	want := options{
		bucket: "releases", stack: "personalize-role", regions: []string{"eu-west-1", "us-east-1", "ap-south-1"}, dryRun: true,
		parameters: map[string]string{"BucketNames": "one,two", "PersonalizeAccess": "None"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(options{})); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	for want, arguments := range map[string][]string{
		"-bucket and -regions are needed":      {"-bucket", "releases"},
		`"PersonalizeAccess" is no parameter.`: {"-bucket", "releases", "-regions", "eu-west-1", "-parameters", "PersonalizeAccess"},
		"FullAcess is no parameter. Did you mean PersonalizeAccess?": {"-bucket", "releases", "-regions", "eu-west-1", "-parameters",
			"FullAcess=None"},
		`"eu-wst-1" is no Region.`:      {"-bucket", "releases", "-regions", "eu-wst-1"},
		`Stack name "rec_s" must start`: {"-bucket", "releases", "-regions", "eu-west-1", "-stack", "rec_s"},
		`-bucket is "My.Releases"`:      {"-bucket", "My.Releases", "-regions", "eu-west-1"},
	} {
		if _, err := parse(arguments, template); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", arguments, err, want)
		}
	}
}
