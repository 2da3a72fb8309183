package findings

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"personalize-role/lambda/internal/policy"
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

// given is what a state is made of. The zero value is a role that imports from bucket data, of which nothing is wrong.
type given struct {
	region string
	// props change the properties, observed what was found.
	props    func(*properties.Properties)
	observed func(*servicerole.Observed, *servicerole.Inspected)
	// bucket and key are statements of their policies that others own; unread leaves the key's out.
	bucket, key string
	merges      bool
}

func (g given) state(t *testing.T) State {
	t.Helper()
	stack := stackID
	if g.region != "" {
		stack = strings.Replace(stack, "eu-west-1", g.region, 1)
	}
	i, err := servicerole.NewIdentity(stack, "Role")
	if err != nil {
		t.Fatal(err)
	}
	p, err := properties.Parse([]byte(`{"RoleName":"R","Buckets":["data"],"PersonalizeAccess":"None"}`))
	if err != nil {
		t.Fatal(err)
	}
	if g.props != nil {
		g.props(&p)
	}
	d, err := servicerole.New(i, p)
	if err != nil {
		t.Fatal(err)
	}
	o := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{}, Keys: map[string]servicerole.ObservedShared{}}
	for _, b := range d.Buckets {
		o.Buckets[b.Name] = servicerole.ObservedShared{Presence: servicerole.Present, Policy: document(g.bucket)}
	}
	o.Keys[keyARN] = servicerole.ObservedShared{Presence: servicerole.Present, State: enabled, Policy: document(root + "," + g.key)}
	s := State{Now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	if g.observed != nil {
		g.observed(&o, &s.Inspected)
	}
	s.Desired = d.Given(o)
	for _, b := range s.Desired.Buckets {
		if found := o.Buckets[b.Name]; b.Managed && found.Presence == servicerole.Present {
			found.Policy = merged(t, found.Policy, s.Desired.Sid, b.Statements...)
			o.Buckets[b.Name] = found
			if g.merges {
				s.Merges = append(s.Merges, b.Name)
			}
		}
	}
	for _, key := range s.Desired.Keys {
		if found := o.Keys[key.ARN]; key.Managed && found.Presence == servicerole.Present {
			found.Policy = merged(t, found.Policy, s.Desired.Sid, key.Statement)
			o.Keys[key.ARN] = found
		}
	}
	s.Observed = o
	return s
}

