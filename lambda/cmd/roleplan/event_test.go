package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serveEvents answers DescribeStackEvents for a stack.
func serveEvents(t *testing.T, events ...string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "DescribeStackEvents" {
			t.Errorf("%v, %v", r.Form, err)
		}
		if r.Form.Get("StackName") != "app" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w,
				"<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack [other] does not exist</Message></Error></ErrorResponse>")
			return
		}
		fmt.Fprintf(w, "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents>%s</StackEvents></DescribeStackEventsResult>"+
			"</DescribeStackEventsResponse>", strings.Join(events, ""))
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "a")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "b")
}

func stackEvent(id, resourceType, physicalID, properties string) string {
	return fmt.Sprintf("<member><StackId>arn:aws:cloudformation:eu-west-1:123456789012:stack/app/1</StackId><LogicalResourceId>%s"+
		"</LogicalResourceId><ResourceType>%s</ResourceType><PhysicalResourceId>%s</PhysicalResourceId><ResourceProperties>%s"+
		"</ResourceProperties></member>", id, resourceType, physicalID, properties)
}

// The event of a deployed stack has the properties that CloudFormation sent last.
func TestOfAStack(t *testing.T) {
	const kind, role = "Custom::PersonalizeServiceRole", "arn:aws:iam::123456789012:role/R"
	newest := stackEvent("Role", kind, role, `{"RoleName":"R","PersonalizeAccess":"None","Buckets":["data"]}`)
	oldest := stackEvent("Role", kind, "", `{"RoleName":"Former"}`)
	// The clean-up deletes the role that was replaced.
	deleted := strings.Replace(stackEvent("Role", kind, "arn:aws:iam::123456789012:role/Former", `{"RoleName":"Former"}`), "<StackId>",
		"<ResourceStatus>DELETE_COMPLETE</ResourceStatus><StackId>", 1)
	other := stackEvent("Bucket", "AWS::S3::Bucket", "data", `{}`)
	second := stackEvent("Second", kind, "app-Second-1A2B", `{"RoleName":"S","PersonalizeAccess":"None"}`)
	for _, c := range []struct {
		name      string
		events    []string
		arguments []string
		status    int
		want      string
	}{
		{"one resource", []string{deleted, other, newest, oldest}, []string{"-stack", "app"}, 0, role + "\n 1  create role R\n"},
		{"one of two", []string{newest, second}, []string{"-stack", "app", "-resource", "Second"}, 0, "arn:aws:iam::123456789012:role/S\n"},
		{"two", []string{newest, second}, []string{"-stack", "app"}, 1, "roleplan: stack app: it has several resources of type " + kind +
			". Choose one by -resource: Role, Second\n"},
		{"none", []string{other}, []string{"-stack", "app"}, 1, "roleplan: stack app: it has no resource of type " + kind + "\n"},
		{"none of that name", []string{newest}, []string{"-stack", "app", "-resource", "X"}, 1,
			"roleplan: stack app: it has no resource X of type " + kind + "\n"},
		{"no stack", nil, []string{"-stack", "other"}, 1, "Stack [other] does not exist"},
	} {
		serveEvents(t, c.events...)
		var out bytes.Buffer
		if status := run(c.arguments, &out, &out); status != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: exit status %d, want %d\n%s", c.name, status, c.status, out.String())
		}
	}
}
