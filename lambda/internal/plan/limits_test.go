package plan

import (
	"strings"
	"testing"

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
		{"bucket policy", typical, policy.MaxBucketPolicySize, func(o servicerole.Observed, s servicerole.ObservedShared) { o.Buckets["data"] = s },
			func(d servicerole.Desired) policy.Statement { return d.Buckets[0].Statement }},
		{"key policy", withKey, policy.MaxKeyPolicySize, func(o servicerole.Observed, s servicerole.ObservedShared) { o.Keys[keyOne] = s },
			func(d servicerole.Desired) policy.Statement { return d.Keys[0].Statement }},
	} {
		d := desire(t, c.desired)
		shared, err := policy.ParseShared(padded(1).Policy)
		if err != nil {
			t.Fatal(err)
		}
		merged, _ := shared.Put(c.statement(d))
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
