package handler

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/properties"
)

func TestAttributes(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	answer := r.deliver(cfn.Create, "", props{"RoleName": "R", "Path": "/ml/", "PolicyName": "P", "Buckets": []any{"training-data"},
		"CloudWatchAccess": "CloudWatchFullAccess"}, nil)
	want := map[string]string{
		"RoleArn": "arn:aws:iam::123456789012:role/ml/R", "RoleName": "R", "RoleId": answer.Data[properties.AttrRoleID],
		"PolicyArn": "arn:aws:iam::123456789012:policy/ml/P", "RequiredBucketPolicyStatements": "{}", "RequiredKeyPolicyStatements": "{}",
		"FindingCount": "1",
		"Warnings":     "SUGGESTION PolicySuperseded: AWS replaces CloudWatchFullAccess. Set CloudWatchAccess to CloudWatchFullAccessV2.",
	}
	if diff := cmp.Diff(want, answer.Data); diff != "" || !strings.HasPrefix(answer.Data["RoleId"], "AROA") {
		t.Errorf("Create: role id %q, -want +got:\n%s", answer.Data["RoleId"], diff)
	}
	if answer.PhysicalResourceID != want["RoleArn"] || answer.StackID != r.stackID() || answer.RequestID != "r-1" ||
		answer.LogicalResourceID != "Role" {
		t.Errorf("got %+v", answer)
	}
	updated := r.deliver(cfn.Update, answer.PhysicalResourceID, props{"RoleName": "R", "Path": "/ml/"},
		props{"RoleName": "R", "Path": "/ml/", "PolicyName": "P", "Buckets": []any{"training-data"}})
	want["PolicyArn"], want["Warnings"], want["FindingCount"] = "", "", "0"
	if diff := cmp.Diff(want, updated.Data); diff != "" {
		t.Errorf("Update: -want +got:\n%s", diff)
	}
}

// The derived name stays the same for ever: users' policies name it.
func TestDerivedNameIsStable(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	got := r.must(cfn.Create, "", base(nil), nil)
	if want := "arn:aws:iam::123456789012:role/PersonalizeRole-n5p674qhykfkz6tuyptb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestRefusedEventsTouchNothing(t *testing.T) {
	theirs := "arn:aws:iam::123456789012:role/TheirRole"
	for _, c := range []struct {
		name   string
		now    props
		reason string
	}{
		{"wrong properties", props{"RoleName": "a b", "X": "1"}, "the properties have 2 errors"},
		{"another owner's role", base(props{"RoleName": "TheirRole"}), "role " + theirs + " already exists and is not managed by this stack"},
		{"another owner's role, in another case", base(props{"RoleName": "theirrole"}), "role " + theirs + " already exists"},
		{"another owner's policy", base(props{"PolicyName": "Theirs"}), "managed policy arn:aws:iam::123456789012:policy/Theirs already exists"},
		{"many buckets", props{"Buckets": many(60)}, "Buckets make a managed policy of"},
		{"long ARN", props{"Path": "/" + strings.Repeat("p", 200) + "/", "RoleName": strings.Repeat("r", 64)},
			"Path and RoleName together make the ARN"},
		{"boundary of another account", props{"PermissionsBoundary": "arn:aws:iam::999999999999:policy/B"},
			"PermissionsBoundary arn:aws:iam::999999999999:policy/B must be a managed policy of this account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			r.foreign()
			before := r.world.State()
			answer := r.deliver(cfn.Create, "", c.now, nil)
			if !strings.Contains(answer.Reason, c.reason) || answer.Status != cfn.Failed {
				t.Errorf("got %s %q, want FAILED with %q", answer.Status, answer.Reason, c.reason)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, c.now, nil)
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

func many(n int) []any {
	var names []any
	for i := range n {
		names = append(names, "bucket-"+strings.Repeat("x", 40)+string(rune('a'+i/26))+string(rune('a'+i%26)))
	}
	return names
}

func TestUpdateRefusesSharedNames(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to props
		reason   string
	}{
		{"path", base(props{"RoleName": "R"}), base(props{"RoleName": "R", "Path": "/p/"}),
			"IAM does not allow two roles of one name in an account"},
		{"case", base(props{"RoleName": "Role"}), base(props{"RoleName": "role"}), "IAM does not allow two roles of one name in an account"},
		{"policy", base(props{"RoleName": "R", "PolicyName": "P"}), base(props{"RoleName": "S", "PolicyName": "P"}),
			"both would share the managed policy P"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			id := r.must(cfn.Create, "", c.from, nil)
			before := r.world.State()
			answer := r.deliver(cfn.Update, id, c.to, c.from)
			if answer.Status != cfn.Failed || answer.PhysicalResourceID != id || !strings.Contains(answer.Reason, c.reason) {
				t.Errorf("got %+v, want FAILED with the old id and %q", answer, c.reason)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
		})
	}
}

func TestForeignAttachments(t *testing.T) {
	for _, force := range []bool{false, true} {
		r := newRig(t, awstest.NewFake(t))
		r.foreign()
		before := r.world.State()
		now := base(props{"RoleName": "R", "ForceDetachPolicies": force})
		id := r.must(cfn.Create, "", now, nil)
		attach(t, r, "R", "arn:aws:iam::123456789012:policy/Theirs")
		if _, err := r.world.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("inline"),
			PolicyDocument: aws.String("{}")}); err != nil {
			t.Fatal(err)
		}
		used := r.world.State()
		answer := r.deliver(cfn.Delete, id, now, nil)
		want := map[bool]map[string]string{false: used, true: before}[force]
		if diff := cmp.Diff(want, r.world.State()); diff != "" {
			t.Errorf("force %v: -want +got:\n%s", force, diff)
		}
		if !force && (answer.Status != cfn.Failed || !strings.Contains(answer.Reason,
			"arn:aws:iam::123456789012:policy/Theirs, inline policy inline")) {
			t.Errorf("got %+v, want FAILED that names both", answer)
		}
	}
}

