package handler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// checked are the properties of a role for which drift checks are on.
func checked(more props) props {
	all := base(props{"DriftCheckSchedule": "rate(1 day)", "KmsKeyArns": []any{"{key}"}, "PermissionsBoundary": boundary, "StackTags": "true"})
	maps.Copy(all, more)
	return all
}

// logged is what a check said.
type logged struct {
	// drift are the differences: attribute and resource, and failure is why the check failed.
	drift   []string
	failure string
	skipped string
	since   []time.Time
	metrics map[string]int
}

// check runs a drift check while the stack is at rest.
func (r *rig) check(id string, now props) logged {
	r.t.Helper()
	r.cfn.Say("UPDATE_COMPLETE", id, "UPDATE_COMPLETE")
	return r.checkAsItIs(now)
}

func (r *rig) checkAsItIs(now props) logged {
	r.t.Helper()
	var log bytes.Buffer
	before := r.handler.Log
	r.handler.Log = slog.New(slog.NewJSONHandler(&log, nil))
	err := r.handler.Handle(r.t.Context(), r.checkEvent(now))
	r.handler.Log = before
	if err != nil {
		r.t.Fatal(err)
	}
	var all logged
	for line := range strings.Lines(log.String()) {
		var record struct {
			Message, Resource, Attribute, Cause string
			Since                               time.Time
			AWS                                 *struct {
				CloudWatchMetrics []struct{ Metrics []struct{ Name string } }
			} `json:"_aws"`
		}
		if err := json.Unmarshal(bytes.Replace([]byte(line), []byte(`"msg"`), []byte(`"message"`), 1), &record); err != nil {
			r.t.Fatalf("%v: %s", err, line)
		}
		switch record.Message {
		case "drift":
			all.drift = append(all.drift, strings.TrimSpace(record.Attribute+" "+kindOf(record.Resource)))
			all.since = append(all.since, record.Since)
		case "the drift check failed":
			all.failure = record.Cause
		case "no drift check":
			all.skipped = record.Cause
		case "drift check":
			all.metrics = map[string]int{}
			var values map[string]any
			if err := json.Unmarshal([]byte(line), &values); err != nil {
				r.t.Fatal(err)
			}
			for _, m := range record.AWS.CloudWatchMetrics[0].Metrics {
				all.metrics[m.Name] = int(values[m.Name].(float64))
			}
		}
	}
	slices.Sort(all.drift)
	return all
}

// kindOf is what a resource is, without its name.
func kindOf(resource string) string { return resource[:strings.LastIndex(resource, " ")] }

func (r *rig) checkEvent(now props) json.RawMessage {
	properties := withToken(now)
	for _, name := range []string{"ServiceToken", "ServiceTimeout", "PropagationDelaySeconds"} {
		delete(properties, name)
	}
	raw, err := json.Marshal(map[string]any{"RequestType": "CheckDrift", "StackId": r.stackID(), "LogicalResourceId": "Role",
		"ResourceProperties": properties})
	if err != nil {
		r.t.Fatal(err)
	}
	return json.RawMessage(strings.ReplaceAll(string(raw), "{key}", r.key))
}

