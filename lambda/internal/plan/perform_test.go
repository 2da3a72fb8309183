package plan

import (
	"encoding/json"
	"maps"
	"slices"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

var identity = servicerole.Identity{
	Partition: "aws", Region: "eu-west-1", AccountID: "123456789012",
	StackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/guid", LogicalID: "Role",
}

// desire returns what properties, written as JSON, ask for.
func desire(t interface{ Fatal(...any) }, text string) servicerole.Desired {
	p, err := properties.Parse(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	d, err := servicerole.New(identity, p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const typical = `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"team","Value":"ml"}]}`

// made is what exists once desired was made.
func made(d servicerole.Desired) servicerole.Observed {
	o := empty()
	todo, err := converge(d, o)
	if err != nil {
		panic(err)
	}
	return perform(o, todo)
}

const (
	keyOne = "arn:aws:kms:eu-west-1:123456789012:key/1"
	keyTwo = "arn:aws:kms:eu-west-1:123456789012:key/2"
)

// foreign is a policy that others wrote.
const foreign = `{"Version":"2008-10-17","Id":"theirs","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}`

// empty is an account with buckets and keys that have policies of others, or none.
func empty() servicerole.Observed {
	present := func(policy string) servicerole.ObservedShared {
		return servicerole.ObservedShared{Presence: servicerole.Present, Policy: policy}
	}
	return servicerole.Observed{
		Buckets: map[string]servicerole.ObservedShared{"data": present(""), "one": present(""), "two": present(foreign),
			"three": present(foreign)},
		Keys: map[string]servicerole.ObservedShared{keyOne: present(foreign), keyTwo: present(foreign)},
	}
}

// perform is a model of IAM, S3 and KMS: what exists after a plan.
func perform(o servicerole.Observed, p Plan) servicerole.Observed {
	next := servicerole.Observed{Policies: slices.Clone(o.Policies), Buckets: maps.Clone(o.Buckets), Keys: maps.Clone(o.Keys)}
	if o.Role != nil {
		role := *o.Role
		role.Tags, role.Attached = maps.Clone(role.Tags), slices.Clone(role.Attached)
		next.Role = &role
	}
	for _, step := range p.Steps {
		performOne(&next, step.Op)
	}
	return next
}

func performOne(o *servicerole.Observed, op Operation) {
	find := func(name servicerole.PolicyRef) *servicerole.ObservedPolicy { return o.Policy(name.ARN) }
	switch op := op.(type) {
	case CreateRole:
		o.Role = &servicerole.ObservedRole{
			RoleRef: op.Role.RoleRef, Description: op.Role.Description, MaxSessionDuration: op.Role.MaxSessionDuration,
			Boundary: op.Role.Boundary, Trust: op.Role.Trust, Tags: maps.Clone(op.Role.Tags),
		}
	case UpdateTrust:
		o.Role.Trust = op.Document
	case UpdateRole:
		o.Role.Description, o.Role.MaxSessionDuration = op.Description, op.MaxSessionDuration
	case PutBoundary:
		o.Role.Boundary = op.Boundary
	case DeleteBoundary:
		o.Role.Boundary = ""
	case TagRole:
		maps.Copy(o.Role.Tags, op.Tags)
	case UntagRole:
		for _, k := range op.Keys {
			delete(o.Role.Tags, k)
		}
	case AttachPolicy:
		o.Role.Attached = append(o.Role.Attached, op.Policy)
	case DetachPolicy:
		o.Role.Attached = slices.DeleteFunc(o.Role.Attached, func(a string) bool { return a == op.Policy })
	case DeleteInlinePolicy:
		o.Role.Inline = slices.DeleteFunc(o.Role.Inline, func(a string) bool { return a == op.Name })
	case DeleteRole:
		o.Role = nil
	case CreatePolicy:
		o.Policies = append(o.Policies, servicerole.ObservedPolicy{
			PolicyRef: op.Policy.PolicyRef, Document: op.Policy.Document, Tags: maps.Clone(op.Policy.Tags), DefaultVersion: "v1",
			Recorded: policy.Digest(op.Policy.Document),
		})
	case CreatePolicyVersion:
		p := find(op.Policy)
		p.OtherVersions = append(slices.Clone(p.OtherVersions), p.DefaultVersion)
		p.DefaultVersion, p.Document = p.DefaultVersion+"+", op.Document
		p.Recorded = ""
	case RecordDocument:
		p := find(op.Policy)
		p.Tags, p.Recorded = maps.Clone(p.Tags), op.Digest
		p.Tags[servicerole.TagDocument] = servicerole.DocumentRecord("some version", op.Digest)
	case DeletePolicyVersion:
		p := find(op.Policy)
		p.OtherVersions = slices.DeleteFunc(slices.Clone(p.OtherVersions), func(v string) bool { return v == op.Version })
	case TagPolicy:
		p := find(op.Policy)
		p.Tags = maps.Clone(p.Tags)
		maps.Copy(p.Tags, op.Tags)
	case UntagPolicy:
		p := find(op.Policy)
		p.Tags = maps.Clone(p.Tags)
		for _, k := range op.Keys {
			delete(p.Tags, k)
		}
	case DeletePolicy:
		o.Policies = slices.DeleteFunc(o.Policies, func(p servicerole.ObservedPolicy) bool { return p.ARN == op.Policy.ARN })
	case PutBucketStatements:
		edit(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Put(op.Sid, op.Statements) })
	case RemoveBucketStatements:
		edit(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Remove(op.Sid) })
	case PutKeyStatement:
		edit(o.Keys, op.Key, func(s policy.Shared) (policy.Shared, bool) {
			return s.Put(op.Statement.Sid, []policy.Statement{op.Statement})
		})
	case RemoveKeyStatement:
		edit(o.Keys, op.Key, func(s policy.Shared) (policy.Shared, bool) { return s.Remove(op.Sid) })
	}
}

func edit(all map[string]servicerole.ObservedShared, name string, change func(policy.Shared) (policy.Shared, bool)) {
	shared, err := policy.ParseShared(all[name].Policy)
	if err != nil {
		panic(err)
	}
	changed, _ := change(shared)
	all[name] = servicerole.ObservedShared{Presence: servicerole.Present, Policy: changed.String()}
}

const (
	full  = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
	cloud = "arn:aws:iam::aws:policy/CloudWatchFullAccess"
)

// converge returns the plan, and what stands in its way as an error.
func converge(d servicerole.Desired, o servicerole.Observed) (Plan, error) {
	p := Converge(d, o)
	if r := p.Refused(false); r != nil {
		return p, r
	}
	return p, nil
}

func destroy(r servicerole.Removal, o servicerole.Observed) (Plan, error) {
	p := Destroy(r, o)
	if r := p.Refused(false); r != nil {
		return p, r
	}
	return p, nil
}
