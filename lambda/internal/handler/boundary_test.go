package handler

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

const otherBoundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"

func (r *rig) boundaryOf(role string) string {
	r.t.Helper()
	out, err := r.world.IAM.GetRole(r.t.Context(), &iam.GetRoleInput{RoleName: aws.String(role)})
	if err != nil {
		r.t.Fatal(err)
	}
	if b := out.Role.PermissionsBoundary; b != nil {
		return aws.ToString(b.PermissionsBoundaryArn)
	}
	return ""
}

func (r *rig) bound(role, boundary string) {
	r.t.Helper()
	if _, err := r.world.IAM.PutRolePermissionsBoundary(r.t.Context(), &iam.PutRolePermissionsBoundaryInput{
		RoleName: aws.String(role), PermissionsBoundary: aws.String(boundary)}); err != nil {
		r.t.Fatal(err)
	}
}

// A function with a required boundary provisions roles below that one only.
func TestRequiredBoundaryInEveryWorld(t *testing.T) {
	t.Parallel()
	kind := awstest.KindOf(t)
	adopting := base(props{"RoleName": "Existing", "AdoptExistingRole": "true"})
	for _, c := range []struct {
		name   string
		before func(r *rig)
		now    props
		// required is the function's boundary; empty: the account's.
		required string
		// refused is in the reason; empty: the role is created below the boundary.
		refused string
	}{
		{"left out", nil, base(props{"RoleName": "Bounded"}), "", ""},
		{"named", nil, base(props{"RoleName": "Bounded", "PermissionsBoundary": boundary}), "", ""},
		{"another one", nil, base(props{"PermissionsBoundary": otherBoundary}), "",
			"PermissionsBoundary " + otherBoundary + " must be " + boundary + " or be left out"},
		{"adopted without one", func(r *rig) { r.createRole("Existing", nil) }, adopting, "", "its permissions boundary is not " + boundary},
		{"adopted with another one", func(r *rig) {
			r.createRole("Existing", nil)
			r.bound("Existing", otherBoundary)
		}, adopting, "", "its permissions boundary is not " + boundary},
		{"adopted with it", func(r *rig) {
			r.createRole("Existing", nil)
			r.bound("Existing", boundary)
		}, adopting, "", ""},
		{"one of another account", nil, base(nil), "arn:aws:iam::999999999999:policy/B",
			"the function's RequiredBoundary arn:aws:iam::999999999999:policy/B must be a managed policy of this account"},
		{"one of another partition", nil, base(nil), "arn:aws-cn:iam::123456789012:policy/B",
			"the function's RequiredBoundary arn:aws-cn:iam::123456789012:policy/B must be a managed policy of this account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, kind.New(t))
			r.handler.RequiredBoundary = boundary
			if c.required != "" {
				r.handler.RequiredBoundary = c.required
			}
			if c.before != nil {
				c.before(r)
			}
			before := r.world.State()
			if c.refused != "" {
				answer := r.deliver(cfn.Create, "", c.now, nil)
				if answer == nil || answer.Status != cfn.Failed || !strings.Contains(answer.Reason, c.refused) {
					t.Errorf("got %+v", answer)
				}
			} else {
				id := r.must(cfn.Create, "", c.now, nil)
				if got := r.boundaryOf(id[strings.LastIndex(id, "/")+1:]); got != boundary {
					t.Errorf("boundary %q", got)
				}
				r.must(cfn.Delete, id, c.now, nil)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

// A role from before the boundary was required gets it before anything is attached.
func TestTheBoundaryComesBeforeAttachmentsInEveryWorld(t *testing.T) {
	t.Parallel()
	r := newRig(t, awstest.KindOf(t).New(t))
	was := base(props{"RoleName": "R", "PersonalizeAccess": "None", "PermissionsBoundary": otherBoundary})
	id := r.must(cfn.Create, "", was, nil)
	r.handler.RequiredBoundary = boundary
	var bounded atomic.Bool
	r.world.SetHook(func(operation string) (error, error) {
		switch {
		case operation == "iam:PutRolePermissionsBoundary":
			bounded.Store(true)
		case operation == "iam:AttachRolePolicy" && !bounded.Load():
			t.Error("attached without the boundary")
		}
		return nil, nil
	})
	r.must(cfn.Update, id, base(props{"RoleName": "R"}), was)
	if got := r.boundaryOf("R"); got != boundary || !bounded.Load() {
		t.Errorf("boundary %q", got)
	}
}

// A role that was adopted before the boundary was required is given back below it, whatever fails on the way.
func TestAnAdoptedRoleKeepsTheRequiredBoundaryInEveryWorld(t *testing.T) {
	t.Parallel()
	forEachFault(t, "Existing", func(t *testing.T, r *rig, k int, f fault) bool {
		now := base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "CloudWatchAccess": "None"})
		id := r.must(cfn.Create, "", now, nil)
		r.handler.RequiredBoundary = boundary
		hit := r.failAt(k, f)
		answer := r.deliver(cfn.Delete, id, now, nil)
		r.heal()
		if answer == nil || answer.Status != cfn.Success {
			r.must(cfn.Delete, id, now, nil)
		}
		if got := r.boundaryOf("Existing"); got != boundary {
			t.Fatalf("%s at call %d: boundary %q", f.name, k, got)
		}
		// An administrator takes it away: nothing else differs from before.
		if _, err := r.world.IAM.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{
			RoleName: aws.String("Existing")}); err != nil {
			t.Fatal(err)
		}
		r.handler.RequiredBoundary = ""
		return *hit
	})
}
