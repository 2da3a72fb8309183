package plan

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

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
			o, old = todo.After(o), p
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
		left := todo.After(o)
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
		case UntagRole, UntagPolicy, DeleteBoundary, DetachPolicy, DeletePolicy, RemoveBucketStatements, RemoveKeyStatement:
			for m, other := range p.Steps {
				if _, adds := other.Op.(AttachPolicy); adds && !slices.Contains(step.After, m) {
					t.Fatalf("step %d takes away before step %d adds:\n%s", n+1, m+1, p)
				}
			}
		}
	}
}
