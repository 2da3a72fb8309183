package servicerole

import (
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// tag adds the tags of the stack to the role and its policy, except for keys that the properties' tags have. A role that existed before
// gets none. LeftOut has the keys that IAM would refuse, or has no room for. If there is no room for both, the properties' tags replace
// tags of the stack that are already on the role.
func (d *Desired) tag(o Observed) {
	own := d.Identity.ownTags(d.properties.Tags)
	d.policyTags, d.LeftOut = own, nil
	own = d.withDigest(own)
	d.Role.Tags = own
	if !d.properties.StackTags || len(o.StackTags) == 0 {
		return
	}
	var onPolicy map[string]string
	if found := o.Policy(d.Identity.Policy(d.Role.RoleRef, d.properties).ARN); found != nil {
		// Every other tag takes precedence over the record of the document.
		onPolicy = d.staying(found.Tags)
		delete(onPolicy, TagDocument)
	}
	var crowded, refused []string
	d.policyTags, crowded, d.LeftOut = withStackTags(d.policyTags, o.StackTags, onPolicy)
	d.give(crowded)
	if d.isAdopted(o.Role) {
		return
	}
	var onRole map[string]string
	if o.Role != nil {
		onRole = d.staying(o.Role.Tags)
	}
	d.Role.Tags, crowded, refused = withStackTags(own, o.StackTags, onRole)
	d.LeftOut = distinct(slices.Concat(d.LeftOut, refused))
	d.give(crowded)
}

// staying returns the tags of a thing without those that earlier properties asked for.
func (d *Desired) staying(tags map[string]string) map[string]string {
	kept := maps.Clone(tags)
	maps.DeleteFunc(kept, func(key, _ string) bool {
		return slices.ContainsFunc(d.Formerly.TagKeys, func(former string) bool { return strings.EqualFold(former, key) })
	})
	return kept
}

// give has tags of the stack give way.
func (d *Desired) give(keys []string) {
	d.LeftOut = distinct(slices.Concat(d.LeftOut, keys))
	d.Formerly.TagKeys = distinct(slices.Concat(d.Formerly.TagKeys, keys))
}

// isAdopted reports whether a role existed before the resource.
func (d *Desired) isAdopted(role *ObservedRole) bool {
	if role == nil {
		return false
	}
	if d.Identity.OwnerOf(role.Tags) != ThisResource {
		return true
	}
	past, err := d.Identity.PastOf(*role, d.AdoptExistingRole, d.RequiredBoundary)
	return err != nil || past.Adopted
}

// withStackTags returns tags with those of a stack, and the keys of those for which there is no room, and which IAM would refuse. has are
// the tags of the thing so far.
func withStackTags(own, stack, has map[string]string) (tags map[string]string, crowded, refused []string) {
	tags = maps.Clone(own)
	for _, key := range slices.Sorted(maps.Keys(stack)) {
		if _, _, named := FindTag(own, key); named {
			continue
		}
		more := map[string]string{key: stack[key]}
		switch {
		case properties.TagFault(key, stack[key]) != "":
			refused = append(refused, key)
		case CountTags(has, tags, more) > MaxTags:
			crowded = append(crowded, key)
		default:
			tags[key] = stack[key]
		}
	}
	return tags, crowded, refused
}
