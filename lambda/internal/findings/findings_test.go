package findings

import (
	"slices"
	"strings"
	"testing"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

const (
	account  = "123456789012"
	stackID  = "arn:aws:cloudformation:eu-west-1:" + account + ":stack/app/0f3c"
	keyARN   = "arn:aws:kms:eu-west-1:" + account + ":key/1"
	boundary = "arn:aws:iam::" + account + ":policy/Boundary"
	roleARN  = "arn:aws:iam::" + account + ":role/R"
	root     = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}`
)

// cases have, for each code, states in which it appears, and states that look alike and in which nothing does.
var cases = []struct {
	name string
	given
	code Code
	// severity and who are those of the finding; an empty severity says that there must be none at all.
	severity Severity
	who      string
}{
	{name: "nothing is wrong", code: BucketPolicyDenies},
	{"only a VPC endpoint is let in", given{bucket: when(notInVPC)}, BucketPolicyDenies, Error, "both"},
	{"everybody is denied", given{bucket: deny(`"Condition":{}`)}, BucketPolicyDenies, Error, "both"},
	{"services are excepted", given{bucket: when(notInVPC + `,"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}`)}, BucketPolicyDenies,
		Error, "role"},
	{"forwarded calls are excepted",
		given{bucket: when(notInVPC + `,"BoolIfExists":{"aws:ViaAWSService":"false"}`)}, BucketPolicyDenies, Error,
		"both"},
	{"other roles are excepted", given{bucket: when(`"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::` + account + `:role/Admin*"}`)},
		BucketPolicyDenies, Error, "both"},
	{"the account is excepted", given{bucket: when(`"StringNotEquals":{"aws:PrincipalAccount":"` + account + `"}`)}, BucketPolicyDenies, Error,
		"service"},
	{"NotPrincipal", given{bucket: `{"Sid":"D","Effect":"Deny","NotPrincipal":{"AWS":"` + account + `"},"Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::data/*"}`}, BucketPolicyDenies, Error, "both"},
	{"an address", given{bucket: when(`"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}`)}, BucketPolicyDenies, Warning, "both"},
	{"an organisation that isn't known", given{bucket: when(`"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},` +
		`"Bool":{"aws:PrincipalIsAWSService":"false"}`)}, BucketPolicyDenies, Warning, "role"},
	{"another organisation", given{bucket: when(`"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},` +
		`"Bool":{"aws:PrincipalIsAWSService":"false"}`), props: organization("o-0000000000")}, BucketPolicyDenies, Error, "role"},
	{"some objects", given{bucket: `{"Sid":"D","Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/x/*"}`},
		BucketPolicyDenies, Warning, "both"},
	{"a header of uploads", given{bucket: `{"Sid":"D","Effect":"Deny","Principal":"*","Action":"s3:PutObject",` +
		`"Resource":"arn:aws:s3:::data/*","Condition":{"StringNotEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}}`,
		props: uses(properties.UseDatasetExport)}, BucketPolicyDenies, Warning, "both"},

	{name: "TLS", given: given{bucket: when(`"Bool":{"aws:SecureTransport":"false"}`)}, code: BucketPolicyDenies},
	{name: "TLS 1.2", given: given{bucket: when(`"NumericLessThan":{"s3:TlsVersion":"1.2"}`)}, code: BucketPolicyDenies},
	{name: "another action", given: given{bucket: `{"Effect":"Deny","Principal":"*","Action":["s3:DeleteBucket","s3:PutObject"],` +
		`"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`}, code: BucketPolicyDenies},
	{name: "another user", given: given{bucket: `{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::` +
		account + `:user/joe"},"Action":"s3:*",` +
		`"Resource":"*"}`}, code: BucketPolicyDenies},
	{name: "another prefix", given: given{bucket: `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::data/x/*"}`,
		props: prefix("in/")}, code: BucketPolicyDenies},
	{name: "both are excepted", given: given{bucket: when(notInVPC + `,"ArnNotEquals":{"aws:PrincipalArn":"` + roleARN +
		`"},"Null":{"aws:PrincipalServiceName":"true"}`)}, code: BucketPolicyDenies},
	{name: "the own organisation", given: given{bucket: when(`"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},` +
		`"Bool":{"aws:PrincipalIsAWSService":"false"}`), props: organization("o-a1b2c3d4e5")}, code: BucketPolicyDenies},

	{"a policy that isn't managed", given{props: unmanaged}, BucketPolicyLacksStatement, Error, "service"},
	{"source conditions that are required", given{props: func(p *properties.Properties) { p.Buckets[0].RequireSourceConditions = true }},
		BucketPolicyLacksStatement, Warning, "service"},
	{name: "a policy that isn't managed and has the statement by hand", given: given{props: unmanaged,
		bucket: `{"Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},"Action":["s3:Get*","s3:List*"],"Resource":"*"}`},
		code: BucketPolicyLacksStatement},

	{"a policy that can't be read", given{observed: bucketIs(servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied})},
		BucketPolicyUnreadable, Warning, ""},
	{"a bucket of another account", given{observed: bucketIs(servicerole.ObservedShared{Presence: servicerole.InAnotherAccount})},
		BucketOfAnotherAccount, Warning, ""},
	{"a bucket that is gone", given{observed: bucketIs(servicerole.ObservedShared{})}, BucketMissing, Error, ""},
	{"a bucket in another Region", given{observed: bucketIs(servicerole.ObservedShared{Presence: servicerole.InAnotherRegion,
		Region: "us-east-1"})}, BucketInAnotherRegion, Error, ""},

	{"Requester Pays", given{observed: settings(servicerole.BucketSettings{RequesterPays: true})}, RequesterPays, Warning, ""},
	{"objects of other accounts", given{observed: settings(servicerole.BucketSettings{ObjectWriter: true}), bucket: otherWriter},
		ObjectsOfOtherAccounts, Warning, ""},
	{name: "objects of the bucket's owner", given: given{bucket: otherWriter}, code: ObjectsOfOtherAccounts},
	{name: "no other account writes", given: given{observed: settings(servicerole.BucketSettings{ObjectWriter: true}),
		bucket: strings.ReplaceAll(otherWriter, "PutObject", "GetObject")}, code: ObjectsOfOtherAccounts},
	{name: "nothing is read", given: given{observed: settings(servicerole.BucketSettings{ObjectWriter: true}), bucket: otherWriter,
		props: uses(properties.UseDatasetExport)}, code: ObjectsOfOtherAccounts},
	{"keys of customers", given{bucket: customerKeys("true")}, CustomerProvidedKeys, Warning, ""},
	{name: "no keys of customers", given: given{bucket: customerKeys("false")}, code: CustomerProvidedKeys},
	{"a public policy that is blocked", given{bucket: public, merges: true,
		observed: settings(servicerole.BucketSettings{BlocksPublicPolicy: true})}, PublicPolicyBlocked, Error, ""},
	{name: "a public policy that isn't blocked", given: given{bucket: public, merges: true}, code: PublicPolicyBlocked},
	{name: "a policy that isn't public", given: given{bucket: strings.Replace(public, "}", `,"Condition":{"StringEquals":`+
		`{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}}`, 1), merges: true, observed: settings(servicerole.BucketSettings{BlocksPublicPolicy: true})},
		code: PublicPolicyBlocked},
	{name: "nothing is merged", given: given{bucket: public, observed: settings(servicerole.BucketSettings{BlocksPublicPolicy: true})},
		code: PublicPolicyBlocked},

	{"a key that denies", given{props: withKey, key: keyDeny(`"Condition":{"StringNotEquals":{"aws:PrincipalArn":"arn:aws:iam::` + account +
		`:role/App"}}`)}, KeyPolicyDenies, Error, "both"},
	{"a key that only lets in calls by S3, of dataset groups", given{props: withKey, key: keyDeny(`"Condition":{"StringNotEquals":` +
		`{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`)}, KeyPolicyDenies, Warning, "both"},
	{name: "a key that only lets in calls by S3, of a bucket", given: given{props: withBucketKey, key: keyDeny(`"Condition":` +
		`{"StringNotEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}`)}, code: KeyPolicyDenies},
	{name: "a key that can't be deleted", given: given{props: withKey, key: `{"Effect":"Deny","Principal":"*","Action":"kms:Schedule*",` +
		`"Resource":"*"}`}, code: KeyPolicyDenies},
	{"a key whose policy isn't managed", given{props: unmanagedKey}, KeyPolicyLacksStatement, Error, "role"},
	{"a default key whose policy isn't managed", given{observed: defaultKey(servicerole.DefaultKey{ID: keyARN, ARN: keyARN}),
		props: func(p *properties.Properties) { p.ManageKeyPolicies = false }}, KeyPolicyLacksStatement, Warning, "service"},
	{name: "a key with the statement by hand", given: given{props: unmanagedKey, key: `{"Effect":"Allow","Principal":` +
		`{"Service":"personalize.amazonaws.com","AWS":"` + roleARN + `"},"Action":"kms:*","Resource":"*"}`}, code: KeyPolicyLacksStatement},
	{name: "a key that is managed", given: given{props: withKey}, code: KeyPolicyLacksStatement},
	{name: "a default key that is managed", given: given{observed: defaultKey(servicerole.DefaultKey{ID: keyARN, ARN: keyARN})},
		code: KeyPolicyLacksStatement},
	{"a key that can't be read", given{props: withKey, observed: keyIs(servicerole.ObservedShared{Presence: servicerole.Denied,
		Denial: errDenied})}, KeyPolicyUnreadable, Warning, ""},
	{"a default key that can't be read", given{observed: func(o *servicerole.Observed, i *servicerole.Inspected) {
		defaultKey(servicerole.DefaultKey{ID: keyARN, ARN: keyARN})(o, i)
		keyIs(servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied})(o, i)
	}}, KeyPolicyUnreadable, Warning, ""},
	{"a key of another account", given{props: func(p *properties.Properties) {
		p.KmsKeyArns = []string{"arn:aws:kms:eu-west-1:999999999999:key/1"}
	}}, KeyOfAnotherAccount, Warning, ""},
	{"a key that is gone", given{props: withKey, observed: keyIs(servicerole.ObservedShared{})}, KeyMissing, Error, ""},
	{"a key that will be gone", given{props: withKey, observed: keyIs(servicerole.ObservedShared{Presence: servicerole.Present,
		State: "PendingDeletion"})}, KeyMissing, Error, ""},
	{"a key that is disabled", given{props: withKey, observed: keyIs(servicerole.ObservedShared{Presence: servicerole.Present,
		State: "Disabled"})}, KeyNotEnabled, Error, ""},
	{"aws/s3", given{observed: defaultKey(servicerole.DefaultKey{AWSManaged: true})}, DefaultKeyOfAWS, Warning, ""},
	{name: "aws/s3, while the properties name the key", given: given{props: withBucketKey,
		observed: defaultKey(servicerole.DefaultKey{AWSManaged: true})}, code: DefaultKeyOfAWS},
	{"a default key of another Region", given{observed: defaultKey(servicerole.DefaultKey{ID: "x",
		ARN: "arn:aws:kms:us-east-1:" + account + ":key/1"})}, DefaultKeyElsewhere, Warning, ""},
	{"a default key of another account", given{observed: defaultKey(servicerole.DefaultKey{ID: "x",
		ARN: "arn:aws:kms:eu-west-1:999999999999:key/1"})}, DefaultKeyElsewhere, Warning, ""},
	{"a default key that is gone", given{observed: defaultKey(servicerole.DefaultKey{ID: "alias/gone"})}, DefaultKeyMissing, Warning, ""},
	{"a default key that can't be told", given{observed: defaultKey(servicerole.DefaultKey{Denial: errDenied})},
		DefaultKeyUnknown, Warning, ""},
	{"a default key that can't be resolved", given{observed: defaultKey(servicerole.DefaultKey{ID: "alias/a", Denial: errDenied})},
		DefaultKeyUnknown, Warning, ""},

	{"a boundary for other buckets", given{props: bounded, observed: boundaryIs(`{"Effect":"Allow","Action":"s3:*",` +
		`"Resource":["arn:aws:s3:::other","arn:aws:s3:::other/*"]}`)}, BoundaryLacksPermission, Error, "role"},
	{"a boundary that denies", given{props: bounded, observed: boundaryIs(everything + `,{"Effect":"Deny","Action":"s3:GetObject",` +
		`"Resource":"*"}`)}, BoundaryLacksPermission, Error, "role"},
	{"a boundary for an organisation", given{props: bounded, observed: boundaryIs(`{"Effect":"Allow","Action":"*","Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:ResourceOrgID":"o-a1b2c3d4e5"}}}`)}, BoundaryLacksPermission, Warning, "role"},
	{name: "a boundary that allows it", given: given{props: bounded, observed: boundaryIs(everything)}, code: BoundaryLacksPermission},
	{name: "a boundary that isn't known", given: given{props: bounded}, code: BoundaryLacksPermission},
	{name: "a boundary that only bounds other actions", given: given{props: bounded, observed: boundaryIs(everything +
		`,{"Effect":"Deny","Action":"iam:*","Resource":"*"}`)}, code: BoundaryLacksPermission},

	{"nothing is allowed", given{props: func(p *properties.Properties) { p.Buckets = nil }}, NoPermissions, Warning, ""},
	{"no source conditions", given{props: func(p *properties.Properties) { p.SourceConditions = false }}, NoSourceConditions, Suggestion, ""},
	{"a Region without Personalize", given{region: "eu-north-1"}, RegionUnknown, Warning, ""},
	{name: "a Region without Personalize, others named", given: given{region: "eu-north-1",
		props: func(p *properties.Properties) { p.SourceRegions = []string{"eu-west-1"} }}, code: RegionUnknown},
	{"another Region without Personalize", given{props: func(p *properties.Properties) { p.SourceRegions = []string{"*", "sa-east-1"} }},
		RegionUnknown, Warning, ""},
	{"a principal that was deleted", given{bucket: `{"Effect":"Allow","Principal":{"AWS":"AROA1234567890EXAMPLE"},"Action":"s3:GetObject",` +
		`"Resource":"*"}`, props: unmanaged, observed: nil}, PrincipalDeleted, Suggestion, ""},
	{name: "the ID of a role in a condition", given: given{bucket: when(`"StringNotLike":{"aws:userid":"AROA1234567890EXAMPLE:*"},` +
		`"Null":{"aws:PrincipalServiceName":"true"},"ArnNotEquals":{"aws:PrincipalArn":"` + roleARN + `"}`)}, code: PrincipalDeleted},
	{"a policy of AWS that is replaced", given{props: func(p *properties.Properties) { p.CloudWatchAccess = properties.CloudWatchFullAccess }},
		PolicySuperseded, Suggestion, ""},
	{"reads that were denied", given{observed: func(_ *servicerole.Observed, i *servicerole.Inspected) { i.Denials = []error{errDenied} }},
		NotChecked, Suggestion, ""},
}