func TestUndecodableEvents(t *testing.T) {
	for _, c := range []struct{ name, event, reason, id string }{
		{"unknown request", `{"RequestType":"Import","ResponseURL":"https://h/x","ResourceType":"Custom::PersonalizeServiceRole",` +
			`"PhysicalResourceId":"p"}`, `RequestType "Import" is not Create, Update or Delete. Nothing was changed. Send the event as ` +
			`CloudFormation does.`, "p"},
		{"another resource type", `{"RequestType":"Create","ResponseURL":"https://h/x","ResourceType":"Custom::Other"}`,
			`ResourceType "Custom::Other" is neither Custom::PersonalizeServiceRole nor Custom::PersonalizeDigest, which are what this ` +
				`function answers. Nothing was changed. Correct the template.`, nothingID},
		{"a number for a text", `{"RequestType":"Create","ResponseURL":"https://h/x","StackId":7,"RequestId":"r"}`,
			`the event can't be decoded because a field has a different type from the one that CloudFormation sends. Nothing ` +
				`was changed. Send the event as ` +
				`CloudFormation does.`, nothingID},
		{"no stack", `{"RequestType":"Create","ResponseURL":"https://h/x","StackId":"x","ResourceType":"Custom::PersonalizeServiceRole",` +
			`"LogicalResourceId":"L"}`, `StackId "x" with LogicalResourceId "L" does not name a resource of a CloudFormation stack. Nothing ` +
			`was changed. Send both in CloudFormation's form.`, nothingID},
		{"update of nothing", `{"RequestType":"Update","ResponseURL":"https://h/x","ResourceType":"Custom::PersonalizeServiceRole"}`,
			`the Update event has no PhysicalResourceId, which names the role. Nothing was changed. Send the event as CloudFormation does.`,
			nothingID},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, awstest.NewFake(t))
			answer := r.deliverRaw(json.RawMessage(c.event))
			if answer == nil || answer.Status != cfn.Failed || answer.Reason != c.reason || answer.PhysicalResourceID != c.id {
				t.Errorf("got %+v, want FAILED, id %q: %s", answer, c.id, c.reason)
			}
			if calls := r.world.Calls(); len(calls) > 0 {
				t.Errorf("called %v", calls)
			}
		})
	}
	for _, event := range []string{`{}`, `[]`, `"x"`, `{"RequestType":"Create"}`, `{"ResponseURL":5}`} {
		r := newRig(t, awstest.NewFake(t))
		if err := r.handler.Handle(t.Context(), json.RawMessage(event)); err == nil {
			t.Errorf("%s: no error, although nobody can be answered", event)
		}
	}
}