// must panics on the error of what is done by hand: the test is wrong then.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// behindTheBack are changes of everything that is provisioned. name and policy are those of the role.
var behindTheBack = []struct {
	name   string
	change func(r *rig, name, policy *string)
	drift  []string
}{
	{"nothing", func(*rig, *string, *string) {}, nil},
	{"trust", func(r *rig, name, _ *string) {
		must(r.world.IAM.UpdateAssumeRolePolicy(r.t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}`)}))
	}, []string{"trust policy role"}},
	{"boundary removed", func(r *rig, name, _ *string) {
		must(r.world.IAM.DeleteRolePermissionsBoundary(r.t.Context(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: name}))
	}, []string{"permissions boundary role"}},
	{"boundary changed", func(r *rig, name, _ *string) {
		must(r.world.IAM.PutRolePermissionsBoundary(r.t.Context(), &iam.PutRolePermissionsBoundaryInput{RoleName: name,
			PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}))
	}, []string{"permissions boundary role"}},
	{"attachment removed", func(r *rig, name, policy *string) {
		must(r.world.IAM.DetachRolePolicy(r.t.Context(), &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: policy}))
	}, []string{"attached policies role"}},
	{"attachment added", func(r *rig, name, _ *string) {
		must(r.world.IAM.AttachRolePolicy(r.t.Context(), &iam.AttachRolePolicyInput{RoleName: name,
			PolicyArn: aws.String("arn:aws:iam::aws:policy/CloudWatchFullAccess")}))
	}, []string{"attached policies role"}},
	{"document", func(r *rig, _, policy *string) {
		must(r.world.IAM.CreatePolicyVersion(r.t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: policy, SetAsDefault: true,
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`)}))
	}, []string{"document managed policy"}},
	{"policy deleted", func(r *rig, name, policy *string) {
		must(r.world.IAM.DetachRolePolicy(r.t.Context(), &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: policy}))
		for _, v := range must(r.world.IAM.ListPolicyVersions(r.t.Context(), &iam.ListPolicyVersionsInput{PolicyArn: policy})).Versions {
			if !v.IsDefaultVersion {
				must(r.world.IAM.DeletePolicyVersion(r.t.Context(), &iam.DeletePolicyVersionInput{PolicyArn: policy, VersionId: v.VersionId}))
			}
		}
		must(r.world.IAM.DeletePolicy(r.t.Context(), &iam.DeletePolicyInput{PolicyArn: policy}))
	}, []string{"attached policies role", "managed policy"}},
	{"description", func(r *rig, name, _ *string) {
		must(r.world.IAM.UpdateRole(r.t.Context(), &iam.UpdateRoleInput{RoleName: name, Description: aws.String("theirs"),
			MaxSessionDuration: aws.Int32(3600)}))
	}, []string{"description role"}},
	{"session duration", func(r *rig, name, _ *string) {
		role := must(r.world.IAM.GetRole(r.t.Context(), &iam.GetRoleInput{RoleName: name}))
		must(r.world.IAM.UpdateRole(r.t.Context(), &iam.UpdateRoleInput{RoleName: name, Description: role.Role.Description,
			MaxSessionDuration: aws.Int32(7200)}))
	}, []string{"maximum session duration role"}},
	{"tag changed", func(r *rig, name, _ *string) {
		must(r.world.IAM.TagRole(r.t.Context(), &iam.TagRoleInput{RoleName: name, Tags: []iamtypes.Tag{{Key: aws.String("team"),
			Value: aws.String("other")}}}))
	}, []string{"tags role"}},
	{"tag removed", func(r *rig, name, _ *string) {
		must(r.world.IAM.UntagRole(r.t.Context(), &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"stage"}}))
	}, []string{"tags role"}},
	{"tag of the policy", func(r *rig, _, policy *string) {
		must(r.world.IAM.UntagPolicy(r.t.Context(), &iam.UntagPolicyInput{PolicyArn: policy, TagKeys: []string{"stage"}}))
	}, []string{"tags managed policy"}},
	{"bucket statement", func(r *rig, _, _ *string) { r.putBucketPolicy(theirBucketPolicy) },
		[]string{"policy bucket policy"}},
	{"key statement", func(r *rig, _, _ *string) {
		document := must(r.world.KMS.GetKeyPolicy(r.t.Context(), &kms.GetKeyPolicyInput{KeyId: &r.key}))
		shared := must(policy.ParseShared(*document.Policy))
		for _, sid := range shared.Sids() {
			if strings.HasPrefix(sid, "Personalize") {
				shared, _ = shared.Remove(sid)
			}
		}
		must(r.world.KMS.PutKeyPolicy(r.t.Context(), &kms.PutKeyPolicyInput{KeyId: &r.key, Policy: aws.String(shared.String())}))
	}, []string{"policy key policy"}},
}

// Whatever is changed outside of the stack is named once, check after check, and a repair restores it. What others added stays.
func TestDriftInEveryWorld(t *testing.T) {
	kind := awstest.KindOf(t)
	for _, c := range behindTheBack {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, repair := range []bool{false, true} {
				r := newRig(t, kind.New(t))
				r.foreign()
				now := checked(nil)
				if repair {
					now["RepairDrift"] = "true"
				}
				id := r.must(cfn.Create, "", now, nil)
				want := r.world.State()
				name := id[strings.LastIndex(id, "/")+1:]
				c.change(r, &name, ownPolicy(r, name))
				changed := r.world.State()
				first := r.check(id, now)
				if diff := cmp.Diff(c.drift, first.drift); diff != "" || first.failure != "" {
					t.Fatalf("repair %v: %s\n-want +got:\n%s", repair, first.failure, diff)
				}
				left := len(c.drift)
				if repair {
					left = 0
				}
				if first.metrics["Drift"] != left || first.metrics["CheckFailed"] != 0 {
					t.Errorf("repair %v: metrics %v", repair, first.metrics)
				}
				if !repair {
					want = changed
				}
				if diff := cmp.Diff(want, unnoted(r.world.State())); diff != "" {
					t.Errorf("repair %v: -want +got:\n%s", repair, diff)
				}
				second := r.check(id, now)
				if diff := cmp.Diff(c.drift, second.drift); !repair && diff != "" || repair && len(second.drift) > 0 {
					t.Errorf("second check, repair %v: %v", repair, second.drift)
				}
				if diff := cmp.Diff(first.since, second.since); !repair && diff != "" {
					t.Errorf("the second check tells other times: %s", diff)
				}
				r.must(cfn.Delete, id, now, nil)
			}
		})
	}
}

var driftTag = regexp.MustCompile(servicerole.TagDrift + `:\S*( [0-9a-f]{8}=\S*)* ?`)

// unnoted removes the time since when there are differences.
func unnoted(state map[string]string) map[string]string {
	for arn, text := range state {
		state[arn] = driftTag.ReplaceAllLiteralString(text, "")
	}
	return state
}

// ownPolicy is the ARN of the customer managed policy of a role.
func ownPolicy(r *rig, role string) *string {
	attached := must(r.world.IAM.ListAttachedRolePolicies(r.t.Context(), &iam.ListAttachedRolePoliciesInput{RoleName: &role}))
	for _, p := range attached.AttachedPolicies {
		if strings.Contains(*p.PolicyArn, servicerole.PolicyPrefix) {
			return p.PolicyArn
		}
	}
	r.t.Fatal("the role has no policy of its own")
	return nil
}
