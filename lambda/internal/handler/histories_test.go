package handler

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/servicerole"
)

// variants are the properties between which a resource's life goes.
var variants = []props{
	base(nil),
	base(props{"RoleName": "Renamed", "PolicyName": "P", "KmsKeyArns": []any{"{key}"}}),
	base(props{"Path": "/ml/", "Buckets": []any{"more-data"}, "Uses": []any{"BatchInference"}}),
	base(props{"RoleName": "Renamed", "PolicyName": "p", "PermissionsBoundary": boundary}),
	{"PropagationDelaySeconds": "0", "Tags": []any{tag("Team", "ours")}},
	base(props{"Tags": tags(46)}),
	base(props{"Tags": tags(47)}),
	base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "Tags": []any{tag("team", "ours")}}),
	base(props{"RoleName": "Existing", "AdoptExistingRole": "true", "Description": "new", "KmsKeyArns": []any{"{key}"}}),
	checked(props{"RepairDrift": "true"}),
	checked(props{"RepairDrift": "true", "RoleName": "Existing", "AdoptExistingRole": "true"}),
}

// world makes a rig in an account where a role may be adopted.
func world(t *testing.T) *rig {
	r := newRig(t, awstest.NewFake(t))
	r.foreign()
	r.createRole("Existing", map[string]string{"Team": "theirs", "stage": "old"})
	attach(t, r, "Existing", "arn:aws:iam::aws:policy/CloudWatchFullAccessV2")
	return r
}

// documentTag spares a read. A policy that had no tag left for it goes without.
var documentTag = regexp.MustCompile(servicerole.TagDocument + ":[^ ]* ?")

// state is that of the account, as far as a user can tell the difference.
func state(r *rig) map[string]string {
	all := r.world.State()
	for name, text := range all {
		all[name] = documentTag.ReplaceAllString(text, "")
	}
	return all
}

// Whatever fails, whatever is undone by hand, and whatever comes late, twice or side by side: the account holds what the properties ask
// for, as if the resource had just been created with them, and nothing once the resource is deleted. More histories: go test -run
// TestHistories -rapid.checks 100000
func TestHistories(t *testing.T) {
	empty := state(world(t))
	ideal := map[bool][]map[string]string{}
	for _, plain := range []bool{false, true} {
		for _, p := range variants {
			r := world(t)
			if plain {
				r.world.Encrypt("more-data", "")
			}
			r.must(cfn.Create, "", p, nil)
			ideal[plain] = append(ideal[plain], state(r))
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := &life{T: rt, r: world(t)}
		current := -1
		for range rapid.IntRange(1, 6).Draw(rt, "length") {
			switch next := rapid.IntRange(-3, len(variants)-1).Draw(rt, "next"); {
			case next == -3 && l.id != "":
				l.check()
			case next == -2:
				l.late()
			case next == -1 && l.id != "":
				l.remove()
			case next >= 0 && l.id == "":
				l.create(variants[next])
				current = next
			case next >= 0:
				l.update(variants[next], rapid.Bool().Draw(rt, "a later resource fails"))
				if fmt.Sprint(l.now) == fmt.Sprint(variants[next]) {
					current = next
				}
			}
			want := empty
			if l.id != "" {
				want = ideal[l.plain][current]
			}
			if diff := cmp.Diff(want, state(l.r)); diff != "" && !l.littered {
				l.fail("-want +got:\n%s", diff)
			}
		}
		if l.id != "" {
			l.remove()
		}
		if diff := cmp.Diff(empty, state(l.r)); diff != "" {
			l.fail("left behind: -empty +got:\n%s", diff)
		}
	})
}