const (
	otherWriter = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:PutObject",` +
		`"Resource":"arn:aws:s3:::data/*"}`
	public     = `{"Sid":"P","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}`
	everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

func TestFindings(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range cases {
		t.Run(string(c.code)+" "+c.name, func(t *testing.T) {
			all := Of(c.state(t))
			if c.severity == "" {
				if len(all) > 0 {
					t.Fatalf("found %q, want nothing", all)
				}
				return
			}
			seen[c.code] = true
			n := slices.IndexFunc(all, func(f Finding) bool { return f.Code == c.code })
			if n < 0 || len(all) > 1 && all[0].Code != all[1].Code && c.code != PrincipalDeleted {
				t.Fatalf("found %q, want %s alone", all, c.code)
			}
			who := map[string][]string{"": nil, "both": {Role, Service}, "role": {Role}, "service": {Service}}[c.who]
			if f := all[n]; f.Severity != c.severity || !slices.Equal(f.Identities, who) {
				t.Errorf("%s is a %s about %q, want %s about %q", f, f.Severity, f.Identities, c.severity, who)
			}
			for _, f := range all {
				if f.Severity == Warning && f.Identities != nil && len(f.DependsOn) == 0 && c.code != KeyPolicyLacksStatement {
					t.Errorf("%s doesn't say what it depends on", f)
				}
				if !strings.HasSuffix(f.Problem, ".") || !strings.HasSuffix(f.Remedy, ".") {
					t.Errorf("%q, %q aren't sentences", f.Problem, f.Remedy)
				}
			}
		})
	}
	others := []Code{RoleChanged, StatementAbandoned, TagsLeftOut}
	for _, code := range Codes() {
		if !seen[code] && !slices.Contains(others, code) {
			t.Errorf("no case has %s", code)
		}
	}
}
