package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/fakeaws/wire"
	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/permissions"
)

const (
	accountID = "123456789012"
	kind      = "Custom::PersonalizeServiceRole"
	role      = "arn:aws:iam::123456789012:role/R"
)

// serve has the environment's endpoints be those of an account, with events of stack app.
func serve(t *testing.T, events ...string) *fakeaws.Account {
	t.Helper()
	return serveStack(t, "", "", "Resources: {Other: {Type: 'AWS::SNS::Topic'}}", events...)
}

// serveStack is serve for a stack with resources and parameters, in XML, and a template.
func serveStack(t *testing.T, resources, parameters, body string, events ...string) *fakeaws.Account {
	t.Helper()
	account := fakeaws.New(accountID)
	for service, handler := range map[string]http.Handler{
		"IAM": wire.Query(account.IAM), "S3": wire.S3(account.S3), "KMS": wire.JSON(account.KMS),
		"STS": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult>"+
				"</GetCallerIdentityResponse>", accountID)
		}),
		"CLOUDFORMATION": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseForm(); err != nil {
				t.Error(err)
			}
			action := r.Form.Get("Action")
			if !slices.ContainsFunc(permissions.PlanStatements(), func(s permissions.Statement) bool {
				return slices.Contains(s.Actions, "cloudformation:"+action)
			}) {
				t.Errorf("%s was called, which docs/policies/plan.json doesn't allow", action)
			}
			if answer, ok := map[string]string{
				"DescribeStacks": "<Stacks><member><Parameters>" + parameters + "</Parameters><Tags><member><Key>team</Key><Value>ml</Value>" +
					"</member></Tags></member></Stacks>",
				"ListStackResources": "<StackResourceSummaries>" + resources + "</StackResourceSummaries>",
				"GetTemplate":        "<TemplateBody>" + body + "</TemplateBody>",
			}[action]; ok {
				fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>", action, answer)
				return
			}
			if r.Form.Get("StackName") != "app" {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w,
					"<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack [other] does not exist</Message></Error></ErrorResponse>")
				return
			}
			fmt.Fprintf(w, "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>%s</StackEvents></DescribeStackEventsResult>"+
				"</DescribeStackEventsResponse>", strings.Join(events, ""))
		}),
	} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		t.Setenv("AWS_ENDPOINT_URL_"+service, server.URL)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
	return account
}

func stackEvent(id, resourceType, physicalID, properties string) string {
	return fmt.Sprintf("<member><StackId>arn:aws:cloudformation:eu-west-1:123456789012:stack/app/1</StackId><LogicalResourceId>%s"+
		"</LogicalResourceId><ResourceType>%s</ResourceType><PhysicalResourceId>%s</PhysicalResourceId><ResourceProperties>%s"+
		"</ResourceProperties></member>", id, resourceType, physicalID, properties)
}

// The event of a deployed stack has the properties that CloudFormation sent last.
func TestOfAStack(t *testing.T) {
	newest := stackEvent("Role", kind, role, `{"RoleName":"R","PersonalizeAccess":"None","Buckets":["data"]}`)
	oldest := stackEvent("Role", kind, "", `{"RoleName":"Former"}`)
	// The clean-up deletes the role that was replaced.
	deleted := strings.Replace(stackEvent("Role", kind, "arn:aws:iam::123456789012:role/Former", `{"RoleName":"Former"}`), "<StackId>",
		"<ResourceStatus>DELETE_COMPLETE</ResourceStatus><StackId>", 1)
	other := stackEvent("Bucket", "AWS::S3::Bucket", "data", `{}`)
	second := stackEvent("Second", kind, "app-Second-1A2B", `{"RoleName":"S","PersonalizeAccess":"None"}`)
	file := filepath.Join(t.TempDir(), "template.yaml")
	if err := os.WriteFile(file, []byte("Resources: {Role: {Type: '"+kind+"', Properties: {RoleName: Renamed, PersonalizeAccess: None}}}"),
		0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		events    []string
		arguments []string
		status    int
		want      string
	}{
		{"one resource", []string{deleted, other, newest, oldest}, []string{"-stack", "app"}, 0, "+ Role: " + role + "\n"},
		{"one of two", []string{newest, second}, []string{"-stack", "app", "-resource", "Second"}, 0,
			"+ Second: arn:aws:iam::123456789012:role/S\n"},
		{"two", []string{newest, second}, []string{"-stack", "app"}, 0, "+ Second: arn:aws:iam::123456789012:role/S\n"},
		{"a template for it", []string{newest}, []string{"-stack", "app", file}, 0, "-/+ Role: arn:aws:iam::123456789012:role/Renamed\n"},
		{"one that was deleted", []string{strings.Replace(newest, "<StackId>", "<ResourceStatus>DELETE_COMPLETE</ResourceStatus><StackId>", 1),
			newest, second}, []string{"-stack", "app", "-detailed-exitcode"}, 2, "+ Second: arn:aws:iam::123456789012:role/S\n"},
		{"only one that was deleted", []string{strings.Replace(newest, "<StackId>",
			"<ResourceStatus>DELETE_COMPLETE</ResourceStatus><StackId>", 1), newest}, []string{"-stack", "app"}, 1, "it has no resource of type"},
		{"none", []string{other}, []string{"-stack", "app"}, 1, "roleplan: stack app: it has no resource of type " + kind + ".\n"},
		{"none of that name", []string{newest}, []string{"-stack", "app", "-resource", "X"}, 1,
			"roleplan: stack app: it has no resource X of type " + kind + ". It has Role.\n"},
		{"no stack", nil, []string{"-stack", "other"}, 1, "Stack [other] does not exist"},
	} {
		serve(t, c.events...).S3.AddBucket("data", "", "", "")
		var out bytes.Buffer
		if status := run(c.arguments, &out, &out); status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit status %d, want %d\n%s", c.name, status, c.status, out.String())
		}
	}
}

