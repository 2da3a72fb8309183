package handler

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/properties"
)

func quick(bucket string) props {
	return props{"RoleName": "R", "PropagationDelaySeconds": "0", "Buckets": []any{bucket}}
}

// Buckets and keys that aren't as the properties take them to be.
func TestBucketsAndKeysOfAllKindsInEveryWorld(t *testing.T) {
	kind := awstest.KindOf(t)
	for _, c := range []struct {
		name string
		run  func(t *testing.T, r *rig)
	}{
		{"a bucket of another account is left alone", func(t *testing.T, r *rig) {
			r.world.AddBucket("theirs", awstest.Bucket{Owner: "999999999999"})
			answer := r.deliver(cfn.Create, "", quick("theirs"), nil)
			if answer.Status != cfn.Success {
				t.Fatal(answer.Reason)
			}
			want := `{"theirs":[{"Sid":"SID","Effect":"Allow","Principal":{"AWS":"ROLE","Service":"personalize.amazonaws.com"},` +
				`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::theirs","arn:aws:s3:::theirs/*"],"Condition":` +
				`{"ArnLikeIfExists":{"aws:SourceArn":"arn:aws:personalize:eu-west-1:ACCOUNT:*"},` +
				`"StringEqualsIfExists":{"aws:SourceAccount":"ACCOUNT"}}}]}`
			var statements map[string][]struct{ Sid string }
			if err := json.Unmarshal([]byte(answer.Data[properties.AttrRequiredBucketPolicyStatements]), &statements); err != nil {
				t.Fatal(err)
			}
			got := strings.NewReplacer(answer.PhysicalResourceID, "ROLE", r.world.AccountID, "ACCOUNT", statements["theirs"][0].Sid,
				"SID").Replace(answer.Data[properties.AttrRequiredBucketPolicyStatements])
			if diff := cmp.Diff(want, got); diff != "" || !strings.HasPrefix(statements["theirs"][0].Sid, "PersonalizeAccess") {
				t.Errorf("-want +got:\n%s", diff)
			}
			warning := "WARNING BucketOfAnotherAccount: bucket theirs belongs to another account, so its policy was neither read nor changed. " +
				"Have its owner add the statements in attribute RequiredBucketPolicyStatements to it."
			if diff := cmp.Diff(warning, answer.Data[properties.AttrWarnings]); diff != "" {
				t.Errorf("warnings: -want +got:\n%s", diff)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, quick("theirs"), nil)
		}},
		{"a bucket in another Region is refused", func(t *testing.T, r *rig) {
			r.world.AddBucket("elsewhere", awstest.Bucket{Region: "eu-central-1"})
			r.refuses(quick("elsewhere"), "bucket elsewhere is in eu-central-1, and Personalize can read only buckets in its own Region, "+
				"eu-west-1. Nothing was changed. Deploy the stack in the Region of the bucket too, or use a bucket in eu-west-1.")
		}},
		{"a bucket that doesn't exist is refused", func(t *testing.T, r *rig) {
			r.refuses(quick("none"), "bucket none does not exist. Nothing was changed. Create the bucket first, or correct the name.")
		}},
		{"a bucket that was deleted since is no obstacle", func(t *testing.T, r *rig) {
			both := base(props{"Buckets": []any{"training-data", "more-data"}})
			id := r.must(cfn.Create, "", both, nil)
			r.policyOf("more-data", func(string) string { return "" })
			r.world.RemoveBucket("more-data")
			answer := r.deliver(cfn.Update, id, base(props{"Buckets": both["Buckets"], "Description": "new"}), both)
			if answer.Status != cfn.Success || !strings.Contains(answer.Data[properties.AttrWarnings], "bucket more-data no longer exists") {
				t.Errorf("Update: %+v", answer)
			}
			moved := base(props{"Buckets": both["Buckets"], "Path": "/moved/"})
			replaced := r.must(cfn.Update, id, moved, both)
			r.must(cfn.Delete, id, both, nil)
			r.must(cfn.Delete, replaced, moved, nil)
			r.world.AddBucket("more-data", awstest.Bucket{})
		}},
		{"a key that waits for its deletion is refused, and no obstacle later", func(t *testing.T, r *rig) {
			doomed := props{"RoleName": "R", "PropagationDelaySeconds": "0", "KmsKeyArns": []any{"{key}"}}
			id := r.must(cfn.Create, "", doomed, nil)
			r.world.RemoveKey(r.key)
			with := props{"RoleName": "R", "PropagationDelaySeconds": "0", "KmsKeyArns": []any{"{key}"}, "Description": "new"}
			answer := r.deliver(cfn.Update, id, with, doomed)
			if answer.Status != cfn.Success || !strings.Contains(answer.Data[properties.AttrWarnings], "or is pending deletion. Cancel") {
				t.Errorf("Update: %+v", answer)
			}
			r.must(cfn.Delete, id, with, nil)
			r.refuses(with, "KMS key "+r.key+" does not exist or is pending deletion. Nothing was changed. Create the key first, cancel "+
				"its deletion, or correct the ARN.")
		}},
		{"what may not be read is no obstacle where nothing was made", func(t *testing.T, r *rig) {
			r.world.SetHook(func(operation string) (error, error) {
				if operation == "s3:GetBucketPolicy" || operation == "kms:GetKeyPolicy" {
					return faults[1].before, nil
				}
				return nil, nil
			})
			answer := r.deliver(cfn.Create, "", base(nil), nil)
			if answer.Status != cfn.Failed || !strings.Contains(answer.Reason,
				"Allow the function's role s3:GetBucketPolicy on arn:aws:s3:::training-data") {
				t.Errorf("Create: %+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, base(nil), nil)
			r.world.SetHook(nil)
		}},
		{"what may not be read any more keeps the role from being deleted", func(t *testing.T, r *rig) {
			id := r.must(cfn.Create, "", base(nil), nil)
			r.world.SetHook(func(operation string) (error, error) {
				if operation == "s3:GetBucketPolicy" {
					return faults[1].before, nil
				}
				return nil, nil
			})
			if answer := r.deliver(cfn.Delete, id, base(nil), nil); answer.Status != cfn.Failed ||
				!strings.Contains(answer.Reason, "s3:GetBucketPolicy") {
				t.Errorf("Delete: %+v", answer)
			}
			without := base(props{"Buckets": []any{}})
			if answer := r.deliver(cfn.Update, id, without, base(nil)); answer.Status != cfn.Failed ||
				!strings.Contains(answer.Reason, "s3:GetBucketPolicy") {
				t.Errorf("Update: %+v", answer)
			}
			// The update is rolled back, whatever may be read.
			r.cfn.Say("UPDATE_IN_PROGRESS", id, "UPDATE_ROLLBACK_IN_PROGRESS")
			answer := r.deliverRaw(r.event(cfn.Update, id, base(nil), without))
			if answer.Status != cfn.Success || !strings.Contains(answer.Data[properties.AttrWarnings],
				"the rollback continued despite: read the policy of bucket training-data") {
				t.Errorf("rollback: %+v", answer)
			}
			r.world.SetHook(nil)
			r.must(cfn.Delete, id, base(nil), nil)
		}},
		{"a key whose policy is left to others may be unreadable", func(t *testing.T, r *rig) {
			alone := base(props{"KmsKeyArns": []any{"{key}"}, "ManageKeyPolicies": false})
			r.world.SetHook(func(operation string) (error, error) {
				if operation == "kms:GetKeyPolicy" {
					return faults[1].before, nil
				}
				return nil, nil
			})
			id := r.must(cfn.Create, "", alone, nil)
			r.must(cfn.Delete, id, alone, nil)
			r.world.SetHook(nil)
		}},
		{"statements that have no room in the answer are left out whole", func(t *testing.T, r *rig) {
			var many []any
			for n := range 16 {
				name := fmt.Sprintf("theirs-%d", n)
				r.world.AddBucket(name, awstest.Bucket{Owner: "999999999999"})
				many = append(many, name)
			}
			answer := r.deliver(cfn.Create, "", props{"RoleName": "R", "PropagationDelaySeconds": "0", "Buckets": many}, nil)
			var statements map[string]any
			if err := json.Unmarshal([]byte(answer.Data[properties.AttrRequiredBucketPolicyStatements]), &statements); err != nil ||
				len(statements) == 0 || len(statements) == 16 {
				t.Errorf("%d statements, %v", len(statements), err)
			}
			if !strings.Contains(answer.Data[properties.AttrWarnings],
				"attribute RequiredBucketPolicyStatements has no room for the statements of theirs-9, theirs-8, ") {
				t.Errorf("warnings: %s", answer.Data[properties.AttrWarnings])
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, props{"RoleName": "R", "Buckets": many}, nil)
		}},
		{"statements of roles that are gone are reported and left", func(t *testing.T, r *rig) {
			const abandoned = `{"Sid":"PersonalizeRolea2b3c4d5e6f7a2b3c4d5","Effect":"Allow",` +
				`"Principal":{"Service":"personalize.amazonaws.com"},"Action":"s3:GetObject","Resource":"*"}`
			was := r.policyOf("training-data", func(policy string) string {
				return strings.Replace(policy, `"Statement":[`, `"Statement":[`+abandoned+`,`, 1)
			})
			answer := r.deliver(cfn.Create, "", base(nil), nil)
			want := "SUGGESTION StatementAbandoned: the policy of bucket training-data has statements for roles that no longer exist: " +
				"PersonalizeRolea2b3c4d5e6f7a2b3c4d5. Remove them if no stack needs them."
			if diff := cmp.Diff(want, answer.Data[properties.AttrWarnings]); diff != "" {
				t.Errorf("warnings: -want +got:\n%s", diff)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, base(nil), nil)
			left := r.policyOf("training-data", func(string) string { return was })
			if !strings.Contains(left, abandoned) {
				t.Errorf("removed: %s", left)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, kind.New(t))
			before := r.world.State()
			c.run(t, r)
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("the account isn't what it was: -before +after:\n%s", diff)
			}
		})
	}
}

// refuses holds a Create to being refused with a reason, and the Delete that follows to success.
func (r *rig) refuses(p props, reason string) {
	r.t.Helper()
	before := r.world.State()
	answer := r.deliver(cfn.Create, "", p, nil)
	if diff := cmp.Diff(reason, answer.Reason); diff != "" || answer.Status != cfn.Failed {
		r.t.Errorf("%s, -want +got:\n%s", answer.Status, diff)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		r.t.Errorf("-before +after:\n%s", diff)
	}
	r.must(cfn.Delete, answer.PhysicalResourceID, p, nil)
}

// policyOf changes the policy of a bucket as others do, and returns the one before; the empty text deletes it.
func (r *rig) policyOf(bucket string, change func(string) string) string {
	r.t.Helper()
	was := ""
	if out, err := r.world.S3.GetBucketPolicy(r.t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String(bucket)}); err == nil {
		was = aws.ToString(out.Policy)
	}
	var err error
	if now := change(was); now == "" {
		_, err = r.world.S3.DeleteBucketPolicy(r.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucket)})
	} else {
		_, err = r.world.S3.PutBucketPolicy(r.t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: aws.String(now)})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return was
}

// Many buckets are provisioned at once, and too many are refused with the number, before anything is written.
func TestManyBuckets(t *testing.T) {
	for n, want := range map[int]string{
		17: "", 50: "", 79: "",
		200: "the properties have an error: Buckets make a managed policy of 15059 characters, above IAM's 6144; name fewer prefixes or keys, " +
			"or spread the buckets over several roles. Nothing was changed. Correct the template, then deploy again.",
	} {
		r := newRig(t, awstest.NewFake(t))
		var names []any
		for k := range n {
			name := fmt.Sprintf("data-of-team-%07d", k)
			r.world.AddBucket(name, awstest.Bucket{})
			names = append(names, name)
		}
		now := props{"RoleName": "R", "PropagationDelaySeconds": "0", "Buckets": names}
		before := r.world.State()
		answer := r.deliver(cfn.Create, "", now, nil)
		if diff := cmp.Diff(want, answer.Reason); diff != "" {
			t.Errorf("%d buckets: -want +got:\n%s", n, diff)
		}
		r.must(cfn.Delete, answer.PhysicalResourceID, now, nil)
		if diff := cmp.Diff(before, r.world.State()); diff != "" {
			t.Errorf("%d buckets: -before +left:\n%s", n, diff)
		}
	}
}
