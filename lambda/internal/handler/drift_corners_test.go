package handler

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/servicerole"
)

// What differs although no principal changed it: the version of the function, answers of IAM that are older than the
// deployment, and the tags of checks themselves.
func TestWhatIsNoDrift(t *testing.T) {
	for _, c := range []struct {
		name    string
		arrange func(r *rig, id string)
	}{
		{"another version of the function", func(r *rig, id string) {
			role := must(r.world.IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: nameOf(id)}))
			for _, tag := range role.Role.Tags {
				if *tag.Key == servicerole.TagVersion {
					_, digest, _ := strings.Cut(*tag.Value, "/")
					r.tagRole(id, servicerole.TagVersion, "0.0.9/"+digest)
				}
			}
		}},
		{"a role that IAM doesn't show at once", func(r *rig, _ string) {
			missing := false
			r.world.SetHook(func(operation string) (error, error) {
				if operation == "iam:GetRole" && !missing {
					missing = true
					return apiNotFound, nil
				}
				return nil, nil
			})
		}},
		{"a statement that is gone for a moment", func(r *rig, _ string) {
			before := must(r.world.S3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String("training-data")}))
			r.putBucketPolicy(theirBucketPolicy)
			sleep := r.handler.Provisioner.Sleep
			r.handler.Provisioner.Sleep = func(ctx context.Context, d time.Duration) error {
				r.putBucketPolicy(*before.Policy)
				return sleep(ctx, d)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			now := checked(nil)
			id := r.must(cfn.Create, "", now, nil)
			c.arrange(r, id)
			if got := r.check(id, now); got.failure != "" || len(got.drift) > 0 || got.metrics["Problems"] != 0 {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// A role with as many tags as IAM allows is told the same at each check, and loses none to the tags of checks.
func TestDriftOfFullTags(t *testing.T) {
	for _, n := range []int{45, 46, 47} {
		for _, repair := range []string{"false", "true"} {
			r := newRig(t, awstest.NewFake(t))
			now := checked(props{"Tags": tags(n), "RepairDrift": repair})
			id := r.must(cfn.Create, "", now, nil)
			want := r.world.State()
			must(r.world.IAM.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: nameOf(id), TagKeys: []string{"tt"}}))
			spoiled := r.world.State()
			first := r.check(id, now)
			second := r.check(id, now)
			if diff := cmp.Diff([]string{"tags role"}, first.drift); diff != "" {
				t.Errorf("%d tags, repair %s: %s, %s", n, repair, diff, first.failure)
			}
			// Together with the tag of the stack, from 46 there is no room for that of a repair.
			switch full := n >= 46; {
			case repair == "true" && full:
				if !strings.Contains(first.failure, "has no room") || !strings.Contains(second.failure, "has no room") {
					t.Errorf("%d tags: %+v, %+v", n, first, second)
				}
				want = spoiled
			case repair == "false":
				if diff := cmp.Diff(first.drift, second.drift); diff != "" || second.failure != "" {
					t.Errorf("%d tags, the second check: %s, %s", n, diff, second.failure)
				}
				want = spoiled
			}
			if diff := cmp.Diff(want, unnoted(r.world.State())); diff != "" {
				t.Errorf("%d tags, repair %s: -want +got:\n%s", n, repair, diff)
			}
		}
	}
}

// What the function would provision otherwise since is not applied by a check: the next deployment does.
func TestDriftAfterTheFunctionChanged(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.handler.RequiredBoundary = boundary
	now := checked(props{"RepairDrift": "true", "PermissionsBoundary": ""})
	id := r.must(cfn.Create, "", now, nil)
	before := r.world.State()
	r.handler.RequiredBoundary = ""
	if got := r.check(id, now); !strings.Contains(got.failure, "another RequiredBoundary or version") {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// What blocks one part doesn't hide the rest, nor keep it from being repaired.
func TestDriftBesideWhatIsRefused(t *testing.T) {
	for _, repair := range []string{"false", "true"} {
		r := newRig(t, awstest.NewFake(t))
		now := checked(props{"RepairDrift": repair, "Buckets": []any{"training-data", "more-data"}})
		id := r.must(cfn.Create, "", now, nil)
		spoil(r, id)
		r.world.RemoveBucket("more-data")
		got := r.check(id, now)
		if !strings.Contains(got.failure, "more-data") || len(got.drift) < 5 || got.metrics["CheckFailed"] != 1 {
			t.Errorf("repair %s: %+v", repair, got)
		}
		left := len(got.drift)
		if repair == "true" {
			left = 0
		}
		if got.metrics["Drift"] != left {
			t.Errorf("repair %s: metrics %v, want %d", repair, got.metrics, left)
		}
	}
}

// A repair that is denied tells the difference, since the first check, and what failed.
func TestRepairThatIsDenied(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	now := checked(props{"RepairDrift": "true"})
	id := r.must(cfn.Create, "", now, nil)
	must(r.world.IAM.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: nameOf(id), Description: aws.String("theirs"),
		MaxSessionDuration: aws.Int32(3600)}))
	r.world.SetHook(func(operation string) (error, error) {
		if operation == "iam:UpdateRole" {
			return faults[1].before, nil
		}
		return nil, nil
	})
	first := r.check(id, now)
	r.later(time.Hour)
	second := r.check(id, now)
	if !strings.Contains(first.failure, "iam:UpdateRole") || first.metrics["Drift"] != 1 || first.metrics["CheckFailed"] != 1 {
		t.Errorf("got %+v", first)
	}
	third := r.check(id, now)
	if diff := cmp.Diff([][]time.Time{first.since, first.since}, [][]time.Time{second.since, third.since}); diff != "" {
		t.Errorf("later checks report another time: %s", diff)
	}
}

// A description that lost what binds the past of an adopted role can't be restored by a check, which says so.
func TestDriftOfAnAdoptedRole(t *testing.T) {
	r := world(t)
	now := adopting(checked(props{"RepairDrift": "true"}))
	id := r.must(cfn.Create, "", now, nil)
	must(r.world.IAM.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: nameOf(id), Description: aws.String("theirs"),
		MaxSessionDuration: aws.Int32(3600)}))
	before := r.world.State()
	if got := r.check(id, now); !strings.Contains(got.failure, "Restore the description") || got.metrics["Problems"] != 1 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
