//go:build browser

package launch

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/parameters"
)

// parametersOf returns the parameters of a link.
func parametersOf(t *testing.T, link string) map[string]string {
	t.Helper()
	_, query, _ := strings.Cut(link, "#/stacks/create/review?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, value := range values {
		got[name] = value[0]
	}
	return got
}

// valid and invalid have a value for every parameter that is no choice.
var valid = map[string]string{
	"BucketNames": "my-data,more-data", "Uses": "DatasetImport,BatchInference",
	"KmsKeyArns":          "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	"PermissionsBoundary": "arn:aws:iam::123456789012:policy/B", "SourceRegions": "eu-west-1,us-east-1", "MaxSessionDuration": "7200",
	"RoleName": "a,b+c=d@e", "Path": "/ml/", "PolicyName": "P", "Description": "50 % of a & b = \"c\" + 'd' (e)! *#ü?",
	"RoleArnParameterName":    "/a/b",
	"PropagationDelaySeconds": "0", "OrganizationId": "o-a1b2c3d4e5", "DriftCheckSchedule": "cron(0 6 ? * MON-FRI *)",
	"Revision": "2; drop", "LogKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/0b3c",
	"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "FunctionRolePath": "/f/", "RequiredBoundary": "policy/Ceiling",
	"FunctionPermissionsBoundary": "policy/F", "AdditionalRoleNames": "Team-*,Other", "AdditionalPolicyNames": "Team-*",
	"AdditionalBucketNames": "team-*", "AdditionalKmsKeyArns": "arn:aws:kms:*:123456789012:key/*",
}

var invalid = map[string]string{
	"BucketNames": "192.168.0.1", "Uses": "Read", "KmsKeyArns": "alias/data", "PermissionsBoundary": "B", "SourceRegions": "Europe",
	"MaxSessionDuration": "3600.5", "RoleName": "a b", "Path": "ml", "PolicyName": "a/b", "Description": "€",
	"RoleArnParameterName":    "/aws/x",
	"PropagationDelaySeconds": "241", "OrganizationId": "a1b2c3d4e5", "DriftCheckSchedule": "daily",
	"Revision": strings.Repeat("x", 257), "LogKmsKeyArn": "key", "AlarmTopicArn": "alarms",
	"FunctionRolePath": "f", "RequiredBoundary": "Ceiling", "FunctionPermissionsBoundary": "F", "AdditionalRoleNames": "a,,b",
	"AdditionalPolicyNames": "a/b", "AdditionalBucketNames": "arn:aws:s3:::x", "AdditionalKmsKeyArns": "*",
}

// Every parameter gets into the link and into the command as it was typed, alone and with all others; its default gets into neither.
func TestEveryParameter(t *testing.T) {
	page := open(t, nil)
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]string{"templateURL": region("eu-west-1", "aws", "amazonaws.com", "").TemplateURL, "stackName": "recs"}
	if diff := cmp.Diff(base, parametersOf(t, page.href())); diff != "" {
		t.Errorf("defaults: -want +got:\n%s", diff)
	}
	all := map[string]string{}
	for name, value := range base {
		all[name] = value
	}
	for _, p := range template.All() {
		value, ok := valid[p.Name]
		if len(p.AllowedValues) > 0 {
			// The last choice that is no default.
			for _, choice := range p.AllowedValues {
				if choice != *p.Default {
					value, ok = choice, true
				}
			}
		}
		if p.Name == "SourceConditions" {
			// Off, it allows no Regions.
			continue
		}
		if !ok || value == *p.Default {
			t.Errorf("no value for %s", p.Name)
			continue
		}
		page.set(p.Name, value)
		all["param_"+p.Name] = value
		if fault := page.text(p.Name + "-fault"); fault != "" {
			t.Errorf("%s %q: %s", p.Name, value, fault)
		}
		if p.Name != "AdoptExistingRole" && page.href() == "" {
			t.Errorf("%s %q: %s", p.Name, value, page.text("faults"))
		}
	}
	if diff := cmp.Diff(all, parametersOf(t, page.href())); diff != "" {
		t.Errorf("link: -want +got:\n%s", diff)
	}
	if link := page.text("link"); link != page.href() {
		t.Errorf("the button leads to %s, and the link is %s", page.href(), link)
	}
	checkCommand(t, page.text("command"), all)
	for _, p := range template.All() {
		page.set(p.Name, *p.Default)
	}
	if diff := cmp.Diff(base, parametersOf(t, page.href())); diff != "" {
		t.Errorf("defaults again: -want +got:\n%s", diff)
	}
}

