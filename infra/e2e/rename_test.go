//go:build emulator

package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/stacks"
)

// A role gets another name, policy name and path, each by one update without any other parameter, and nothing is left of the one before.
func TestRename(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000056")
	ctx := t.Context()
	bucket := a.bucket(t, "data", theirPolicy)
	before := a.left(t)
	p := stacks.Parameters{"BucketNames": bucket, "PropagationDelaySeconds": "0", "Path": "/"}
	check(t, a.deployer.Create(ctx, "app", a.template, p))
	serviceRoles := func() (names []string) {
		out, err := a.iam.ListRoles(ctx, &iam.ListRolesInput{})
		check(t, err)
		for _, r := range out.Roles {
			if !strings.Contains(*r.RoleName, "FunctionRole") {
				names = append(names, *r.Path+*r.RoleName)
			}
		}
		return names
	}
	derived := serviceRoles()
	for _, change := range []struct {
		name string
		p    stacks.Parameters
		want []string
	}{
		{"a name", stacks.Parameters{"RoleName": "recs-personalize"}, []string{"/recs-personalize"}},
		{"another name, and one of the policy", stacks.Parameters{"RoleName": "a,b", "PolicyName": "recs-policy"}, []string{"/a,b"}},
		{"another name of the policy, which shares nothing with the former one", stacks.Parameters{"PolicyName": "other"}, []string{"/a,b"}},
		{"a path", stacks.Parameters{"Path": "/ml/", "RoleName": "recs", "PolicyName": "recs"}, []string{"/ml/recs"}},
		{"derived names again", stacks.Parameters{"Path": "/", "RoleName": "", "PolicyName": ""}, derived},
	} {
		for name, value := range change.p {
			p[name] = value
		}
		if err := a.deployer.Update(ctx, "app", a.template, p); err != nil {
			t.Fatalf("%s: %v", change.name, err)
		}
		if diff := cmp.Diff(change.want, serviceRoles()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", change.name, diff)
		}
		policy, err := a.viewer.BucketPolicy(ctx, bucket)
		check(t, err)
		if n := strings.Count(policy, `"Sid":"PersonalizeRole`); n != 1 {
			t.Errorf("%s: %d statements in the policy of the bucket", change.name, n)
		}
	}
	check(t, a.deployer.Delete(ctx, "app"))
	if diff := cmp.Diff(before, a.left(t)); diff != "" {
		t.Errorf("-before +left:\n%s", diff)
	}
}
