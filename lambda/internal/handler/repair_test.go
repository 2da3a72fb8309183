package handler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/servicerole"
)

// Whoever may invoke the function must not have properties of their own applied, nor change anything while the stack isn't at rest.
func TestWhatNoCheckActsOn(t *testing.T) {
	now := checked(props{"RepairDrift": "true"})
	for _, c := range []struct {
		name      string
		arrange   func(r *rig, id string)
		check     props
		failure   string
		skipped   string
		unmetered bool
	}{
		{name: "other properties", check: checked(props{"RepairDrift": "true", "Description": "mine"}),
			failure: "was last provisioned otherwise"},
		{name: "another bucket", check: checked(props{"RepairDrift": "true", "Buckets": []any{"more-data"}}),
			failure: "was last provisioned otherwise"},
		{name: "without a schedule", check: base(props{"KmsKeyArns": []any{"{key}"}, "PermissionsBoundary": boundary, "StackTags": "true"}),
			failure: "was last provisioned otherwise"},
		{name: "another role", check: checked(props{"RepairDrift": "true", "RoleName": "Mine"}), failure: "the stack has arn:"},
		{name: "wrong properties", check: checked(props{"RepairDrift": "yes"}), failure: "RepairDrift"},
		{name: "a stack that is unknown", check: now, arrange: func(r *rig, _ string) { r.cfn.Forget() }, failure: "knows no resource"},
		{name: "questions denied", check: now, arrange: func(r *rig, _ string) { r.cfn.Deny() }, failure: "could not be asked"},
		{name: "during an update", check: now, arrange: func(r *rig, id string) { r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_IN_PROGRESS") },
			skipped: "UPDATE_IN_PROGRESS", unmetered: true},
		{name: "during a rollback", check: now, arrange: func(r *rig, id string) {
			r.cfn.Say("CREATE_COMPLETE", id, "UPDATE_ROLLBACK_IN_PROGRESS")
		},
			skipped: "UPDATE_ROLLBACK_IN_PROGRESS", unmetered: true},
		{name: "during a deletion", check: now, arrange: func(r *rig, id string) { r.cfn.Say("CREATE_COMPLETE", id, "DELETE_IN_PROGRESS") },
			skipped: "DELETE_IN_PROGRESS", unmetered: true},
		{name: "during a clean-up", check: now, arrange: func(r *rig, id string) {
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
		}, skipped: "CLEANUP", unmetered: true},
		{name: "of a failed resource", check: now, arrange: func(r *rig, id string) { r.cfn.Say("UPDATE_FAILED", id, "UPDATE_ROLLBACK_FAILED") },
			failure: "is UPDATE_FAILED"},
		{name: "without the tags of ownership", check: now, arrange: func(r *rig, id string) {
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
			must(r.world.IAM.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: nameOf(id), TagKeys: []string{servicerole.TagStackID}}))
		}, failure: "no longer say that it belongs"},
		{name: "without the record", check: now, arrange: func(r *rig, id string) {
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
			must(r.world.IAM.UntagRole(t.Context(), &iam.UntagRoleInput{RoleName: nameOf(id), TagKeys: []string{servicerole.TagVersion}}))
		}, failure: "was last provisioned otherwise"},
		{name: "while another check repairs", check: now, arrange: func(r *rig, id string) {
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
			r.tagRole(id, servicerole.TagRepair, lease{time.Now().Add(time.Minute), "other"}.String())
		}, failure: "another drift check"},
		{name: "without room for the lease", check: checked(props{"RepairDrift": "true", "Tags": tags(46)}), failure: "has no room for the tag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			provisioned := now
			if c.name == "without room for the lease" {
				provisioned = c.check
			}
			id := r.must(cfn.Create, "", provisioned, nil)
			must(r.world.IAM.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: nameOf(id), Description: aws.String("theirs"),
				MaxSessionDuration: aws.Int32(3600)}))
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
			if c.arrange != nil {
				c.arrange(r, id)
			}
			before := r.world.State()
			got := r.checkAsItIs(c.check)
			if !strings.Contains(got.failure, c.failure) || !strings.Contains(got.skipped, c.skipped) || (got.skipped == "") != (c.skipped == "") ||
				(got.failure == "") != (c.failure == "") {
				t.Errorf("got %+v", got)
			}
			if (got.metrics == nil) != c.unmetered || !c.unmetered && got.metrics["CheckFailed"] != 1 {
				t.Errorf("metrics %v", got.metrics)
			}
			if diff := cmp.Diff(before, unnoted(r.world.State())); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

