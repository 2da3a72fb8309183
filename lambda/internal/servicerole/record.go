package servicerole

import (
	"maps"
	"strings"
)

// The value of TagVersion on a role: the version of the function, the digest of the properties that it was provisioned with, and the record
// of leftovers for which the role has no other tag: VERSION/DIGEST RECORD. Each after the first may be missing.
const (
	digestSeparator = "/"
	recordSeparator = " "
)

// Recorded returns what is desired with the digest of its properties, which is kept on the role.
func (d Desired) Recorded(digest string) Desired {
	d.Digest = digest
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

// RecordedProperties returns the digest of the properties that a role was last provisioned with; empty if its tags don't have it.
func RecordedProperties(tags map[string]string) string {
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
