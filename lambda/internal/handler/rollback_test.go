package handler

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
)

// The role of a lost update could not be removed while that was rolled back. The next update, or the deletion, removes it.
func TestWhatARollbackLeavesIsFoundLater(t *testing.T) {
	from, to := base(nil), base(props{"RoleName": "Renamed", "PolicyName": "P"})
	for _, next := range []cfn.RequestType{cfn.Update, cfn.Delete} {
		r := newRig(t, awstest.NewFake(t))
		empty := r.world.State()
		id := r.must(cfn.Create, "", from, nil)
		before := r.world.State()
		r.setUnreachable(true)
		r.deliver(cfn.Update, id, to, from)
		r.heal()
		r.world.SetHook(func(operation string) (error, error) {
			if operation == "iam:DetachRolePolicy" {
				return faults[1].before, nil
			}
			return nil, nil
		})
		answer := r.deliver(cfn.Update, id, from, to)
		if answer.Status != cfn.Success || !strings.Contains(answer.Data["Warnings"], "role/Renamed, which an update left behind") {
			t.Fatalf("rollback: %+v", answer)
		}
		r.heal()
		if next == cfn.Update {
			r.must(cfn.Update, id, from, from)
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("after the next update: -want +got:\n%s", diff)
			}
		}
		r.must(cfn.Delete, id, from, nil)
		if diff := cmp.Diff(empty, r.world.State()); diff != "" {
			t.Errorf("%s: -empty +left:\n%s", next, diff)
		}
	}
}