func TestAnotherAccountsStackIsRefused(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.handler.AccountID = func(context.Context) string { return "999999999999" }
	answer := r.deliver(cfn.Create, "", base(nil), nil)
	want := "the function belongs to account 999999999999, and the stack to account 123456789012. Nothing was changed. A role must be " +
		"in the account that uses it. Deploy the function there too, and set ServiceToken to that one."
	if answer.Reason != want || len(r.world.Calls()) > 0 {
		t.Errorf("got %q after calls %v, want %q and none", answer.Reason, r.world.Calls(), want)
	}
	r.must(cfn.Delete, answer.PhysicalResourceID, base(nil), nil)
}

// A Create of a wrong resource type is refused, but not the Delete that takes it back.
func TestDeleteOfAnotherResourceTypeSucceeds(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	for request, want := range map[cfn.RequestType]cfn.Status{cfn.Create: cfn.Failed, cfn.Delete: cfn.Success} {
		event := strings.Replace(string(r.event(request, madeUp, base(nil), nil)), properties.ResourceType,
			"AWS::CloudFormation::CustomResource", 1)
		if answer := r.deliverRaw(json.RawMessage(event)); answer.Status != want {
			t.Errorf("%s: got %+v, want %s", request, answer, want)
		}
	}
}

// Without a thing there is no ownership tag, so that IAM denies a change of what another process has just deleted: that is no
// reason for a Delete to fail. A denial that lasts is.
func TestDeleteIsDeniedOnWhatIsGone(t *testing.T) {
	for _, lasting := range []bool{false, true} {
		r := newRig(t, awstest.NewFake(t))
		before := r.world.State()
		id := r.must(cfn.Create, "", base(nil), nil)
		r.world.SetHook(func(action string) (error, error) {
			switch {
			case action != "iam:DeleteRole":
				return nil, nil
			case lasting:
				return faults[1].before, nil
			}
			// The effect is another process's, the answer this one's.
			return nil, faults[1].before
		})
		answer := r.deliver(cfn.Delete, id, base(nil), nil)
		if lasting {
			if answer.Status != cfn.Failed || !strings.Contains(answer.Reason, "iam:DeleteRole") {
				t.Errorf("got %+v, want FAILED that names iam:DeleteRole", answer)
			}
			continue
		}
		if diff := cmp.Diff(before, r.world.State()); diff != "" || answer.Status != cfn.Success {
			t.Errorf("got %+v, -before +after:\n%s", answer, diff)
		}
	}
}

// An adopted role gets a tag's old value back, whether an update drops the tag or the role is given back.
func TestAdoptedRoleKeepsItsTags(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.createRole("Existing", map[string]string{"team": "theirs"})
	before := r.world.State()
	one, two := props{"RoleName": "Existing", "AdoptExistingRole": "true", "Tags": []any{tag("team", "ours")}},
		props{"RoleName": "Existing", "AdoptExistingRole": "true"}
	id := r.must(cfn.Create, "", one, nil)
	r.must(cfn.Update, id, two, one)
	r.must(cfn.Delete, id, two, nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// A rename that was refused leaves the live policy alone when it is rolled back.
func TestRefusedRenameIsTakenBackWithoutAWarning(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	a, b := base(props{"RoleName": "A", "PolicyName": "P"}), base(props{"RoleName": "B", "PolicyName": "P"})
	id := r.must(cfn.Create, "", a, nil)
	before := r.world.State()
	refused := r.deliver(cfn.Update, id, b, a)
	back := r.deliver(cfn.Update, refused.PhysicalResourceID, a, b)
	if back.Status != cfn.Success || back.Data[properties.AttrWarnings] != "" {
		t.Errorf("got %+v", back)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
