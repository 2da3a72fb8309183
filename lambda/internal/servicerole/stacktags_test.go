package servicerole

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

// The tags of a stack go on the role and its policy, below those of the properties, as far as IAM takes them.
func TestStackTags(t *testing.T) {
	i := identify(t, stack, "Role")
	many := func(n int) (tags []properties.Tag) {
		for k := range n {
			tags = append(tags, properties.Tag{Key: fmt.Sprintf("user-%02d", k)})
		}
		return tags
	}
	crowd := map[string]string{}
	for k := range 50 {
		crowd[fmt.Sprintf("stack-%02d", k)] = ""
	}
	none := map[string]string{}
	theirs := ObservedRole{RoleRef: i.roleRef("/", "R"), Tags: map[string]string{"theirs": "1"}}
	for _, c := range []struct {
		name  string
		p     properties.Properties
		stack map[string]string
		// role is the role that is there; nil for none.
		role *ObservedRole
		// want and wantPolicy are the tags beside the function's own and those of the properties; dropped are those that give way.
		want, wantPolicy map[string]string
		leftOut, dropped string
	}{
		{"all of them", properties.Properties{}, map[string]string{"CostCenter": "42", "empty": ""}, nil,
			map[string]string{"CostCenter": "42", "empty": ""}, map[string]string{"CostCenter": "42", "empty": ""}, "", ""},
		{"switched off", properties.Properties{StackTags: false}, map[string]string{"CostCenter": "42"}, nil, none, none, "", ""},
		{"the properties have the key in other case", properties.Properties{Tags: []properties.Tag{{Key: "costcenter", Value: "7"}}},
			map[string]string{"CostCenter": "42"}, nil, none, none, "", ""},
		{"what IAM refuses", properties.Properties{}, map[string]string{"aws:servicecatalog:x": "", "personalize-role:x": "", "a": "<",
			strings.Repeat("k", 129): "", "b": "good"}, nil, map[string]string{"b": "good"}, map[string]string{"b": "good"},
			"a,aws:servicecatalog:x," + strings.Repeat("k", 129) + ",personalize-role:x", ""},
		{"no room for the last ones", properties.Properties{Tags: many(45)}, map[string]string{"a": "", "b": "", "c": ""}, nil,
			map[string]string{"a": "", "b": ""}, map[string]string{"a": "", "b": ""}, "c", "c"},
		{"no room at all", properties.Properties{Tags: many(47)}, map[string]string{"a": ""}, nil, none, none, "a", "a"},
		{"more than a role may have", properties.Properties{}, crowd, nil, first(crowd, 47), first(crowd, 47), "stack-47,stack-48,stack-49",
			"stack-47,stack-48,stack-49"},
		{"tags that others added", properties.Properties{}, map[string]string{"a": "", "b": ""},
			&ObservedRole{RoleRef: i.roleRef("/", "R"), Tags: tagged(i, 46)}, map[string]string{"a": ""}, map[string]string{"a": "", "b": ""},
			"b", "b"},
		{"a role that is adopted now", properties.Properties{AdoptExistingRole: true}, map[string]string{"a": ""}, &theirs, none,
			map[string]string{"a": ""}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.p.Path, c.p.RoleName, c.p.PersonalizeAccess = "/", "R", properties.PersonalizeOnly
			c.p.StackTags = c.name != "switched off"
			d, err := New(i, c.p)
			if err != nil {
				t.Fatal(err)
			}
			d = d.Given(Observed{Role: c.role, StackTags: c.stack})
			rest := func(tags map[string]string) map[string]string {
				tags = maps.Clone(tags)
				maps.DeleteFunc(tags, func(key, _ string) bool { _, _, own := FindTag(i.ownTags(c.p.Tags), key); return own })
				return tags
			}
			if diff := cmp.Diff(c.want, rest(d.Role.Tags)); diff != "" {
				t.Errorf("role: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.wantPolicy, rest(d.Policy.Tags)); diff != "" {
				t.Errorf("policy: -want +got:\n%s", diff)
			}
			got := strings.Join(slices.Sorted(slices.Values(d.LeftOut)), ",") + " " + strings.Join(d.Formerly.TagKeys, ",")
			if got != c.leftOut+" "+c.dropped {
				t.Errorf("left out and dropped: %s", got)
			}
			if n := CountTags(d.Role.Tags); n > MaxTags {
				t.Errorf("%d tags", n)
			}
		})
	}
}

// first returns the first of some tags in the order of their keys.
func first(tags map[string]string, n int) map[string]string {
	kept := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(tags))[:n] {
		kept[key] = tags[key]
	}
	return kept
}

// tagged are the tags of an own role with n tags that others added.
func tagged(i Identity, n int) map[string]string {
	tags := i.ownTags(nil)
	for k := range n {
		tags[fmt.Sprintf("theirs-%02d", k)] = ""
	}
	return tags
}
