//go:build emulator

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"personalize-role/infra/bundle"
	"personalize-role/infra/stacks"
)

// snippet returns the first indented block below a heading of a document that has some words.
func snippet(t *testing.T, document, heading, words string) string {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	text, err := os.ReadFile(filepath.Join(root, document))
	check(t, err)
	_, section, _ := strings.Cut(string(text), "\n"+heading+"\n")
	var block []string
	for line := range strings.SplitSeq(section, "\n") {
		indented, ok := strings.CutPrefix(line, "    ")
		switch {
		case ok:
			block = append(block, indented)
		case line != "" && strings.Contains(strings.Join(block, "\n"), words):
			return strings.Join(block, "\n")
		case line != "":
			block = nil
		}
	}
	t.Fatalf("%s has no block with %q below %s", document, words, heading)
	return ""
}

// What the README says about further roles in other stacks works as printed, and says what is wrong with a bucket.
func TestReadmeFurtherRole(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000057")
	ctx := t.Context()
	one, more := a.bucket(t, "my-training-data", ""), a.bucket(t, "more-data", theirPolicy)
	before := a.left(t)
	command := snippet(t, "README.md", "### From YAML", "make deploy")
	if !strings.Contains(command, `PARAMETERS="AdditionalBucketNames=more-data"`) {
		t.Errorf("the README deploys by %s", command)
	}
	check(t, a.deployer.Create(ctx, "personalize-role", a.template, stacks.Parameters{"BucketNames": one, "AdditionalBucketNames": more,
		"PropagationDelaySeconds": "0"}))
	further := strings.Replace(snippet(t, "README.md", "### From YAML", "Custom::PersonalizeServiceRole"), "[more-data]", "["+more+"]", 1)
	for _, c := range []struct{ name, template, reason string }{
		{"misspelt", strings.Replace(further, more, more+"s", 1), "bucket " + more + "s does not exist. Nothing was changed"},
		{"not allowed", strings.Replace(further, more, "of-"+a.id, 1), "bucket of-" + a.id + " does not exist. Nothing was changed"},
	} {
		if err := a.deployer.Create(ctx, "further", c.template, nil); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.reason)
		}
		check(t, a.deployer.Delete(ctx, "further"))
	}
	check(t, a.deployer.Create(ctx, "further", further, nil))
	outputs, err := a.deployer.Outputs(ctx, "further")
	check(t, err)
	policy, err := a.viewer.BucketPolicy(ctx, more)
	check(t, err)
	if !strings.HasPrefix(outputs["RoleArn"], "arn:aws:iam::"+a.id+":role/PersonalizeRole-") ||
		!strings.HasSuffix(sids(t, policy), "TLSOnly,OURS") {
		t.Errorf("role %s, statements %s", outputs["RoleArn"], sids(t, policy))
	}
	check(t, a.deployer.Delete(ctx, "further"))
	check(t, a.deployer.Delete(ctx, "personalize-role"))
	if left := a.left(t); left != before {
		t.Errorf("left: %s", left)
	}
}
