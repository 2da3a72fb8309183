package plan

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// The limits of the policies that others own, and of tags, at their value and one beyond.
func TestLimits(t *testing.T) {
	const withKey = `{"RoleName":"R","KmsKeyArns":["` + keyOne + `"]}`
	padded := func(n int) servicerole.ObservedShared {
		return servicerole.ObservedShared{Presence: servicerole.Present, Policy: strings.Replace(foreign, "theirs", strings.Repeat("x", n), 1)}
	}
	for _, c := range []struct {
		name, desired string
		limit         int
		put           func(servicerole.Observed, servicerole.ObservedShared)
		statement     func(servicerole.Desired) policy.Statement
	}{
		{"bucket policy", typical, policy.MaxBucketPolicySize, func(o servicerole.Observed,
			s servicerole.ObservedShared) {
			o.Buckets["data"] = s
		},
			func(d servicerole.Desired) policy.Statement { return d.Buckets[0].Statements[0] }},
		{"key policy", withKey, policy.MaxKeyPolicySize, func(o servicerole.Observed, s servicerole.ObservedShared) { o.Keys[keyOne] = s },
			func(d servicerole.Desired) policy.Statement { return d.Keys[0].Statement }},
	} {
		d := desire(t, c.desired)
		shared, err := policy.ParseShared(padded(1).Policy)
		if err != nil {
			t.Fatal(err)
		}
		merged, _ := shared.Put(d.Sid, []policy.Statement{c.statement(d)})
		n := c.limit - merged.Size() + 1
		for size, ok := range map[int]bool{n: true, n + 1: false} {
			if _, err := converge(d, with(empty(), func(o servicerole.Observed) { c.put(o, padded(size)) })); (err == nil) != ok {
				t.Errorf("%s of %d characters more than its limit: %v", c.name, size-n, err)
			}
		}
	}
}

func TestTagLimits(t *testing.T) {
	d := desire(t, typical)
	own := len(d.Role.Tags)
	for others, ok := range map[int]bool{servicerole.MaxTags - own: true, servicerole.MaxTags - own + 1: false} {
		o := made(d)
		// One of the wanted tags is missing, so that tags have to be written.
		delete(o.Role.Tags, "team")
		for n := range others {
			o.Role.Tags[strings.Repeat("x", n+1)] = ""
		}
		todo, err := converge(d, o)
		if (err == nil) != ok {
			t.Errorf("%d other tags: %v", others, err)
		}
		if !ok && (todo.Refused(true) != nil || strings.Contains(todo.String(), "tag role")) {
			t.Errorf("a rollback is refused, or tags:\n%s", todo)
		}
	}
}

// Old tags go first only where old and new ones together are too many.
func TestTagsAreMadeRoomFor(t *testing.T) {
	d := desire(t, typical)
	d.Formerly.TagKeys = []string{"old"}
	others := servicerole.MaxTags - len(d.Role.Tags) - 1
	for n, first := range map[int]bool{others: false, others + 1: true} {
		o := made(d)
		for _, tags := range []map[string]string{o.Role.Tags, o.Policies[0].Tags} {
			delete(tags, "team")
			delete(tags, servicerole.TagDocument)
			tags["old"] = ""
			for k := range n {
				tags[strings.Repeat("x", k+1)] = ""
			}
		}
		todo, err := converge(d, o)
		if err != nil {
			t.Fatal(err)
		}
		tagged := 0
		for _, step := range todo.Steps {
			switch step.Op.(type) {
			case TagRole, TagPolicy:
				tagged++
				if (len(step.After) > 0) != first {
					t.Errorf("%d other tags: waits for old ones: %v, want %v:\n%s", n, !first, first, todo)
				}
			}
		}
		if tagged != 2 {
			t.Errorf("%d other tags: role and policy are tagged by %d operations:\n%s", n, tagged, todo)
		}
	}
}

// The record of the document takes the last tag of a policy, if there is one.
func TestRecordOfTheDocument(t *testing.T) {
	for n, recorded := range map[int]bool{46: true, 47: false} {
		var tags []string
		for k := range n {
			tags = append(tags, fmt.Sprintf(`{"Key":"k%d","Value":""}`, k))
		}
		todo, err := converge(desire(t, `{"RoleName":"R","Buckets":["data"],"Tags":[`+strings.Join(tags, ",")+`]}`), empty())
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range todo.Steps {
			if create, ok := step.Op.(CreatePolicy); ok && (create.Policy.Tags[servicerole.TagDocument] != "") != recorded {
				t.Errorf("%d tags of the user: %d in all, recorded %v", n, len(create.Policy.Tags), !recorded)
			}
		}
	}
}

// The record of the document goes only if old tags don't make enough room.
func TestTheRecordGoesLast(t *testing.T) {
	for _, c := range []struct {
		name   string
		others int
		old    bool
		want   []string
	}{
		{"there is room", 45, true, nil},
		{"an old tag goes", 46, true, []string{"old"}},
		{"the record goes", 47, false, []string{servicerole.TagDocument}},
		{"both go", 47, true, []string{"old", servicerole.TagDocument}},
	} {
		d := desire(t, typical)
		d.Formerly.TagKeys = []string{"old"}
		o := made(d)
		for _, tags := range []map[string]string{o.Role.Tags, o.Policies[0].Tags} {
			delete(tags, "team")
		}
		tags := o.Policies[0].Tags
		for k := range c.others - 1 {
			tags[strings.Repeat("x", k+1)] = ""
		}
		if c.old {
			tags["old"] = ""
		}
		todo, err := converge(d, o)
		if err != nil {
			t.Fatal(err)
		}
		var first []string
		for _, step := range todo.Steps {
			if untag, ok := step.Op.(UntagPolicy); ok && len(step.After) == 0 {
				first = untag.Keys
			}
		}
		if diff := cmp.Diff(c.want, first); diff != "" {
			t.Errorf("%s: of %d tags -want +removed first:\n%s%s", c.name, len(tags)+1, diff, todo)
		}
	}
}
