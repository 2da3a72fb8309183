package handler

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// encrypted names the bucket of the rig that has a key by default.
func encrypted(more props) props {
	p := props{"PropagationDelaySeconds": "0", "Buckets": []any{"more-data"}}
	for k, v := range more {
		p[k] = v
	}
	return p
}

// hasStatement reports whether the policy of a key has a statement of a role.
func (r *rig) hasStatement(key, role string) bool {
	r.t.Helper()
	out, err := r.world.KMS.GetKeyPolicy(r.t.Context(), &kms.GetKeyPolicyInput{KeyId: aws.String(key)})
	if err != nil {
		r.t.Fatal(err)
	}
	shared, err := policy.ParseShared(aws.ToString(out.Policy))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.Contains(shared.String(), role)
}

// The key of a bucket's default encryption counts as the bucket's.
func TestDefaultEncryptionInEveryWorld(t *testing.T) {
	t.Parallel()
	kind := awstest.KindOf(t)
	const noAccount = "arn:aws:kms:eu-west-1:999999999999:key/0b3c"
	for _, c := range []struct {
		name string
		// id returns what the bucket says, in place of the key's ARN.
		id      func(r *rig) string
		changes props
		// merged says that the policy of the key gets the statement, and required that it is an attribute.
		merged, required bool
		warning          string
	}{
		{"by its ARN", nil, nil, true, false, ""},
		{"by its ID", func(r *rig) string { return r.defaultKey[strings.LastIndex(r.defaultKey, "/")+1:] }, nil, true, false, ""},
		{"by an alias", func(r *rig) string {
			r.world.AddAlias("alias/data", r.defaultKey)
			return "alias/data"
		}, nil, true, false, ""},
		{"by the ARN of an alias", func(r *rig) string {
			r.world.AddAlias("alias/data", r.defaultKey)
			return "arn:aws:kms:eu-west-1:" + r.world.AccountID + ":alias/data"
		}, nil, true, false, ""},
		{"the properties name another key", nil, props{"Buckets": []any{map[string]any{"Name": "more-data", "KmsKeyArn": "{key}"}}},
			false, false, ""},
		{"the properties name the key", nil, props{"KmsKeyArns": []any{"{default}"}}, true, false, ""},
		{"policies of keys are left to others", nil, props{"ManageKeyPolicies": "false"}, false, true,
			"WARNING KeyPolicyLacksStatement: the policy of KMS key {default} does not grant kms:Decrypt to the service principal " +
				"personalize.amazonaws.com. Add the statement in attribute RequiredKeyPolicyStatements to it."},
		{"the AWS managed key", func(*rig) string { return "alias/aws/s3" }, nil, false, false,
			"WARNING DefaultKeyOfAWS: bucket more-data encrypts new objects with the AWS managed key aws/s3, which Personalize can't use. " +
				"Change the default encryption to " +
				"SSE-S3 or to a customer managed key, and encrypt existing objects again."},
		{"a key of another account", func(*rig) string { return noAccount }, nil, false, false,
			"WARNING DefaultKeyElsewhere: bucket more-data encrypts new objects with KMS key " + noAccount + " of another account or Region. If " +
				"it is in eu-west-1, set KmsKeyArn of the bucket to its ARN, and have its owner add the statement in attribute " +
				"RequiredKeyPolicyStatements to its policy. Otherwise change the default encryption, and encrypt existing objects again."},
		{"an alias of no key", func(*rig) string { return "alias/none" }, nil, false, false,
			"WARNING DefaultKeyMissing: bucket more-data encrypts new objects with KMS key alias/none, which does not exist or is pending " +
				"deletion. Change the default encryption, and encrypt existing objects again."},
		{"a key pending deletion", func(r *rig) string {
			r.world.RemoveKey(r.defaultKey)
			return r.defaultKey
		}, nil, false, false, "WARNING DefaultKeyMissing: bucket more-data encrypts new objects with KMS key {default}, which does " +
			"not exist or is pending deletion. Change the default encryption, and encrypt existing objects again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, kind.New(t))
			if c.id != nil {
				r.world.Encrypt("more-data", c.id(r))
			}
			now := encrypted(nil)
			for k, v := range c.changes {
				now[k] = v
			}
			if keys, ok := now["KmsKeyArns"].([]any); ok {
				now["KmsKeyArns"] = []any{strings.ReplaceAll(keys[0].(string), "{default}", r.defaultKey)}
			}
			before := r.world.State()
			answer := r.deliver(cfn.Create, "", now, nil)
			if !succeeded(answer) {
				t.Fatalf("%+v", answer)
			}
			role := answer.Data[properties.AttrRoleArn]
			if got := r.hasStatement(r.defaultKey, role); got != c.merged {
				t.Errorf("merged: %v", got)
			}
			var required map[string]any
			if err := json.Unmarshal([]byte(answer.Data[properties.AttrRequiredKeyPolicyStatements]), &required); err != nil {
				t.Fatal(err)
			}
			if _, got := required[r.defaultKey]; got != c.required {
				t.Errorf("required: %v", required)
			}
			if diff := cmp.Diff(strings.ReplaceAll(c.warning, "{default}", r.defaultKey), answer.Data[properties.AttrWarnings]); diff != "" {
				t.Errorf("warnings: -want +got:\n%s", diff)
			}
			made := len(r.world.Calls())
			r.must(cfn.Update, role, now, now)
			for _, call := range r.world.Calls()[made:] {
				if isWrite(call) {
					t.Errorf("an update that changes nothing called %s", call)
				}
			}
			r.must(cfn.Delete, role, now, nil)
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +left:\n%s", diff)
			}
		})
	}
}

