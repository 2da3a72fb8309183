package servicerole

import (
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// Leftover is another role of the resource: an update created it, CloudFormation never got the answer, and it couldn't be removed at once.
// It is recorded in tags of the live role, where later events find it.
type Leftover struct {
	Path   string `json:"p"`
	Name   string `json:"n"`
	Policy string `json:"m,omitempty"`
	// Buckets, Keys and TagKeys are those of the role's properties.
	Buckets []string `json:"b,omitempty"`
	Keys    []string `json:"k,omitempty"`
	TagKeys []string `json:"t,omitempty"`
	// ForceDetachPolicies and AdoptExistingRole are those of the role's properties.
	ForceDetachPolicies bool `json:"f,omitempty"`
	AdoptExistingRole   bool `json:"a,omitempty"`
}

const leftoverPrefix = properties.OwnTagPrefix + "leftover-"

// Leftover returns the record of a removal.
func (r Removal) Leftover() Leftover {
	l := Leftover{
		Path: r.Role.Path, Name: r.Role.Name, Buckets: r.Buckets, Keys: r.Keys, TagKeys: r.TagKeys, ForceDetachPolicies: r.ForceDetachPolicies,
		AdoptExistingRole: r.MayBeAdopted,
	}
	if len(r.Policies) > 0 {
		l.Policy = r.Policies[0].Name
	}
	return l
}

// Leftovers returns the removals that are recorded on a role. It ignores a record that can't be read, such as a forged one; what it
// returns is removed only as far as tags and Sids prove it to be this resource's.
func (i Identity) Leftovers(r ObservedRole) []Removal {
	text := joined(leftoverPrefix, r.Tags)
	if text == "" {
		_, text, _ = strings.Cut(r.Tags[TagVersion], recordSeparator)
	}
	var list []Leftover
	if text == "" || unpack(text, &list) != nil {
		return nil
	}
	var removals []Removal
	for _, l := range list {
		if !strings.HasPrefix(l.Path, "/") || !strings.HasSuffix(l.Path, "/") || l.Name == "" {
			continue
		}
		p := properties.Properties{Path: l.Path, RoleName: l.Name, PolicyName: l.Policy, KmsKeyArns: l.Keys,
			ForceDetachPolicies: l.ForceDetachPolicies, AdoptExistingRole: l.AdoptExistingRole}
		for _, name := range l.Buckets {
			p.Buckets = append(p.Buckets, properties.Bucket{Name: name})
		}
		for _, key := range l.TagKeys {
			p.Tags = append(p.Tags, properties.Tag{Key: key})
		}
		removal := i.Removal(i.Role(p), p)
		if !slices.ContainsFunc(removals, func(r Removal) bool { return r.Role == removal.Role }) {
			removals = append(removals, removal)
		}
	}
	return removals
}

// WithVersion returns another value of TagVersion with the record of leftovers that the one found has. Without room for both, the value
// stays.
func WithVersion(found, version string) string {
	_, record, recorded := strings.Cut(found, recordSeparator)
	if !recorded {
		return version
	}
	if value := version + recordSeparator + record; len(chunks(TagVersion, value)) == 1 {
		return value
	}
	return found
}

// RecordLeftovers returns the tags of a role with a record of the removals, and the keys of those that it no longer needs. fits is false
// if the role has no room for the record. A record that is too long loses the buckets and keys.
func RecordLeftovers(removals []Removal, tags map[string]string) (set map[string]string, unset []string, fits bool) {
	others := map[string]string{}
	for key, value := range tags {
		if strings.HasPrefix(key, leftoverPrefix) {
			unset = append(unset, key)
		} else {
			others[key] = value
		}
	}
	slices.Sort(unset)
	version, record, _ := strings.Cut(tags[TagVersion], recordSeparator)
	if len(removals) == 0 {
		if record != "" {
			return map[string]string{TagVersion: version}, unset, true
		}
		return nil, unset, true
	}
	for _, whole := range []bool{true, false} {
		var list []Leftover
		for _, r := range removals {
			l := r.Leftover()
			if !whole {
				l.Buckets, l.Keys, l.TagKeys = nil, nil, nil
			}
			list = append(list, l)
		}
		text, err := pack(list)
		if err != nil {
			return nil, unset, false
		}
		if own := chunks(leftoverPrefix, text); CountTags(others, own) <= MaxTags {
			kept := func(key string) bool { return own[key] != "" }
			return own, slices.DeleteFunc(unset, kept), true
		}
		if value := version + recordSeparator + text; version != "" && len(chunks(TagVersion, value)) == 1 {
			return map[string]string{TagVersion: value}, unset, true
		}
	}
	return nil, unset, false
}

// NeedsRecord reports whether a record differs from what a role has.
func NeedsRecord(set map[string]string, unset []string, tags map[string]string) bool {
	for key, value := range set {
		if has, ok := tags[key]; !ok || has != value {
			return true
		}
	}
	return len(unset) > 0
}
