package servicerole

import (
	"maps"
	"strings"

	"personalize-role/lambda/properties"
)

// Keys of the tags that make a role or a policy the resource's own. The version is that of the function which last changed something
// of the resource; on a role, the digest of what was provisioned follows it.
const (
	TagStackID   = properties.OwnTagPrefix + "stack-id"
	TagLogicalID = properties.OwnTagPrefix + "logical-id"
	TagVersion   = properties.OwnTagPrefix + "provider-version"
)

// TagDocument is the key of the tag on a managed policy that says which document a version of it holds: v3/ and a digest. Versions
// never change and their IDs are never used again, so the tag spares reading the version that it names.
const TagDocument = properties.OwnTagPrefix + "document"

// Keys of the tags that drift checks put on a role if it has room for them.
const (
	// TagRepair says until when a check may change the role, in Unix seconds, and which one: SECONDS/CHECK.
	TagRepair = properties.OwnTagPrefix + "repair"
	// TagDrift says since which checks there are differences.
	TagDrift = properties.OwnTagPrefix + "drift"
)

// Limits of IAM on tags. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	// MaxTags is the number of tags on a role or a policy.
	MaxTags     = 50
	MaxTagValue = 256
)

// DocumentRecord returns the value of TagDocument.
func DocumentRecord(version, digest string) string { return version + "/" + digest }

// RecordedDigest returns the digest of the version in force, if the tags have it.
func RecordedDigest(tags map[string]string, version string) (string, bool) {
	recorded, digest, ok := strings.Cut(tags[TagDocument], "/")
	return digest, ok && recorded == version
}

// Owner says which resource a role or policy belongs to, by its tags.
type Owner int

const (
	// NoResource means that there is no ownership tag: no resource of this kind manages the thing.
	NoResource Owner = iota
	// ThisResource means that the tags name this stack and this logical ID.
	ThisResource
	// AnotherResource means that the tags name another resource of this kind.
	AnotherResource
)

// OwnerOf reads the ownership tags of a role or policy.
func (i Identity) OwnerOf(tags map[string]string) Owner {
	stack, marked := tags[TagStackID]
	switch {
	case !marked:
		return NoResource
	case stack == i.StackID && tags[TagLogicalID] == i.LogicalID:
		return ThisResource
	}
	return AnotherResource
}

// ownTags returns the tags of the user and those that mark a thing as the resource's own.
func (i Identity) ownTags(user []properties.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range user {
		tags[t.Key] = t.Value
	}
	maps.Copy(tags, map[string]string{TagStackID: i.StackID, TagLogicalID: i.LogicalID, TagVersion: properties.Version})
	return tags
}

// IsOwnTag reports whether a key is one of the function's and not the user's. IAM compares keys of a role's tags without case.
func IsOwnTag(key string) bool {
	return len(key) >= len(properties.OwnTagPrefix) && strings.EqualFold(key[:len(properties.OwnTagPrefix)], properties.OwnTagPrefix)
}

// RoleTags returns the tags of a role with the function's own keys in its spelling: IAM keeps the case in which a key was last written,
// and takes keys that differ in case only for the same.
func RoleTags(tags map[string]string) map[string]string {
	spelled := make(map[string]string, len(tags))
	for key, value := range tags {
		if IsOwnTag(key) {
			key = strings.ToLower(key)
		}
		spelled[key] = value
	}
	return spelled
}

// FindTag returns the key and the value of a role's tag, whatever the case of its key.
func FindTag(tags map[string]string, key string) (spelled, value string, found bool) {
	if value, found := tags[key]; found {
		return key, value, true
	}
	for spelled, value := range tags {
		if strings.EqualFold(spelled, key) {
			return spelled, value, true
		}
	}
	return "", "", false
}
