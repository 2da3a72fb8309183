package servicerole

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// The value of TagVersion on a role: the version of the function, the digest of what was provisioned, and the record of leftovers for which
// the role has no other tag: VERSION/DIGEST RECORD. Each after the first may be missing.
const (
	digestSeparator = "/"
	recordSeparator = " "
)

// Recorded returns what is desired with its digest, which the role keeps. The digest covers what a repair would write, whatever properties,
// settings and version of the function cause it. It doesn't cover what only the account shows, such as stack tags.
func (d Desired) Recorded() Desired {
	p := d.properties
	parts := []string{
		d.Role.ARN, d.Role.Description, fmt.Sprint(d.Role.MaxSessionDuration), d.Role.Boundary, d.Role.Trust, d.Sid,
		fmt.Sprint(p.AdoptExistingRole, p.StackTags, p.RepairDrift, p.ManageKeyPolicies), strings.Join(d.AWSManaged, " "),
	}
	if d.Policy != nil {
		parts = append(parts, d.Policy.ARN, d.Policy.Document)
	}
	for _, t := range slices.SortedFunc(slices.Values(p.Tags), func(a, b properties.Tag) int { return strings.Compare(a.Key, b.Key) }) {
		parts = append(parts, "tag", t.Key, t.Value)
	}
	statements := func(of string, managed bool, statements ...policy.Statement) {
		parts = append(parts, of, fmt.Sprint(managed))
		for _, s := range statements {
			parts = append(parts, s.String())
		}
	}
	for _, b := range d.Buckets {
		statements(b.Name, b.Managed, b.Statements...)
	}
	for _, key := range d.Keys {
		statements(key.ARN, key.Managed, key.Statement)
	}
	d.Digest = digest(parts...)
	d.Role.Tags = d.withDigest(d.Role.Tags)
	return d
}

// withDigest returns the tags of the role with the digest.
func (d *Desired) withDigest(tags map[string]string) map[string]string {
	if d.Digest == "" {
		return tags
	}
	tags = maps.Clone(tags)
	tags[TagVersion] += digestSeparator + d.Digest
	return tags
}

// RecordedDesired returns the digest of what a role was last provisioned as; empty if its tags don't have it.
func RecordedDesired(tags map[string]string) string {
	version, _, _ := strings.Cut(tags[TagVersion], recordSeparator)
	_, digest, _ := strings.Cut(version, digestSeparator)
	return digest
}

// ProviderVersion returns the version of the function that last changed something of a role or policy.
func ProviderVersion(tags map[string]string) string {
	version, _, _ := strings.Cut(tags[TagVersion], recordSeparator)
	version, _, _ = strings.Cut(version, digestSeparator)
	return version
}

// AsChecked returns what was observed without what is no drift: the version of the function, which an update of the function alone doesn't
// write, and the tags of checks.
func (d Desired) AsChecked(o Observed) Observed {
	if o.Role != nil {
		role := *o.Role
		role.Tags = withVersionOf(d.Role.Tags, role.Tags)
		delete(role.Tags, TagRepair)
		delete(role.Tags, TagDrift)
		o.Role = &role
	}
	o.Policies = slices.Clone(o.Policies)
	for n := range o.Policies {
		o.Policies[n].Tags = withVersionOf(d.policyTags, o.Policies[n].Tags)
	}
	return o
}

// withVersionOf returns tags that were found with the version of those that are desired.
func withVersionOf(desired, found map[string]string) map[string]string {
	found = maps.Clone(found)
	if has, ok := found[TagVersion]; ok {
		found[TagVersion] = WithVersion(has, desired[TagVersion])
	}
	return found
}
