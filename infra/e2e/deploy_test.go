//go:build emulator

package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
)

// The command behind make deploy creates a stack, updates it and keeps what isn't named, tells of warnings, and says after a failure what
// failed and what to do.
func TestDeploy(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000055")
	ctx := t.Context()
	root, err := bundle.Root()
	check(t, err)
	program := filepath.Join(t.TempDir(), "deploy")
	build := exec.Command("go", "build", "-o", program, "./infra/cmd/deploy")
	build.Dir = root
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bucket := a.bucket(t, "data", "")
	deploy := func(arguments ...string) (status int, output string) {
		t.Helper()
		command := exec.Command(program, append([]string{"-bucket", a.deployer.Artifacts, "-stack", "recs"}, arguments...)...)
		command.Dir = root
		command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+aws.ToString(a.config.BaseEndpoint), "AWS_ACCESS_KEY_ID="+a.id,
			"AWS_SECRET_ACCESS_KEY=test", "AWS_REGION="+emulator.Region)
		out, err := command.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return command.ProcessState.ExitCode(), string(out)
	}
	for _, c := range []struct {
		name      string
		arguments []string
		status    int
		// wants are patterns of what it prints.
		wants []string
	}{
		{"a parameter that does not exist", []string{"Buckets=" + bucket}, 2,
			[]string{"deploy: Buckets is no parameter. Did you mean BucketNames"}},
		{"a failure", []string{"BucketNames=" + bucket + "-missing", "PropagationDelaySeconds=0"}, 1, []string{
			`ServiceRole +CREATE_FAILED`, `(?m)^deploy: create stack recs: ROLLBACK_COMPLETE\n  ServiceRole: .*does not exist`,
			`(?m)^The stack can only be deleted. Correct the cause, run aws cloudformation delete-stack --stack-name recs and`}},
		{"again", []string{"BucketNames=" + bucket, "PropagationDelaySeconds=0"}, 1, []string{
			`(?m)^deploy: update stack recs: ROLLBACK_COMPLETE\nThe stack can only be deleted.`}},
	} {
		status, output := deploy(c.arguments...)
		if status != c.status {
			t.Errorf("%s: exit status %d, want %d", c.name, status, c.status)
		}
		for _, want := range c.wants {
			if !regexp.MustCompile(want).MatchString(output) {
				t.Errorf("%s: no %s in\n%s", c.name, want, output)
			}
		}
	}
	check(t, a.deployer.Delete(ctx, "recs"))

	status, output := deploy("BucketNames="+bucket, "PropagationDelaySeconds=0", "SourceConditions=false")
	if status != 0 || !strings.Contains(output, "RoleArn  arn:aws:iam::"+a.id+":role/PersonalizeRole-") ||
		!strings.Contains(output, "Warning  SUGGESTION NoSourceConditions: the trust policy has no source conditions") {
		t.Errorf("created: exit status %d\n%s", status, output)
	}
	if status, output := deploy(); status != 0 || !strings.Contains(output, "stack recs needs no update") {
		t.Errorf("nothing to change: exit status %d\n%s", status, output)
	}
	status, output = deploy("SourceConditions=true", "Revision=2")
	if status != 0 || strings.Contains(output, "Warning") || !strings.Contains(output, "UPDATE_COMPLETE") {
		t.Errorf("updated: exit status %d\n%s", status, output)
	}
	policy, err := a.viewer.BucketPolicy(ctx, bucket)
	check(t, err)
	if !strings.Contains(policy, "PersonalizeRole") {
		t.Errorf("the update forgot the bucket, whose policy is %s", policy)
	}
	// A template that has one parameter less than the stack.
	more := strings.Replace(a.template, "\nParameters:\n", "\nParameters:\n  Former: {Type: String, Default: x}\n", 1)
	check(t, a.deployer.Update(ctx, "recs", more,
		stacks.Parameters{"BucketNames": bucket, "PropagationDelaySeconds": "0"}))
	if status, output := deploy(); status != 0 {
		t.Errorf("without a parameter of the stack: exit status %d\n%s", status, output)
	}
	check(t, a.deployer.Delete(ctx, "recs"))
	if left := a.left(t); left != "" {
		t.Errorf("left: %s", left)
	}
}
