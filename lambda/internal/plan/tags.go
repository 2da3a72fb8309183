package plan

import (
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
)

// tagRole writes the tags that the role lacks. If old and new ones together are more than IAM allows, the old ones go first.
func (c *converger) tagRole(found servicerole.ObservedRole) {
	want := c.desired.Role
	tags := changedTags(want.Tags, found.Tags)
	if len(tags) == 0 {
		return
	}
	var before []int
	if servicerole.CountTags(want.Tags, found.Tags) > servicerole.MaxTags {
		kept := maps.Clone(found.Tags)
		maps.DeleteFunc(kept, func(key, _ string) bool {
			return slices.ContainsFunc(c.desired.Formerly.TagKeys, func(k string) bool { return strings.EqualFold(k, key) })
		})
		if n := servicerole.CountTags(want.Tags, kept); n > servicerole.MaxTags {
			c.refuseTags("role "+found.Name, n)
			return
		}
		before = c.untagRole(found, nil)
	}
	c.add(TagRole{Role: want.RoleRef, Tags: tags}, before...)
}

// untagRole removes tags that earlier properties asked for. Those that an adopted role had before get their key and value back.
func (c *converger) untagRole(found servicerole.ObservedRole, after []int) []int {
	if c.untagged[found.ARN] != nil {
		return c.untagged[found.ARN]
	}
	var dropped []string
	restored := map[string]string{}
	for _, key := range c.desired.Formerly.TagKeys {
		spelled, value, has := servicerole.FindTag(found.Tags, key)
		if _, _, wanted := servicerole.FindTag(c.desired.Role.Tags, key); wanted || !has {
			// A key that differs in case only from a wanted one has been replaced by it.
			continue
		}
		switch was, wasValue, had := servicerole.FindTag(c.past.Original.Tags, key); {
		case !had:
			dropped = append(dropped, spelled)
		case was != spelled || wasValue != value:
			restored[was] = wasValue
		}
	}
	var steps []int
	if len(restored) > 0 {
		steps = append(steps, c.add(TagRole{Role: c.desired.Role.RoleRef, Tags: restored}, after...)...)
	}
	if len(dropped) > 0 {
		slices.Sort(dropped)
		steps = append(steps, c.add(UntagRole{Role: c.desired.Role.RoleRef, Keys: dropped}, after...)...)
	}
	c.untag(found.ARN, steps)
	return steps
}

// tagPolicy does the same for the policy, whose keys differ by case. The record of the document goes first: it is a help only.
func (c *converger) tagPolicy(found servicerole.ObservedPolicy) {
	want := c.desired.Policy
	tags := changedTags(want.Tags, found.Tags)
	if len(tags) == 0 {
		return
	}
	var before []int
	all := maps.Clone(found.Tags)
	maps.Copy(all, want.Tags)
	if len(all) > servicerole.MaxTags {
		keys := c.droppedPolicyTags(found)
		if _, recorded := found.Tags[servicerole.TagDocument]; recorded && len(all)-len(keys) > servicerole.MaxTags {
			keys = append(keys, servicerole.TagDocument)
		}
		if n := len(all) - len(keys); n > servicerole.MaxTags {
			c.refuseTags("managed policy "+found.Name, n)
			return
		}
		before = c.add(UntagPolicy{Policy: want.PolicyRef, Keys: keys})
		c.untag(want.ARN, before)
	}
	c.add(TagPolicy{Policy: want.PolicyRef, Tags: tags}, before...)
}

func (c *converger) refuseTags(of string, n int) {
	c.waive("Name fewer Tags, or remove tags that other principals added.", "%s would have %d tags, and IAM allows %d", of, n,
		servicerole.MaxTags)
}

// droppedPolicyTags returns the keys that earlier properties asked for. Tags of other origin stay.
func (c *converger) droppedPolicyTags(found servicerole.ObservedPolicy) []string {
	var keys []string
	for _, key := range c.desired.Formerly.TagKeys {
		_, wanted := c.desired.Policy.Tags[key]
		if _, has := found.Tags[key]; has && !wanted {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// untag remembers that the tags of a thing were removed before others were added.
func (c *converger) untag(arn string, steps []int) {
	if c.untagged == nil {
		c.untagged = map[string][]int{}
	}
	c.untagged[arn] = append([]int{}, steps...)
}

// changedTags returns the tags to write.
func changedTags(want, found map[string]string) map[string]string {
	tags := map[string]string{}
	for key, value := range want {
		has, ok := found[key]
		if key == servicerole.TagVersion {
			value = servicerole.WithVersion(has, value)
		}
		if !ok || has != value {
			tags[key] = value
		}
	}
	return tags
}

// Retag returns the plan that sets and removes tags of a role.
func Retag(role servicerole.RoleRef, set map[string]string, unset []string) Plan {
	var b builder
	if len(unset) > 0 {
		b.add(UntagRole{Role: role, Keys: unset})
	}
	if len(set) > 0 {
		b.add(TagRole{Role: role, Tags: set}, b.all()...)
	}
	return b.plan
}
