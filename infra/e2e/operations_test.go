//go:build emulator && awscli

package e2e

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
)

// The commands of docs/operations.md find a role and clean it up, by the AWS CLI.
func TestOperations(t *testing.T) {
	a := open(t, "100000000058")
	ctx := t.Context()
	one, two := a.bucket(t, "one", theirPolicy), a.bucket(t, "two", "")
	before := a.left(t)
	check(t, a.deployer.Create(ctx, "app", a.template, stacks.Parameters{"BucketNames": one + "," + two, "PropagationDelaySeconds": "0"}))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	shell := func(script, bucket string) string {
		t.Helper()
		command := exec.Command("sh", "-euc", script)
		command.Dir = t.TempDir()
		command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+aws.ToString(a.config.BaseEndpoint), "AWS_ACCESS_KEY_ID="+a.id,
			"AWS_SECRET_ACCESS_KEY=test", "AWS_REGION="+emulator.Region, "ROLE="+outputs["RoleName"], "BUCKET="+bucket)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
		return string(out)
	}
	const page = "docs/operations.md"
	found := shell(snippet(t, page, "## Finding everything", "list-role-tags"), "")
	if !strings.Contains(found, outputs["RoleName"]) || !strings.Contains(found, ":stack/app/") {
		t.Errorf("found %s", found)
	}
	for _, bucket := range []string{one, two} {
		shell(snippet(t, page, "## A stack that can't be deleted", "get-bucket-policy"), bucket)
	}
	shell(snippet(t, page, "## A stack that can't be deleted", "delete-role"), "")
	policy, err := a.viewer.BucketPolicy(ctx, one)
	check(t, err)
	if sids(t, policy) != "TLSOnly" {
		t.Errorf("bucket %s is left with %s", one, policy)
	}
	if policy, err := a.viewer.BucketPolicy(ctx, two); err != nil || policy != "" {
		t.Errorf("bucket %s is left with %s, %v", two, policy, err)
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if left := a.left(t); left != before {
		t.Errorf("left: %s", left)
	}
}
