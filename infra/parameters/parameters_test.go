package parameters

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func member(t *testing.T) Template {
	t.Helper()
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// The defaults of the template pass, and every parameter has what the console and the launch page show.
func TestTemplate(t *testing.T) {
	template := member(t)
	defaults := map[string]string{}
	for _, p := range template.All() {
		if p.Label == "" || p.Description == "" || p.Default == nil {
			t.Errorf("%s has label %q, description %q and default %v", p.Name, p.Label, p.Description, p.Default)
			continue
		}
		defaults[p.Name] = *p.Default
		if p.AllowedPattern != "" && p.ConstraintDescription == "" {
			t.Errorf("%s says nothing about its form", p.Name)
		}
	}
	if err := template.Check(defaults); err != nil {
		t.Error(err)
	}
	if got := template.Names()[0]; got != "BucketNames" || len(defaults) < 30 {
		t.Errorf("%d parameters, the first one is %s", len(defaults), got)
	}
}

func TestCheck(t *testing.T) {
	template := member(t)
	for _, c := range []struct {
		values map[string]string
		// wants are the starts of the faults.
		wants []string
	}{
		{map[string]string{"BucketNames": "my-data,more-data", "PropagationDelaySeconds": "0", "Uses": "DatasetImport,BatchInference"}, nil},
		{map[string]string{"Buckets": "x", "PersonalizeAcess": "None"},
			[]string{"Buckets is no parameter. Did you mean BucketNames?", "PersonalizeAcess is no parameter. Did you mean PersonalizeAccess?"}},
		{map[string]string{"FullAccess": "true"}, []string{"FullAccess is no parameter. Did you mean PersonalizeAccess?"}},
		{map[string]string{"PersonalizeAccess": "none"},
			[]string{`Parameter PersonalizeAccess is "none". It must be one of AmazonPersonalizeFullAccess, PersonalizeOnly, None.`}},
		{map[string]string{"BucketNames": "my-data,arn:aws:s3:::x"},
			[]string{`Parameter BucketNames is "my-data,arn:aws:s3:::x". It must be names`}},
		{map[string]string{"PropagationDelaySeconds": "241"}, []string{`Parameter PropagationDelaySeconds is "241". It must be `}},
		{map[string]string{"LogRetentionInDays": "2"}, []string{`Parameter LogRetentionInDays is "2". It must be one of 1, 3`}},
		{map[string]string{"AdoptExistingRole": "true"}, []string{"AdoptExistingRole needs RoleName, the name of the role to adopt."}},
		{map[string]string{"AdoptExistingRole": "true", "RoleName": "R"}, nil},
		{map[string]string{"SourceConditions": "false", "SourceRegions": "eu-west-1"}, []string{"SourceRegions has no effect while"}},
		{map[string]string{"SourceConditions": "false"}, nil},
		{map[string]string{"Revision": strings.Repeat("é", 257)}, []string{"Parameter Revision is"}},
		{map[string]string{"Revision": strings.Repeat("é", 256)}, nil},
	} {
		var got []string
		if err := template.Check(c.values); err != nil {
			var faults *Error
			if !errors.As(err, &faults) {
				t.Fatal(err)
			}
			got = faults.Faults
		}
		if !slices.EqualFunc(got, c.wants, strings.HasPrefix) {
			t.Errorf("%v: -want +got:\n%s", c.values, cmp.Diff(c.wants, got))
		}
	}
}

// One text has several values, of which those with blanks are quoted.
func TestParse(t *testing.T) {
	got, err := Parse(`A=1  DriftCheckSchedule='cron(0 6 * * ? *)' B="rate(1 day)" C=`)
	want := map[string]string{"A": "1", "DriftCheckSchedule": "cron(0 6 * * ? *)", "B": "rate(1 day)", "C": ""}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	if _, err := Parse("A='1"); err == nil || err.Error() != `"A='1" has quotes without an end.` {
		t.Errorf("got %v", err)
	}
	if _, err := Parse("DriftCheckSchedule=rate(1 day)"); err == nil {
		t.Error("a value with a blank is taken without quotes")
	}
}

func TestAssignments(t *testing.T) {
	got, err := Assignments([]string{"A=1", "B=x=y", "C="})
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "x=y", "C": ""}, got); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
	_, err = Assignments([]string{"A", "=1", "B=1", "B=2"})
	want := `"A" is no parameter. Write NAME=VALUE, and quote values that have blanks.
"=1" is no parameter. Write NAME=VALUE, and quote values that have blanks.
Parameter B is given twice.`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestNamesOfStacksAndRegions(t *testing.T) {
	for name, want := range map[string]bool{
		"personalize-role": true, "A1": true, "rec_s": false, "1a": false, "": false, strings.Repeat("a", 128): true,
		strings.Repeat("a", 129): false,
	} {
		if got := CheckStack(name) == nil; got != want {
			t.Errorf("stack %q: accepted %v", name, got)
		}
	}
	for name, want := range map[string]bool{
		"eu-west-1": true, "us-gov-west-1": true, "us-isob-east-1": true, "eusc-de-east-1": true, "ap-southeast-5": true, "cn-northwest-1": true,
		"eu-wst-1": false, "eu-west-1a": false, "Europe": false, "eu-west": false, "us-east-0": false, "": false,
	} {
		if got := CheckRegions([]string{name}) == nil; got != want {
			t.Errorf("Region %q: accepted %v", name, got)
		}
	}
	if err := CheckRegions([]string{"eu-west-1", "us-east-1", "eu-west-1"}); err == nil || err.Error() != "Region eu-west-1 is given twice." {
		t.Errorf("got %v", err)
	}
}

func TestTemplatesThatCannotBeRead(t *testing.T) {
	group := "Metadata: {AWS::CloudFormation::Interface: {ParameterGroups: [{Label: {default: G}, Parameters: [A]}]}}\n"
	for want, text := range map[string]string{
		"read the template":                            "\t",
		`group "G" of the template names A`:            group,
		"parameter B of the template is in no":         group + "Parameters: {A: {Type: String}, B: {Type: String}}",
		"only !Equals [!Ref PARAMETER, TEXT] and !Not": group + "Rules: {R: {RuleCondition: !Contains [[a], !Ref A]}}",
		"AllowedPattern of parameter A: error ":        group + "Parameters: {A: {Type: String, AllowedPattern: '('}}",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