// What was merged because of a default encryption is removed once that is another one, whatever fails meanwhile.
func TestDefaultEncryptionChangesInEveryWorld(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		to   props
		// encrypts says that the bucket still has the former key.
		encrypts bool
	}{
		{"another key", encrypted(props{"Description": "new"}), false},
		{"the bucket is dropped", encrypted(props{"Buckets": []any{"training-data"}}), true},
		{"another role", encrypted(props{"RoleName": "Renamed"}), false},
		{"another policy", encrypted(props{"PolicyName": "Renamed"}), false},
		{"no bucket is left", props{"PropagationDelaySeconds": "0"}, true},
	}
	if awstest.KindOf(t).Slow {
		cases = cases[:2]
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			forEachFault(t, "", func(t *testing.T, r *rig, k int, f fault) bool {
				from := encrypted(nil)
				id := r.must(cfn.Create, "", from, nil)
				if !c.encrypts {
					r.world.Encrypt("more-data", r.key)
				}
				hit := r.failAt(k, f)
				r.deliver(cfn.Update, id, c.to, from)
				r.heal()
				after := r.must(cfn.Update, id, c.to, from)
				if after != id {
					r.must(cfn.Delete, id, from, nil)
				}
				if r.hasStatement(r.defaultKey, ":role/") || r.hasStatement(r.key, after) == c.encrypts {
					t.Fatalf("%s at call %d: former key %v, key %v", f.name, k, r.hasStatement(r.defaultKey, ":role/"), r.hasStatement(r.key, after))
				}
				r.must(cfn.Delete, after, c.to, nil)
				return *hit
			})
		})
	}
}

// The default encryption is changed behind the resource's back, and then the resource is deleted.
func TestDefaultEncryptionOfBeforeInEveryWorld(t *testing.T) {
	t.Parallel()
	forEachFault(t, "", func(t *testing.T, r *rig, k int, f fault) bool {
		now := encrypted(nil)
		id := r.must(cfn.Create, "", now, nil)
		r.world.Encrypt("more-data", r.key)
		hit := r.failAt(k, f)
		r.deliver(cfn.Delete, id, now, nil)
		r.heal()
		r.must(cfn.Delete, id, now, nil)
		return *hit
	})
}

// Where the function may not read a key's policy, the statement is an attribute, and the role goes without it.
func TestDefaultEncryptionWithAKeyThatIsClosed(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	r.deny("kms:GetKeyPolicy")
	answer := r.deliver(cfn.Create, "", encrypted(nil), nil)
	if !succeeded(answer) || !strings.Contains(answer.Data[properties.AttrRequiredKeyPolicyStatements], r.defaultKey) {
		t.Fatalf("%+v", answer)
	}
	want := "WARNING KeyPolicyUnreadable: bucket more-data encrypts new objects with KMS key " + r.defaultKey +
		", whose policy can't be read and was not changed: read KMS key " +
		r.defaultKey + " and its policy: AccessDenied: not authorized. Allow the function's role kms:GetKeyPolicy on " + r.defaultKey +
		" (in template.yaml by KmsKeyArns, or AdditionalKmsKeyArns for roles of other stacks); the key's policy must allow it too, or leave it " +
		"to IAM by a statement for the account's root. Or set ManageKeyPolicies to false. Have its owner add the statement in " +
		"attribute RequiredKeyPolicyStatements to its policy."
	if diff := cmp.Diff(want, answer.Data[properties.AttrWarnings]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r.must(cfn.Delete, answer.PhysicalResourceID, encrypted(nil), nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +left:\n%s", diff)
	}
	r.heal()
}

// A key whose policy has the statement stands in the way of the role's deletion until its policy can be read: the statement would name a
// principal that doesn't exist, and AWS would refuse every change of that policy.
func TestDefaultEncryptionWithAKeyThatWasClosedSince(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	id := r.must(cfn.Create, "", encrypted(nil), nil)
	r.deny("kms:GetKeyPolicy")
	if answer := r.deliver(cfn.Delete, id, encrypted(nil), nil); succeeded(answer) || !strings.Contains(answer.Reason, "kms:GetKeyPolicy") {
		t.Errorf("%+v", answer)
	}
	r.world.Encrypt("more-data", r.key)
	if answer := r.deliver(cfn.Update, id, encrypted(props{"Description": "new"}), encrypted(nil)); !succeeded(answer) {
		t.Errorf("%+v", answer)
	}
	r.heal()
	r.must(cfn.Delete, id, encrypted(props{"Description": "new"}), nil)
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +left:\n%s", diff)
	}
}
