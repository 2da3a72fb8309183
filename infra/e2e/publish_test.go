//go:build emulator

package e2e

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
	"personalize-role/infra/release"
	"personalize-role/infra/stacks"
)

// A release is uploaded once, never changes, and its template deploys from the bucket of its Region.
func TestPublish(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000021")
	ctx := t.Context()
	root, err := bundle.Root()
	check(t, err)
	r, err := release.Make(ctx, root, "releases-"+a.id, []string{emulator.Region, "us-west-2"})
	check(t, err)
	check(t, a.deployer.CreateBucket(ctx, r.BucketIn(emulator.Region)))
	for _, want := range []string{"uploaded", "is there already, with the same bytes"} {
		var progress bytes.Buffer
		check(t, r.Publish(ctx, a.deployer.S3, emulator.Region, &progress))
		if got := strings.Count(progress.String(), want+"\n"); got != len(r.Files) {
			t.Errorf("%d files, of which %d: %s\n%s", len(r.Files), got, want, progress.String())
		}
	}
	if err := r.Publish(ctx, a.deployer.S3, "us-west-2", &bytes.Buffer{}); err == nil ||
		!strings.Contains(err.Error(), "cdk deploy -c app=distribution -c distributionBucket=releases-"+a.id) {
		t.Errorf("without a bucket: %v", err)
	}
	changed := r
	changed.Files = []release.File{{Name: release.TemplateName, Body: []byte("Resources: {}")}}
	if err := changed.Publish(ctx, a.deployer.S3, emulator.Region, &bytes.Buffer{}); !errors.Is(err, release.ErrChanged) {
		t.Errorf("got %v, want %v", err, release.ErrChanged)
	}
	var template string
	for _, f := range r.Files {
		if f.Name == release.TemplateName {
			template = string(f.Body)
		}
	}
	// Where this version was never published to, whoever makes a bucket of such a name supplies no code.
	elsewhere := openIn(t, "100000000029", "us-east-1")
	check(t, elsewhere.deployer.CreateBucket(ctx, r.BucketIn("us-east-1")))
	check(t, r.Publish(ctx, elsewhere.deployer.S3, "us-east-1", &bytes.Buffer{}))
	if err := elsewhere.deployer.Create(ctx, "app", template,
		stacks.Parameters{"Architecture": bundle.Architecture(runtime.GOARCH)}); err == nil {
		t.Error("deployed in a Region that the version wasn't published to")
	}
	check(t, a.deployer.Create(ctx, "app", template, stacks.Parameters{"PropagationDelaySeconds": "0",
		"Architecture": bundle.Architecture(runtime.GOARCH)}))
	outputs, err := a.deployer.Outputs(ctx, "app")
	check(t, err)
	if !strings.HasPrefix(outputs["RoleArn"], "arn:aws:iam::"+a.id+":role/PersonalizeRole-") {
		t.Errorf("outputs %v", outputs)
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if left := a.left(t); left != "" {
		t.Errorf("left: %s", left)
	}
}
