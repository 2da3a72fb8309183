package findings

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

func TestOfSharedPolicies(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/1"
	present := servicerole.ObservedShared{Presence: servicerole.Present}
	denied := servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errors.New("read it: AccessDenied")}
	bucket := func(found servicerole.ObservedShared) servicerole.Observed {
		return servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{"data": found},
			Keys: map[string]servicerole.ObservedShared{key: present}}
	}
	withKey := func(found servicerole.ObservedShared) servicerole.Observed {
		return servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{"data": present},
			Keys: map[string]servicerole.ObservedShared{key: found}}
	}
	role := servicerole.Role{RoleRef: servicerole.RoleRef{ARN: "arn:aws:iam::123456789012:role/R"}}
	grant := servicerole.BucketGrant{Name: "data", Statements: []policy.Statement{{Action: policy.Values{"s3:GetObject"},
		Resource: policy.Values{"arn:aws:s3:::data/*"}}}}
	desired := servicerole.Desired{Role: role, Buckets: []servicerole.BucketGrant{grant}, Keys: []servicerole.KeyGrant{{ARN: key}}}
	ofOthers := desired
	ofOthers.Keys = []servicerole.KeyGrant{{ARN: "arn:aws:kms:eu-west-1:999999999999:key/1", OfOthers: true}}
	for _, c := range []struct {
		name    string
		desired servicerole.Desired
		found   servicerole.Observed
		want    []string
	}{
		{"all well", desired, bucket(present), nil},
		{"bucket of another account", desired, bucket(servicerole.ObservedShared{Presence: servicerole.InAnotherAccount}),
			[]string{"bucket data belongs to another account. Its owner must add the statement in attribute RequiredBucketPolicyStatements " +
				"to the bucket policy."}},
		{"bucket gone", desired, bucket(servicerole.ObservedShared{}), []string{"bucket data no longer exists. Remove it from Buckets."}},
		{"bucket moved", desired, bucket(servicerole.ObservedShared{Presence: servicerole.InAnotherRegion, Region: "us-east-1"}),
			[]string{"bucket data is now in us-east-1. Personalize can't read it from this Region."}},
		{"bucket denied", desired, bucket(denied), []string{"the policy of bucket data can't be read and was not changed: read it: " +
			"AccessDenied."}},
		{"bucket of a VPC", desired, bucket(servicerole.ObservedShared{Presence: servicerole.Present,
			Policy: `{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*",` +
				`"Condition":{"StringNotEquals":{"aws:sourceVpc":"vpc-1"}}}}`}),
			[]string{"the policy of bucket data denies access by aws:SourceVpc, which can block Personalize. Exclude the role " +
				"(aws:PrincipalArn arn:aws:iam::123456789012:role/R) and the service (aws:PrincipalServiceName personalize.amazonaws.com) from " +
				"that Deny."}},
		{"key gone", desired, withKey(servicerole.ObservedShared{}),
			[]string{"KMS key " + key + " no longer exists or is pending deletion. Remove it from the properties."}},
		{"key doomed", desired, withKey(servicerole.ObservedShared{Presence: servicerole.Present, State: "PendingDeletion"}),
			[]string{"KMS key " + key + " no longer exists or is pending deletion. Remove it from the properties."}},
		{"key disabled", desired, withKey(servicerole.ObservedShared{Presence: servicerole.Present, State: "Disabled"}),
			[]string{"KMS key " + key + " is Disabled, so it can't encrypt or decrypt. Enable it."}},
		{"key denied", desired, withKey(denied), []string{"the policy of KMS key " + key +
			" can't be read and was not changed: read it: AccessDenied."}},
		{"key of another account", ofOthers, bucket(present), []string{"KMS key arn:aws:kms:eu-west-1:999999999999:key/1 belongs to " +
			"another account. Its owner must add the statement in attribute RequiredKeyPolicyStatements to the key policy."}},
	} {
		if diff := cmp.Diff(c.want, OfSharedPolicies(c.desired, c.found)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}
