package servicerole

import (
	"maps"
	"strings"

	"personalize-role/lambda/properties"
)

// Keys of the tags that make a role or a policy ours. The version is that of the function which created the thing, and
// never a reason to write again.
const (
	TagStackID   = properties.OwnTagPrefix + "stack-id"
	TagLogicalID = properties.OwnTagPrefix + "logical-id"
	TagVersion   = properties.OwnTagPrefix + "provider-version"
)

// TagDocument is the key of the tag on a managed policy that says which document a version of it holds: v3/ and a digest. Versions
// never change, and their numbers are never given again, so that the tag spares reading the version that it names.
const TagDocument = properties.OwnTagPrefix + "document"

// DocumentRecord gives the value of TagDocument.
func DocumentRecord(version, digest string) string { return version + "/" + digest }

// RecordedDigest gives the digest of the version in force, if the tags hold it.
func RecordedDigest(tags map[string]string, version string) (string, bool) {
	recorded, digest, ok := strings.Cut(tags[TagDocument], "/")
	return digest, ok && recorded == version
}

// Owner says whose a thing is, by its tags.
type Owner int

const (
	// Nobody has put an ownership tag on the thing: it is somebody else's, but may be adopted.
	Nobody Owner = iota
	// Ours says that the tags name this stack and this logical id.
	Ours
	// AnotherStack says that the tags name another resource of this kind.
	AnotherStack
)

// OwnerOf reads the ownership tags of a thing.
func (i Identity) OwnerOf(tags map[string]string) Owner {
	stack, marked := tags[TagStackID]
	switch {
	case !marked:
		return Nobody
	case stack == i.StackID && tags[TagLogicalID] == i.LogicalID:
		return Ours
	}
	return AnotherStack
}

// ownTags are the tags that mark a thing as ours, over those that the user asked for.
func (i Identity) ownTags(user []properties.Tag) map[string]string {
	tags := map[string]string{}
	for _, t := range user {
		tags[t.Key] = t.Value
	}
	maps.Copy(tags, map[string]string{TagStackID: i.StackID, TagLogicalID: i.LogicalID, TagVersion: properties.Version})
	return tags
}

// isOwnTag tells our tags from the user's.
func isOwnTag(key string) bool {
	return strings.HasPrefix(key, properties.OwnTagPrefix)
}