// checkCommand runs the command with a shell, in which aws is a function that tells its arguments.
func checkCommand(t *testing.T, command string, want map[string]string) {
	t.Helper()
	out, err := exec.Command("sh", "-euc", `aws() { for word in "$@"; do printf '%s\036' "$word"; done; }`+"\n"+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, command, out)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\036"), "\036")
	start := []string{"cloudformation", "create-stack", "--region", "eu-west-1", "--stack-name", want["stackName"], "--template-url",
		want["templateURL"], "--capabilities", "CAPABILITY_IAM", "--parameters"}
	if len(words) != len(start)+1 {
		t.Fatalf("command: %q", words)
	}
	if diff := cmp.Diff(start, words[:len(start)]); diff != "" {
		t.Errorf("command: -want +got:\n%s", diff)
	}
	var list []struct{ ParameterKey, ParameterValue string }
	if err := json.Unmarshal([]byte(words[len(start)]), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"templateURL": want["templateURL"], "stackName": want["stackName"]}
	for _, p := range list {
		got["param_"+p.ParameterKey] = p.ParameterValue
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("command: -want +got:\n%s", diff)
	}
}

// What the template would refuse is said beside the field, in the template's words, and can't be launched.
func TestRefusals(t *testing.T) {
	page := open(t, nil)
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range template.All() {
		if len(p.AllowedValues) > 0 {
			continue
		}
		page.set(p.Name, invalid[p.Name])
		fault := page.text(p.Name + "-fault")
		want := p.Fault(invalid[p.Name])
		if want == "" || !strings.EqualFold(fault, want+".") {
			t.Errorf("%s %q: got %q, want %q", p.Name, invalid[p.Name], fault, want)
		}
		if page.href() != "" || page.text("faults") != "One value is wrong. Correct it to launch." ||
			eval[string](page, fmt.Sprintf(`document.getElementById(%q).getAttribute("aria-invalid")`, p.Name)) != "true" ||
			!eval[bool](page, fmt.Sprintf(`document.getElementById(%q).checkVisibility()`, p.Name+"-fault")) {
			t.Errorf("%s %q can be launched: %s", p.Name, invalid[p.Name], page.text("faults"))
		}
		page.set(p.Name, *p.Default)
		if page.href() == "" {
			t.Errorf("%s: the default can't be launched: %s", p.Name, page.text("faults"))
		}
	}
	for _, c := range []struct {
		values map[string]string
		want   string
	}{
		{map[string]string{"stack": "rec_s"}, "One value is wrong. Correct it to launch."},
		{map[string]string{"stack": "rec_s", "Path": "x"}, "2 values are wrong. Correct them to launch."},
		{map[string]string{"AdoptExistingRole": "true"}, "AdoptExistingRole needs RoleName, the name of the role to adopt."},
		{map[string]string{"SourceConditions": "false", "SourceRegions": "*"}, "SourceRegions has no effect while SourceConditions is false; " +
			"leave one of them out."},
		{map[string]string{"SourceConditions": "false"}, ""},
	} {
		before := map[string]string{"stack": "recs"}
		for name, value := range c.values {
			if p := template.Find(name); p != nil {
				before[name] = *p.Default
			}
			page.set(name, value)
		}
		if got := page.text("faults"); got != c.want || (page.href() == "") != (c.want != "") {
			t.Errorf("%v: got %q, want %q", c.values, got, c.want)
		}
		for name, value := range before {
			page.set(name, value)
		}
	}
}
