package findings

import (
	"errors"
	"strings"
	"testing"
	"time"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
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

var errDenied = errors.New("read it: AccessDenied")

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