// An event that names no resource of a stack is logged, and makes no metrics of names of its own.
func TestACheckOfNothing(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	var log bytes.Buffer
	r.handler.Log = slog.New(slog.NewJSONHandler(&log, nil))
	raw := json.RawMessage(`{"RequestType":"CheckDrift","StackId":"mine","LogicalResourceId":"a b","ResourceProperties":{}}`)
	if err := r.handler.Handle(t.Context(), raw); err != nil || !strings.Contains(log.String(), "does not name a resource") ||
		strings.Contains(log.String(), "_aws") {
		t.Errorf("%v: %s", err, log.String())
	}
}

func nameOf(roleARN string) *string { return aws.String(roleARN[strings.LastIndex(roleARN, "/")+1:]) }

func (r *rig) tagRole(id, key, value string) {
	r.t.Helper()
	must(r.world.IAM.TagRole(r.t.Context(), &iam.TagRoleInput{RoleName: nameOf(id), Tags: []iamtypes.Tag{{Key: &key, Value: &value}}}))
}

// A role that is gone is reported, and no repair makes another: the policies of others name the ID of the old one.
func TestNoRepairCreatesARole(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	now := checked(props{"RepairDrift": "true"})
	id := r.must(cfn.Create, "", now, nil)
	must(r.world.IAM.DeleteRolePermissionsBoundary(t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: nameOf(id)}))
	r.deleteRole(id)
	before := r.world.State()
	got := r.check(id, now)
	if diff := cmp.Diff([]string{"role"}, got.drift); diff != "" || got.metrics["Drift"] != 1 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// A repair that ends in the middle, at any of its calls, leaves what the next one, a deployment or the deletion continues.
func TestRepairsThatCrash(t *testing.T) {
	now := checked(props{"RepairDrift": "true"})
	for n, f := range faults {
		// Together they are all calls.
		for k := 1 + n; ; k += len(faults) {
			r := newRig(t, awstest.NewFake(t))
			r.foreign()
			empty := r.world.State()
			id := r.must(cfn.Create, "", now, nil)
			want := r.world.State()
			spoil(r, id)
			r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
			hit := r.failAt(k, f)
			r.checkAsItIs(now)
			r.heal()
			if !*hit {
				break
			}
			if k/len(faults)%2 == 0 {
				// The lease of the one that crashed has ended.
				r.later(leaseDelay + repairTime + time.Second)
				r.check(id, now)
			} else {
				r.must(cfn.Update, id, with(now, "Revision", "2"), now)
			}
			if diff := cmp.Diff(want, unnoted(r.world.State())); diff != "" {
				t.Fatalf("%s at call %d: -want +got:\n%s", f.name, k, diff)
			}
			r.must(cfn.Delete, id, now, nil)
			if diff := cmp.Diff(empty, r.world.State()); diff != "" {
				t.Fatalf("%s at call %d: left: %s", f.name, k, diff)
			}
		}
	}
}

// spoil changes several things at once. The description of an adopted role has its past, which nothing restores.
func spoil(r *rig, id string) {
	for _, c := range behindTheBack {
		changed := []string{"trust", "boundary removed", "document", "bucket statement", "tag changed"}
		if *nameOf(id) != "Existing" {
			changed = append(changed, "description")
		}
		if slices.Contains(changed, c.name) {
			c.change(r, nameOf(id), ownPolicy(r, *nameOf(id)))
		}
	}
}

func with(p props, name string, value any) props {
	all := props{name: value}
	for k, v := range p {
		if k != name {
			all[k] = v
		}
	}
	return all
}