// What was left behind is what the next update asks for, or has another policy. The clean-up of the old role, which has the record, removes
// only what the new one is without.
func TestAnUpdateTakesUpWhatARollbackLeft(t *testing.T) {
	from, lost := base(nil), base(props{"RoleName": "Renamed", "PolicyName": "P"})
	for name, to := range map[string]props{
		"the same":       lost,
		"another policy": base(props{"RoleName": "Renamed", "PolicyName": "Q", "KmsKeyArns": []any{"{key}"}}),
		"another role":   base(props{"RoleName": "Again", "PolicyName": "P"}),
		"another path":   base(props{"RoleName": "Renamed", "Path": "/ml/", "Buckets": []any{"more-data"}}),
	} {
		for _, operation := range []string{"iam:DetachRolePolicy", "iam:DeletePolicy", "iam:DeleteRole"} {
			t.Run(name+" "+operation, func(t *testing.T) {
				ideal := newRig(t, awstest.NewFake(t))
				ideal.must(cfn.Create, "", to, nil)
				r := newRig(t, awstest.NewFake(t))
				empty := r.world.State()
				id := r.must(cfn.Create, "", from, nil)
				r.setUnreachable(true)
				r.deliver(cfn.Update, id, lost, from)
				r.heal()
				r.world.SetHook(func(called string) (error, error) {
					if called == operation {
						return faults[1].before, nil
					}
					return nil, nil
				})
				r.must(cfn.Update, id, from, lost)
				r.heal()
				renewed := r.must(cfn.Update, id, to, from)
				r.cfn.Say("UPDATE_COMPLETE", renewed, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
				if answer := r.deliverRaw(r.event(cfn.Delete, id, from, nil)); answer == nil || answer.Status != cfn.Success {
					t.Fatalf("clean-up: %+v", answer)
				}
				if diff := cmp.Diff(ideal.world.State(), r.world.State()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				r.must(cfn.Delete, renewed, to, nil)
				if diff := cmp.Diff(empty, r.world.State()); diff != "" {
					t.Errorf("left behind: -empty +got:\n%s", diff)
				}
			})
		}
	}
}

// A statement never outlives a role that could not be created: the Delete that follows couldn't tell that it is there.
func TestNoStatementWithoutARole(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	r.world.SetHook(func(operation string) (error, error) {
		if operation == "iam:CreateRole" {
			return faults[1].before, nil
		}
		return nil, nil
	})
	id := r.deliver(cfn.Create, "", base(nil), nil).PhysicalResourceID
	r.world.SetHook(func(operation string) (error, error) {
		if operation == "s3:GetBucketPolicy" {
			return faults[1].before, nil
		}
		return nil, nil
	})
	r.must(cfn.Delete, id, base(nil), nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// The old role was deleted by hand; its statement in the key's policy names nothing any more, and is the resource's own.
func TestAReplacementRemovesItsOwnDeadStatement(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	from, to := props{"PersonalizeAccess": "None", "KmsKeyArns": []any{"{key}"}, "PropagationDelaySeconds": "0"},
		props{"KmsKeyArns": []any{"{key}"}, "PropagationDelaySeconds": "0", "RoleName": "New"}
	id := r.must(cfn.Create, "", from, nil)
	r.deleteRole(id)
	if !strings.Contains(r.world.State()[r.key], "AROA") {
		t.Fatal("the fake keeps the ARN of a role that is gone")
	}
	renewed := r.must(cfn.Update, id, to, from)
	if strings.Contains(r.world.State()[r.key], "AROA") {
		t.Error("the dead statement is still there")
	}
	r.must(cfn.Delete, id, from, nil)
	r.must(cfn.Delete, renewed, to, nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// IAM takes names that differ in case only for the same. The update is refused before any write, and its rollback isn't.
func TestAPolicyNameInAnotherCase(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	from, to := base(props{"PolicyName": "Data"}), base(props{"PolicyName": "data"})
	id := r.must(cfn.Create, "", from, nil)
	before := r.world.State()
	answer := r.deliver(cfn.Update, id, to, from)
	if answer.Status != cfn.Failed || !strings.Contains(answer.Reason, "names differ in case only. Nothing was changed") {
		t.Errorf("got %+v", answer)
	}
	r.must(cfn.Update, id, from, to)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// 47 tags are allowed, whatever the function keeps on the policy beside them.
func TestTheLastTagFits(t *testing.T) {
	tags := func(n int) props { return base(props{"Tags": tags(n)}) }
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	id := r.must(cfn.Create, "", tags(46), nil)
	r.must(cfn.Update, id, tags(47), tags(46))
	other := tags(47)
	for n := range other["Tags"].([]any) {
		other["Tags"].([]any)[n] = tag("u"+strings.Repeat("t", n+1), "v")
	}
	r.must(cfn.Update, id, other, tags(47))
	r.must(cfn.Delete, id, other, nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// Everything in an answer may be as long as it can be.
func TestTheLongestAnswerFits(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	stack := "arn:aws:cloudformation:eu-west-1:" + r.world.AccountID + ":stack/" + strings.Repeat("s", 128) +
		"/0f3c1b2a-0000-0000-0000-000000000000"
	logical := strings.Repeat("L", 255)
	var buckets []any
	for n := range 4 {
		name := strings.Repeat("b", 60) + string(rune('a'+n))
		r.world.AddBucket(name, awstest.Bucket{Owner: "999999999999"})
		buckets = append(buckets, name)
	}
	keys := []any{"arn:aws:kms:eu-west-1:999999999999:key/1", "arn:aws:kms:eu-west-1:999999999999:key/2",
		"arn:aws:kms:eu-west-1:999999999999:key/3"}
	now := props{
		"RoleName": strings.Repeat("R", 64), "Path": "/" + strings.Repeat("p", 159) + "/", "PolicyName": strings.Repeat("P", 128),
		"Buckets":    buckets,
		"KmsKeyArns": keys, "PropagationDelaySeconds": "0", "SourceConditions": "false", "CloudWatchAccess": "CloudWatchFullAccess",
	}
	r.cfn.Say("CREATE_IN_PROGRESS", "", "")
	event := strings.NewReplacer(r.stackID(), stack, `"LogicalResourceId":"Role"`,
		`"LogicalResourceId":"`+logical+`"`).Replace(string(r.event(cfn.Create, "", now, nil)))
	answer := r.deliverRaw([]byte(event))
	if answer == nil || answer.Status != cfn.Success {
		t.Fatalf("got %+v", answer)
	}
	if size, err := answer.Size(); err != nil || size > cfn.MaxBody {
		t.Errorf("%d bytes, %v", size, err)
	}
	if !strings.Contains(answer.Data["Warnings"], "has no room for the statements of") {
		t.Errorf("warnings: %s", answer.Data["Warnings"])
	}
}

// Whether an update is rolled back is asked in each round until it is: a rollback doesn't end within an event.
func TestARollbackIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := &fakeaws.CloudFormation{}
		stacks := &countingCloudFormation{CloudFormation: said}
		r := newRig(t, awstest.NewFake(t))
		r.handler.Provisioner = provision.New(provision.Clients{CloudFormation: stacks}, r.handler.Log)
		update := &task{handler: r.handler}
		var got []bool
		for _, status := range []string{"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS"} {
			said.Say(status, "", status)
			got = append(got, update.isRollingBack(t.Context()))
		}
		if diff := cmp.Diff([]bool{false, true, true}, got); diff != "" || stacks.asked.Load() != 2 {
			t.Errorf("asked %d times, want 2; -want +got:\n%s", stacks.asked.Load(), diff)
		}
	})
}