// document is a policy with some statements; empty without any.
func document(statements string) string {
	if statements = strings.Trim(statements, ","); statements == "" {
		return ""
	}
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func merged(t *testing.T, text, sid string, statements ...policy.Statement) string {
	t.Helper()
	shared, err := policy.ParseShared(text)
	if err != nil {
		t.Fatal(err)
	}
	next, _ := shared.Put(sid, statements)
	return next.String()
}

func deny(members string) string {
	return `{"Sid":"D","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"],` + members + `}`
}

func when(condition string) string { return deny(`"Condition":{` + condition + `}`) }

const notInVPC = `"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`

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
	{name: "nobody else writes", given: given{observed: settings(servicerole.BucketSettings{ObjectWriter: true}),
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

var errDenied = errors.New("read it: AccessDenied")

const (
	otherWriter = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:PutObject",` +
		`"Resource":"arn:aws:s3:::data/*"}`
	public     = `{"Sid":"P","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}`
	everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

func customerKeys(missing string) string {
	return `{"Sid":"C","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::data/*","Condition":` +
		`{"Null":{"s3:x-amz-server-side-encryption-customer-algorithm":"` + missing + `"}}}`
}

func keyDeny(members string) string {
	return `{"Sid":"D","Effect":"Deny","Principal":"*","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":"*",` + members + `}`
}

func unmanaged(p *properties.Properties) { p.Buckets[0].ManageBucketPolicy = false }

func withKey(p *properties.Properties) { p.KmsKeyArns = []string{keyARN} }

func withBucketKey(p *properties.Properties) { p.Buckets[0].KmsKeyArn = keyARN }

func unmanagedKey(p *properties.Properties) {
	p.KmsKeyArns, p.ManageKeyPolicies = []string{keyARN}, false
}

func bounded(p *properties.Properties) { p.PermissionsBoundary = boundary }

func organization(id string) func(*properties.Properties) {
	return func(p *properties.Properties) { p.OrganizationID = id }
}

func uses(names ...string) func(*properties.Properties) {
	return func(p *properties.Properties) { p.Buckets[0].Uses = names }
}

func prefix(names ...string) func(*properties.Properties) {
	return func(p *properties.Properties) { p.Buckets[0].Prefixes = names }
}

type found = func(*servicerole.Observed, *servicerole.Inspected)

func bucketIs(is servicerole.ObservedShared) found {
	return func(o *servicerole.Observed, _ *servicerole.Inspected) { o.Buckets["data"] = is }
}

func keyIs(is servicerole.ObservedShared) found {
	return func(o *servicerole.Observed, _ *servicerole.Inspected) { o.Keys[keyARN] = is }
}

func defaultKey(key servicerole.DefaultKey) found {
	return func(o *servicerole.Observed, _ *servicerole.Inspected) {
		b := o.Buckets["data"]
		b.DefaultKey = &key
		o.Buckets["data"] = b
	}
}

func settings(of servicerole.BucketSettings) found {
	return func(_ *servicerole.Observed, i *servicerole.Inspected) {
		i.Buckets = map[string]servicerole.BucketSettings{"data": of}
	}
}

func boundaryIs(statements string) found {
	return func(_ *servicerole.Observed, i *servicerole.Inspected) { i.Boundary = document(statements) }
}

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

// TestRemedies applies what findings about policies recommend, one after the other, until nothing is found.
func TestRemedies(t *testing.T) {
	for _, c := range cases {
		ofPolicies := []Code{BucketPolicyDenies, BucketPolicyLacksStatement, KeyPolicyDenies, KeyPolicyLacksStatement, BoundaryLacksPermission,
			PrincipalDeleted, CustomerProvidedKeys, PublicPolicyBlocked}
		if c.severity == "" || !slices.Contains(ofPolicies, c.code) {
			continue
		}
		t.Run(string(c.code)+" "+c.name, func(t *testing.T) {
			s := c.state(t)
			for range 3 {
				all := Of(s)
				if len(all) == 0 {
					return
				}
				f, b, key := all[0], s.Observed.Buckets["data"], s.Observed.Keys[keyARN]
				withFix := []Code{BucketPolicyDenies, KeyPolicyDenies, BoundaryLacksPermission}
				if slices.Contains(withFix, f.Code) != (f.Fix != "") {
					t.Fatalf("%s has the statement %q to paste", f, f.Fix)
				}
				switch f.Code {
				case BucketPolicyDenies:
					b.Policy = replaced(t, b.Policy, f)
				case KeyPolicyDenies:
					key.Policy = replaced(t, key.Policy, f)
				case BucketPolicyLacksStatement:
					// As RequiredBucketPolicyStatements has them, or merged once the source need not be told.
					statements := slices.Clone(s.Desired.Buckets[0].Statements)
					statements[0].Condition = nil
					b.Policy = merged(t, b.Policy, s.Desired.Sid, statements...)
				case KeyPolicyLacksStatement:
					key.Policy = merged(t, key.Policy, s.Desired.Sid, s.Desired.Keys[0].Statement)
				case PrincipalDeleted:
					b.Policy = strings.Replace(b.Policy, "AROA1234567890EXAMPLE", "arn:aws:iam::"+account+":role/New", 1)
				case CustomerProvidedKeys, PublicPolicyBlocked:
					shared, err := policy.ParseShared(b.Policy)
					if err != nil {
						t.Fatal(err)
					}
					shared, _ = shared.Remove(map[Code]string{CustomerProvidedKeys: "C", PublicPolicyBlocked: "P"}[f.Code])
					b.Policy = shared.String()
				default:
					// What denies is removed.
					allowing, _, _ := strings.Cut(s.Inspected.Boundary[strings.Index(s.Inspected.Boundary, "[")+1:], `,{"Effect":"Deny"`)
					s.Inspected.Boundary = document(strings.TrimSuffix(allowing, "]}") + "," + f.Fix)
				}
				s.Observed.Buckets["data"], s.Observed.Keys[keyARN] = b, key
			}
			t.Errorf("there still are %q", Of(s))
		})
	}
}

// replaced returns a policy with the statement that a finding is about as the finding recommends it.
func replaced(t *testing.T, text string, f Finding) string {
	t.Helper()
	shared, err := policy.ParseShared(text)
	if err != nil {
		t.Fatal(err)
	}
	statements := slices.Clone(shared.Statements())
	n := slices.IndexFunc(statements, func(s json.RawMessage) bool { return policy.Label(s) == f.Statement })
	if n < 0 {
		t.Fatalf("no statement is %s", f.Statement)
	}
	statements[n] = json.RawMessage(f.Fix)
	var b strings.Builder
	for _, s := range statements {
		b.WriteString("," + string(s))
	}
	return document(b.String())
}

func TestChanges(t *testing.T) {
	former := given{props: func(p *properties.Properties) {
		p.PersonalizeAccess, p.PermissionsBoundary = "AmazonPersonalizeFullAccess", boundary
	}}.
		state(t).Desired
	asProvisioned := func() *servicerole.ObservedRole {
		return &servicerole.ObservedRole{RoleRef: former.Role.RoleRef, Trust: former.Role.Trust, Boundary: boundary,
			Attached: append(former.Attachments(), "arn:aws:iam::aws:policy/Other"),
			Tags:     map[string]string{servicerole.TagVersion: properties.Version}}
	}
	for _, c := range []struct {
		name   string
		change func(*servicerole.ObservedRole)
		want   string
	}{
		{"nothing", func(*servicerole.ObservedRole) {}, ""},
		{"the form of the trust policy", func(r *servicerole.ObservedRole) {
			r.Trust = strings.Replace(r.Trust, `"sts:AssumeRole"`, `["sts:AssumeRole"]`, 1)
		}, ""},
		{"the trust policy", func(r *servicerole.ObservedRole) {
			r.Trust = strings.Replace(r.Trust, "personalize", "sagemaker", 1)
		}, "the trust policy of role R was changed"},
		{"the boundary", func(r *servicerole.ObservedRole) { r.Boundary = boundary + "2" }, "was changed to " + boundary + "2"},
		{"no boundary", func(r *servicerole.ObservedRole) { r.Boundary = "" }, "the permissions boundary of role R was removed"},
		{"a policy", func(r *servicerole.ObservedRole) { r.Attached = r.Attached[1:] }, "AmazonPersonalizeFullAccess was detached from role R"},
		{"another version", func(r *servicerole.ObservedRole) { r.Tags, r.Boundary = nil, "" }, ""},
	} {
		role := asProvisioned()
		c.change(role)
		all := OfChanges(former, servicerole.Observed{Role: role})
		if c.want == "" != (len(all) == 0) || len(all) == 1 && !strings.Contains(all[0].Problem, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, all, c.want)
		}
	}
	if all := OfChanges(former, servicerole.Observed{}); len(all) > 0 {
		t.Errorf("found %q without a role", all)
	}
}

func TestTagsLeftOut(t *testing.T) {
	s := given{}.state(t)
	s.Desired.LeftOut = []string{"ü", "aws:x"}
	all := Of(s)
	if len(all) != 1 || all[0].Code != TagsLeftOut || !strings.Contains(all[0].Problem, "ü, aws:x") {
		t.Errorf("found %q", all)
	}
	if f := Abandoned("bucket data", []string{"A", "B"}); f.Code != StatementAbandoned || !strings.Contains(f.String(), "A, B") {
		t.Errorf("found %q", f)
	}
}

func TestQuestions(t *testing.T) {
	q := given{bucket: otherWriter + "," + public, merges: true, props: bounded}.state(t).Questions()
	if len(q.Payment) != 1 || len(q.Ownership) != 1 || len(q.PublicAccess) != 1 || q.Boundary != boundary {
		t.Errorf("the questions are %+v", q)
	}
	q = given{observed: bucketIs(servicerole.ObservedShared{Presence: servicerole.InAnotherAccount})}.state(t).Questions()
	if len(q.Payment)+len(q.Ownership)+len(q.PublicAccess) > 0 || q.Boundary != "" {
		t.Errorf("the questions are %+v", q)
	}
}
