package plan

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

var identity = servicerole.Identity{
	Partition: "aws", Region: "eu-west-1", AccountID: "123456789012",
	StackID: "arn:aws:cloudformation:eu-west-1:123456789012:stack/app/guid", LogicalID: "Role",
}

// desire gives what properties, written as JSON, ask for.
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

// made is what stands once desired was made.
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

// perform is a model of IAM, S3 and KMS: what stands after a plan.
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
	case PutBucketStatement:
		edit(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Put(op.Statement) })
	case RemoveBucketStatement:
		edit(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Remove(op.Sid) })
	case PutKeyStatement:
		edit(o.Keys, op.Key, func(s policy.Shared) (policy.Shared, bool) { return s.Put(op.Statement) })
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

// TestConverge is the truth table: what was found, what is desired, what is to be done.
func TestConverge(t *testing.T) {
	nothing := empty()
	found := func(change func(*servicerole.Observed)) servicerole.Observed {
		o := made(desire(t, typical))
		change(&o)
		return o
	}
	policyARN := made(desire(t, typical)).Policies[0].ARN
	policyName := made(desire(t, typical)).Policies[0].Name
	for _, c := range []struct {
		name    string
		desired string
		former  servicerole.Footprint
		found   servicerole.Observed
		want    string
	}{
		{"nothing found", typical, servicerole.Footprint{}, nothing, `
 1  create role R
 2  create policy POLICY
 3  attach ` + full + ` to role R  after 1
 4  attach ARN to role R  after 1,2
 5  merge statement SID into the policy of bucket data  after 1
`},
		{"nothing found, no bucket", `{"RoleName":"R","PersonalizeAccess":"None"}`, servicerole.Footprint{}, nothing, `
 1  create role R
`},
		{"as desired", typical, servicerole.Footprint{}, found(func(*servicerole.Observed) {}), "\n"},
		{"made by an older version", typical, servicerole.Footprint{},
			found(func(o *servicerole.Observed) { o.Role.Tags[servicerole.TagVersion] = "0.0.1" }), "\n"},
		{"tags of others", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Role.Tags["cost"] = "7" }), "\n"},
		{"policies of others", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Attached = append(o.Role.Attached,
				"arn:aws:iam::aws:policy/X")
		}), "\n"},
		{"documents in another form", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Trust = strings.Replace(o.Role.Trust, `"sts:AssumeRole"`, `["sts:AssumeRole"]`, 1)
			o.Policies[0].Recorded = ""
			o.Policies[0].Document = strings.Replace(o.Policies[0].Document, `"s3:GetObject","s3:ListBucket"`, `"s3:ListBucket","s3:GetObject"`, 1)
		}), `
 1  record the default version of policy POLICY
`},
		{"another document on record", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Policies[0].Recorded = "x" }), `
 1  update the document of policy POLICY
 2  record the default version of policy POLICY  after 1
`},
		{"everything drifted", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Role.Trust, o.Role.Description, o.Role.Boundary, o.Role.Tags["team"] = "{}", "x", "arn:aws:iam::aws:policy/B", "x"
			o.Policies[0].Recorded = ""
			o.Role.Attached, o.Policies[0].Document, o.Policies[0].Tags = []string{cloud}, "{}", maps.Clone(o.Policies[0].Tags)
			delete(o.Policies[0].Tags, "team")
		}), `
 1  tag role R with team
 2  update description and session duration of role R
 3  replace the trust policy of role R
 4  tag policy POLICY with team
 5  update the document of policy POLICY
 6  attach ` + full + ` to role R
 7  attach ARN to role R
 8  remove the permissions boundary of role R  after 1,2,3,4,5,6,7
 9  detach ` + cloud + ` from role R  after 1,2,3,4,5,6,7
10  record the default version of policy POLICY  after 5
`},
		{"five versions", typical, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			o.Policies[0].Recorded = ""
			o.Policies[0].Document, o.Policies[0].OtherVersions = "{}", []string{"v2", "v3", "v5", "v10"}
		}), `
 1  delete version v2 of policy POLICY
 2  update the document of policy POLICY  after 1
 3  record the default version of policy POLICY  after 2
`},
		{"a boundary changes", `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"team","Value":"ml"}],` +
			`"PermissionsBoundary":"arn:aws:iam::aws:policy/B2"}`,
			servicerole.Footprint{}, found(func(o *servicerole.Observed) { o.Role.Boundary = "arn:aws:iam::aws:policy/B" }), `
 1  set the permissions boundary of role R to arn:aws:iam::aws:policy/B2
`},
		{"a tag was dropped", `{"RoleName":"R","Buckets":["data"]}`, servicerole.Footprint{TagKeys: []string{"team"}},
			found(func(*servicerole.Observed) {}), `
 1  remove tags team from role R
 2  remove tags team from policy POLICY
`},
		{"a tag's key changes its case", `{"RoleName":"R","Buckets":["data"],"Tags":[{"Key":"Team","Value":"ml"}]}`,
			servicerole.Footprint{TagKeys: []string{"team"}},
			found(func(o *servicerole.Observed) {}), `
 1  tag role R with Team
 2  tag policy POLICY with Team
 3  remove tags team from policy POLICY  after 1,2
`},
		{"no bucket any more", `{"RoleName":"R","Tags":[{"Key":"team","Value":"ml"}]}`, servicerole.Footprint{Buckets: []string{"data"}},
			found(func(o *servicerole.Observed) { o.Policies[0].OtherVersions = []string{"v1"} }), `
 1  remove statement SID from the policy of bucket data
 2  detach ARN from role R
 3  delete version v1 of policy POLICY  after 2
 4  delete policy POLICY  after 2,3
`},
		{"adopt", `{"RoleName":"R","AdoptExistingRole":true}`, servicerole.Footprint{}, found(func(o *servicerole.Observed) {
			*o = servicerole.Observed{Role: &servicerole.ObservedRole{
				RoleRef: servicerole.RoleRef{ARN: "arn:aws:iam::123456789012:role/R", Path: "/", Name: "R"}, Trust: "{}",
				MaxSessionDuration: 3600, Tags: map[string]string{}, Attached: []string{cloud},
			}}
		}), `
 1  tag role R with personalize-role:logical-id, personalize-role:original-00, personalize-role:provider-version, personalize-role:stack-id
 2  update description and session duration of role R  after 1
 3  replace the trust policy of role R  after 2
 4  attach ` + full + ` to role R  after 2
 5  detach ` + cloud + ` from role R  after 1,2,3,4
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desire(t, c.desired)
			d.Formerly = c.former
			got, err := converge(d, c.found)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer(policyARN, "ARN", policyName, "POLICY", d.Sid, "SID").Replace("\n" + got.String())
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, err := converge(d, perform(c.found, got))
			if err != nil || !again.Empty() {
				t.Errorf("planning against one's own result gives %v\n%s", err, again)
			}
		})
	}
}

func TestConvergeRefuses(t *testing.T) {
	role := func(arn string, tags map[string]string) servicerole.Observed {
		name := servicerole.RoleRef{ARN: arn, Path: "/", Name: "R"}
		return servicerole.Observed{Role: &servicerole.ObservedRole{RoleRef: name, Tags: tags}}
	}
	another := map[string]string{servicerole.TagStackID: "arn:other", servicerole.TagLogicalID: "X"}
	const arn = "arn:aws:iam::123456789012:role/R"
	theirPolicy := made(desire(t, typical))
	theirPolicy.Policies[0].Tags = nil
	used := made(desire(t, typical))
	used.Policies[0].Users = []string{"user joe"}
	big := map[string]string{}
	for n := range 48 {
		big[string(rune('a'+n%26))+strings.Repeat("x", n)] = ""
	}
	for _, c := range []struct {
		name, desired string
		found         servicerole.Observed
		want          string
	}{
		{"nobody's role", typical, role(arn, nil), "role " + arn + " already exists and is not managed by this stack. Nothing was " +
			"changed. Choose another RoleName, leave RoleName out, or set AdoptExistingRole to true to adopt the role."},
		{"another stack's role", typical, role(arn, another), "role " + arn + " already exists and is managed by resource X of stack " +
			"arn:other. Nothing was changed. Choose another RoleName. If that stack no longer exists, remove the role's tags that start " +
			"with personalize-role: and set AdoptExistingRole to true."},
		{"another stack's role, adopted", `{"RoleName":"R","AdoptExistingRole":true}`, role(arn, another),
			"role " + arn + " already exists and is managed by resource X of stack arn:other. Nothing was changed. Choose another RoleName. " +
				"If that stack no longer exists, remove the role's tags that start with personalize-role: and set AdoptExistingRole to true."},
		{"adopt below another path", `{"RoleName":"R","AdoptExistingRole":true}`, role("arn:aws:iam::123456789012:role/p/R", nil),
			"role arn:aws:iam::123456789012:role/p/R can't be adopted as " + arn +
				". Nothing was changed. Set Path and RoleName to those of the existing role."},
		{"adopt with too many tags", `{"RoleName":"R","AdoptExistingRole":true}`, role(arn, big), "role " + arn + " can't be adopted: it " +
			"would have 52 tags, including 1 that record its original state, and IAM allows 50. Nothing was changed. Remove tags from the " +
			"role, or create a new role."},
		{"their policy", typical, theirPolicy, "managed policy " + theirPolicy.Policies[0].ARN + " already exists and is not managed by " +
			"this stack. Nothing was changed. Choose another PolicyName, or delete that policy if it is no longer needed."},
		{"a dropped policy that others use", `{"RoleName":"R"}`, used, "managed policy " + used.Policies[0].ARN + " is no longer needed " +
			"but still attached to user joe. Nothing was changed. Detach it there, then deploy again."},
	} {
		t.Run(c.name, func(t *testing.T) {
			todo, err := converge(desire(t, c.desired), c.found)
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v and plan\n%s, want a refusal", err, todo)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDestroy(t *testing.T) {
	p, err := properties.Parse(json.RawMessage(typical))
	if err != nil {
		t.Fatal(err)
	}
	d := desire(t, typical)
	found := func(change func(*servicerole.Observed)) servicerole.Observed {
		o := made(d)
		change(&o)
		return o
	}
	arn, name := d.Policy.ARN, d.Policy.Name
	for _, c := range []struct {
		name   string
		force  bool
		found  servicerole.Observed
		want   string
		refuse string
	}{
		{"nothing", false, servicerole.Observed{}, "\n", ""},
		{"ours", false, found(func(o *servicerole.Observed) { o.Policies[0].OtherVersions = []string{"v1", "v2"} }), `
 1  remove statement SID from the policy of bucket data
 2  detach ` + full + ` from role R
 3  detach ARN from role R
 4  delete version v1 of policy POLICY  after 3
 5  delete version v2 of policy POLICY  after 3
 6  delete policy POLICY  after 3,4,5
 7  delete role R  after 1,2,3
`, ""},
		{"policy without role", false, found(func(o *servicerole.Observed) { o.Role, o.Buckets = nil, nil }), "\n 1  delete policy POLICY\n", ""},
		{"not ours", false, found(func(o *servicerole.Observed) { o.Role.Tags, o.Policies[0].Tags, o.Buckets = nil, nil, nil }), "\n", ""},
		{"a statement without role and policy", false, found(func(o *servicerole.Observed) { o.Role, o.Policies = nil, nil }),
			"\n 1  remove statement SID from the policy of bucket data\n", ""},
		{"others attached", false, found(func(o *servicerole.Observed) {
			o.Role.Attached, o.Role.Inline = append(o.Role.Attached, "arn:aws:iam::aws:policy/X"), []string{"I"}
		}), "\n",
			"role R has policies that this stack did not attach: arn:aws:iam::aws:policy/X, inline policy I. Nothing was changed. Detach " +
				"them (aws iam detach-role-policy --role-name R --policy-arn ARN; for inline policies: delete-role-policy --role-name R " +
				"--policy-name NAME), then delete again. Or set ForceDetachPolicies to true in an update before the deletion."},
		{"others attached, forced", true, found(func(o *servicerole.Observed) {
			o.Role.Attached, o.Role.Inline, o.Buckets = []string{"arn:aws:iam::aws:policy/X"}, []string{"I"}, nil
		}), `
 1  detach arn:aws:iam::aws:policy/X from role R
 2  delete inline policy I of role R
 3  delete policy POLICY
 4  delete role R  after 1,2
`, ""},
		{"others use our policy", true, found(func(o *servicerole.Observed) { o.Policies[0].Users = []string{"group ops"} }), "\n",
			"managed policy ARN is still attached to group ops. Nothing was changed. Detach it there, then delete again."},
		{"an unnamed policy of ours", false, found(func(o *servicerole.Observed) {
			o.Policies[0].PolicyRef = servicerole.PolicyRef{ARN: "arn:aws:iam::123456789012:policy/Old", Path: "/", Name: "Old"}
			o.Role.Attached, o.Buckets = []string{"arn:aws:iam::123456789012:policy/Old"}, nil
		}), `
 1  detach arn:aws:iam::123456789012:policy/Old from role R
 2  delete policy Old  after 1
 3  delete role R  after 1,2
`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := identity.Removal(d.Role.RoleRef, p)
			target.ForceDetachPolicies = c.force
			got, err := destroy(target, c.found)
			message := ""
			if err != nil {
				message = strings.ReplaceAll(err.Error(), arn, "ARN")
			}
			if diff := cmp.Diff(c.refuse, message); diff != "" {
				t.Errorf("error: -want +got:\n%s", diff)
			}
			text := strings.NewReplacer(arn, "ARN", name, "POLICY", d.Sid, "SID").Replace("\n" + got.String())
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A policy that names a key and no bucket needs nothing after it was created: a random history once found that it did.
func TestOneKeyConverges(t *testing.T) {
	d := desire(t, `{"RoleName":"R","KmsKeyArns":["`+keyOne+`"]}`)
	if again, err := converge(d, made(d)); err != nil || !again.Empty() {
		t.Errorf("%v\n%s", err, again)
	}
}

// From any state to any other in one plan, with what adds before what takes away; and from there to nothing.
func TestRandomHistories(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := empty()
		before := o
		old := properties.Properties{}
		for range rapid.IntRange(1, 5).Draw(t, "length") {
			p := draw(t)
			d, err := servicerole.New(identity, p)
			if err != nil {
				t.Fatal(err)
			}
			if o.Role != nil {
				d.Formerly = identity.Footprint(d.Role.RoleRef, old)
			}
			todo, err := converge(d, o)
			if err != nil {
				t.Fatal(err)
			}
			checkOrder(t, todo)
			o, old = perform(o, todo), p
			again, err := converge(d, o)
			if err != nil || !again.Empty() {
				t.Fatalf("not converged: %v\n%s", err, again)
			}
			if got := len(o.Policies); got > 1 {
				t.Fatalf("%d policies", got)
			}
			if d.Policy != nil && !policy.Equivalent(d.Policy.Document, o.Policies[0].Document) {
				t.Fatal("another document")
			}
		}
		todo, err := destroy(identity.Removal(o.Role.RoleRef, old), o)
		if err != nil {
			t.Fatal(err)
		}
		left := perform(o, todo)
		if left.Role != nil || len(left.Policies) > 0 {
			t.Fatalf("left behind: %+v", left)
		}
		for name, was := range before.Buckets {
			checkSame(t, "bucket "+name, was.Policy, left.Buckets[name].Policy)
		}
		for arn, was := range before.Keys {
			checkSame(t, "key "+arn, was.Policy, left.Keys[arn].Policy)
		}
	})
}

func checkSame(t *rapid.T, of, was, is string) {
	if !policy.Equivalent(was, is) {
		t.Fatalf("policy of %s: was %s, is %s", of, was, is)
	}
}

func draw(t *rapid.T) properties.Properties {
	p := properties.Properties{
		RoleName: "R", Path: "/", MaxSessionDuration: rapid.SampledFrom([]int{3600, 7200}).Draw(t, "session"),
		Description:         rapid.SampledFrom([]string{"", "d"}).Draw(t, "description"),
		CloudWatchAccess:    rapid.SampledFrom([]string{"None", "CloudWatchFullAccess", "CloudWatchFullAccessV2"}).Draw(t, "cloudwatch"),
		PersonalizeAccess:   rapid.SampledFrom([]string{"AmazonPersonalizeFullAccess", "None"}).Draw(t, "full"),
		SourceConditions:    rapid.Bool().Draw(t, "conditions"),
		PolicyName:          rapid.SampledFrom([]string{"", "P1", "P2"}).Draw(t, "policy"),
		PermissionsBoundary: rapid.SampledFrom([]string{"", "arn:aws:iam::aws:policy/B"}).Draw(t, "boundary"),
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"one", "two", "three"}), 0, 3, rapid.ID).Draw(t, "buckets") {
		p.Buckets = append(p.Buckets, properties.Bucket{
			Name: name, Uses: rapid.SampledFrom([][]string{{"DatasetImport"}, {"BatchInference"}, {"MetricAttribution", "DatasetExport"}}).Draw(t,
				"uses"),
			ManageBucketPolicy: rapid.Bool().Draw(t, "bucket policy"),
			KmsKeyArn:          rapid.SampledFrom([]string{"", keyOne}).Draw(t, "key"),
		})
	}
	p.KmsKeyArns = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{keyOne, keyTwo}), 0, 2, rapid.ID).Draw(t, "keys")
	p.ManageKeyPolicies = rapid.Bool().Draw(t, "key policy")
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3, rapid.ID).Draw(t, "tags") {
		p.Tags = append(p.Tags, properties.Tag{Key: key, Value: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "value")})
	}
	return p
}

func checkOrder(t *rapid.T, p Plan) {
	for n, step := range p.Steps {
		for _, before := range step.After {
			if before >= n {
				t.Fatalf("step %d comes after a later one", n+1)
			}
		}
		switch step.Op.(type) {
		case UntagRole, UntagPolicy, DeleteBoundary, DetachPolicy, DeletePolicy, RemoveBucketStatement, RemoveKeyStatement:
			for m, other := range p.Steps {
				if _, adds := other.Op.(AttachPolicy); adds && !slices.Contains(step.After, m) {
					t.Fatalf("step %d takes away before step %d adds:\n%s", n+1, m+1, p)
				}
			}
		}
	}
}

func TestEveryKindIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	action := regexp.MustCompile(`^(iam|s3|kms):[A-Z][A-Za-z]+$`)
	for _, op := range Kinds() {
		if _, ok := op.(RecordDocument); ok {
			// It tags, as TagPolicy does.
			continue
		}
		for _, a := range op.Actions() {
			if !action.MatchString(a) || strings.HasPrefix(a, "iam:") && seen[a] {
				t.Errorf("%T: action %q is no action of IAM, S3 or KMS, or occurs twice", op, a)
			}
			seen[a] = true
		}
	}
}

func TestDepth(t *testing.T) {
	todo, err := converge(desire(t, typical), empty())
	if err != nil || todo.Depth() != 2 {
		t.Errorf("got depth %d, %v; want 2", todo.Depth(), err)
	}
}

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
