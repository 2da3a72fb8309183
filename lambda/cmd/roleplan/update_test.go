package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// A template that updates a stack: what leaves it is deleted or stays, buckets have the names that they got, and parameters keep their
// values.
func TestUpdateOfAStack(t *testing.T) {
	const resources = "<member><LogicalResourceId>Data</LogicalResourceId><PhysicalResourceId>app-data-1a2b</PhysicalResourceId></member>"
	parameter := func(name, value, resolved string) string {
		return fmt.Sprintf("<member><ParameterKey>%s</ParameterKey><ParameterValue>%s</ParameterValue>%s</member>", name, value, resolved)
	}
	parameters := parameter("Name", "R", "") + parameter("Secret", "****", "") +
		parameter("Boundary", "/boundary", "<ResolvedValue>arn:aws:iam::123456789012:policy/B</ResolvedValue>")
	const deployed = "Resources: {Role: {Type: '" + kind + "'}, Gone: {Type: '" + kind + "'}, " +
		"Kept: {Type: '" + kind + "', DeletionPolicy: Retain}}"
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte(`
Parameters:
  Name: {Type: String, Default: Default}
  Secret: {Type: String, NoEcho: true, MinLength: 8}
  Boundary: {Type: 'AWS::SSM::Parameter::Value<String>'}
  Makes: {Type: String, Default: 'true'}
Conditions: {Makes: !Equals [!Ref Makes, 'true']}
Resources:
  Data: {Type: AWS::S3::Bucket}
  Role:
    Type: `+kind+`
    Condition: Makes
    Properties: {RoleName: !Ref Name, Description: !Ref Secret, PermissionsBoundary: !Ref Boundary, PersonalizeAccess: None,
      Buckets: [!Ref Data]}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	event := func(id, name string) string {
		return stackEvent(id, kind, "arn:aws:iam::123456789012:role/"+name, `{"RoleName":"`+name+
			`","PersonalizeAccess":"None","Buckets":["app-data-1a2b"]}`)
	}
	plan := func(arguments ...string) string {
		account := serveStack(t, resources, parameters, deployed, event("Role", "R"), event("Gone", "G"), event("Kept", "K"))
		account.S3.AddBucket("app-data-1a2b", "", "", "")
		provisionedAs(t, account, "Role", `{"RoleName":"R","PersonalizeAccess":"None","Buckets":["app-data-1a2b"]}`)
		provisionedAs(t, account, "Gone", `{"RoleName":"G","PersonalizeAccess":"None","Buckets":["app-data-1a2b"]}`)
		var out bytes.Buffer
		run(append(arguments, "-stack", "app", file), &out, &out)
		return out.String()
	}
	out := plan()
	for _, want := range []string{
		"~ Role: arn:aws:iam::123456789012:role/R\n", "permissions boundary: arn:aws:iam::123456789012:policy/B\n",
		"Description: known after deployment (parameter Secret, which has NoEcho)",
		"- Gone: arn:aws:iam::123456789012:role/G\n", "  - role arn:aws:iam::123456789012:role/G\n", "  ~ bucket policy app-data-1a2b\n",
		"Kept: leaves the stack, and its role stays (DeletionPolicy: Retain)\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if out := plan("-parameters", "Name=Other"); !strings.Contains(out, "-/+ Role: arn:aws:iam::123456789012:role/Other\n") {
		t.Errorf("with a parameter:\n%s", out)
	}
	if out := plan("-parameters", "Makes=false"); !strings.Contains(out, "- Role: arn:aws:iam::123456789012:role/R\n") {
		t.Errorf("with a condition that is false:\n%s", out)
	}
}

// What CloudFormation does with an update beyond the resource itself: it sends no event for properties that stay, deletes what was replaced
// after everything else, keeps it where the template says so, and makes a renamed bucket first.
func TestWhatCloudFormationDoes(t *testing.T) {
	const given = `{"ServiceToken":"f","RoleName":"R","PersonalizeAccess":"None","MaxSessionDuration":"3600"}`
	for _, c := range []struct {
		name, template string
		status         int
		want, without  string
	}{
		{"the same properties", "Role: {Type: '" + kind + "', Properties: {ServiceToken: g, RoleName: R, PersonalizeAccess: None, " +
			"MaxSessionDuration: 3600}}", 0, "Role: no changes\n  ! the account differs from the properties, which stay the same", "~ role"},
		{"a name that another resource had", "Role: {Type: '" + kind + "', Properties: {RoleName: S, PersonalizeAccess: None}}\n" +
			"  Second: {Type: '" + kind + "', Properties: {RoleName: R, PersonalizeAccess: None}}", 1, "Second: refused\n", "Role: refused"},
		{"a replaced role that is kept", "Role: {Type: '" + kind + "', UpdateReplacePolicy: Retain, Properties: {RoleName: S, " +
			"PersonalizeAccess: None}}", 2, "  ! the former role " + role + " stays (UpdateReplacePolicy: Retain)\n", "is deleted"},
		{"a bucket that is renamed", "Data: {Type: AWS::S3::Bucket, Properties: {BucketName: new-data}}\n  Role: {Type: '" + kind +
			"', Properties: {RoleName: R, PersonalizeAccess: None, Buckets: [!Ref Data]}}", 2, "  + bucket policy new-data\n", "refused"},
	} {
		account := serveStack(t, "<member><LogicalResourceId>Data</LogicalResourceId><PhysicalResourceId>old-data</PhysicalResourceId></member>",
			"", "Resources: {Role: {Type: '"+kind+"'}}", stackEvent("Role", kind, role, given))
		account.S3.AddBucket("old-data", "", "", "")
		provisionedAs(t, account, "Role", `{"RoleName":"R","PersonalizeAccess":"None","Buckets":["old-data"]}`)
		if _, err := account.IAM.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: aws.String("R"), Description: aws.String("theirs"),
			MaxSessionDuration: aws.Int32(7200)}); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "template.yaml")
		if err := os.WriteFile(file, []byte("Resources:\n  "+c.template+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		status := run([]string{"-stack", "app", "-detailed-exitcode", file}, &out, &out)
		if status != c.status || !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), c.without) {
			t.Errorf("%s: exit status %d, want %d and %q\n%s", c.name, status, c.status, c.want, out.String())
		}
	}
}