// A deployed role that others changed is seen; nothing is written, and a saved snapshot shows the same.
func TestDrift(t *testing.T) {
	const given = `{"RoleName":"R","PolicyName":"P","PersonalizeAccess":"None","Buckets":["data"]}`
	account := serve(t, stackEvent("Role", kind, role, given))
	account.S3.AddBucket("data", "", "", `{"Version":"2012-10-17","Statement":[{"Sid":"Theirs","Effect":"Deny","Principal":"*",`+
		`"Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::data"}]}`)
	provisioned(t, account, given)
	plan := func(arguments ...string) (int, string) {
		var out bytes.Buffer
		before, made := account.State(), len(account.Calls())
		status := run(append(arguments, "-stack", "app"), &out, &out)
		if diff := cmp.Diff(before, account.State()); diff != "" {
			t.Errorf("the account was changed:\n%s", diff)
		}
		for _, call := range account.Calls()[made:] {
			// The actions of IAM that have other names than their calls.
			action := strings.NewReplacer("GetBucketEncryption", "GetEncryptionConfiguration", "GetPublicAccessBlock",
				"GetBucketPublicAccessBlock").Replace(call)
			if !slices.ContainsFunc(permissions.PlanStatements(), func(s permissions.Statement) bool {
				return s.IsReadOnly() && slices.Contains(s.Actions, action)
			}) {
				t.Errorf("%s was called, which docs/policies/plan.json doesn't allow", call)
			}
		}
		return status, out.String()
	}
	if status, out := plan("-detailed-exitcode"); status != 0 || out != "Role: no changes\n"+
		"Plan: 0 to create, 0 to change, 0 to delete. Findings: 0.\n" {
		t.Errorf("exit status %d\n%s", status, out)
	}
	if _, err := account.IAM.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: aws.String("R"),
		PolicyArn: aws.String("arn:aws:iam::123456789012:policy/P")}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	status, drifted := plan("-save", file, "-detailed-exitcode")
	if status != 2 || !strings.Contains(drifted, "      + attached policies: arn:aws:iam::123456789012:policy/P\n") ||
		!strings.Contains(drifted, "SUGGESTION RoleChanged: ") {
		t.Errorf("exit status %d\n%s", status, drifted)
	}
	if status, again := plan("-snapshot", file, "-detailed-exitcode"); status != 2 || again != drifted {
		t.Errorf("exit status %d, of the snapshot:\n%s", status, cmp.Diff(drifted, again))
	}
}

// taken takes answers to CloudFormation.
type taken struct{}

func (taken) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

// provisioned has the function make what properties ask for.
func provisioned(t *testing.T, account *fakeaws.Account, given string) {
	t.Helper()
	provisionedAs(t, account, "Role", given)
}

func provisionedAs(t *testing.T, account *fakeaws.Account, id, given string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	stacks := &fakeaws.CloudFormation{}
	stacks.Say("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
	stacks.Tag(map[string]string{"team": "ml"})
	p := provision.New(provision.Clients{IAM: account.IAM, S3: account.S3, KMS: account.KMS, CloudFormation: stacks}, log)
	p.Sleep = func(context.Context, time.Duration) error { return nil }
	sender := cfn.NewSender(log, cfn.Hosts{Any: true}, func(*http.Transport) {})
	sender.Client.Transport = taken{}
	h := &handler.Handler{Provisioner: p, Sender: sender, Log: log, AccountID: func(context.Context) string { return accountID }}
	event := fmt.Sprintf(`{"RequestType":"Create","ResponseURL":"https://example.com",`+
		`"StackId":"arn:aws:cloudformation:eu-west-1:%s:stack/app/1","RequestId":"1","LogicalResourceId":%q,`+
		`"ResourceType":%q,"ResourceProperties":%s}`, accountID, id, kind, given)
	if err := h.Handle(t.Context(), json.RawMessage(event)); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(account.Calls(), "s3:PutBucketPolicy") {
		t.Fatalf("nothing was made: %v", account.Calls())
	}
}
