//go:build emulator

package e2e

import (
	"strings"
	"testing"

	"personalize-role/infra/stacks"
)

// A bucket that Personalize can't read fails the stack before anything is changed, or is reported by it, as Findings says.
func TestFindings(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000061")
	ctx := t.Context()
	bucket := a.bucket(t, "closed", "")
	closed := strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOurEndpoint","Effect":"Deny","Principal":"*",`+
		`"Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}]}`,
		"BUCKET", bucket)
	a.putPolicy(t, bucket, closed)
	p := stacks.Parameters{"BucketNames": bucket, "PropagationDelaySeconds": "0", "Findings": "Fail"}
	err := a.deployer.Create(ctx, "app", a.template, p)
	if err == nil || !strings.Contains(err.Error(), "BucketPolicyDenies: statement OnlyOurEndpoint in the policy of bucket "+bucket+
		" denies s3:GetObject to the role and the service principal personalize.amazonaws.com. Nothing was changed.") {
		t.Errorf("Fail: %v", err)
	}
	policy, viewErr := a.viewer.BucketPolicy(ctx, bucket)
	check(t, viewErr)
	if policy != closed {
		t.Errorf("the policy became %s", policy)
	}
	check(t, a.deployer.Delete(ctx, "app"))
	p["Findings"] = "Warn"
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	if outputs["FindingCount"] != "1" || !strings.HasPrefix(outputs["Warnings"], "ERROR BucketPolicyDenies: ") {
		t.Errorf("Warn: %s findings: %s", outputs["FindingCount"], outputs["Warnings"])
	}
	check(t, a.deployer.Delete(ctx, "app"))
}
