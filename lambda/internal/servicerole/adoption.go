package servicerole

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// Original is what an adopted role was before. It is kept on the role itself, in tags: no other store can outlive a crash.
type Original struct {
	Description        string            `json:"d,omitempty"`
	MaxSessionDuration int               `json:"m,omitempty"`
	Boundary           string            `json:"b,omitempty"`
	Trust              string            `json:"t"`
	Tags               map[string]string `json:"g,omitempty"`
	// Attached are those of the governed policies that were on the role.
	Attached []string `json:"a,omitempty"`
}

const originalPrefix = properties.OwnTagPrefix + "original-"

// A mark at the end of a role's description binds what the tags say about its past: iam:TagRole writes tags, and only iam:CreateRole
// and iam:UpdateRole write a description.
const (
	createdMark = " [personalize-role: created]"
	adoptedMark = " [personalize-role: adopted "
	markEnd     = "]"
)

// Snapshot is the past of a role, ready to be written.
type Snapshot struct {
	// Tags hold the past. Mark binds it to the description.
	Tags map[string]string
	Mark string
}

// Snapshot returns the past of a role that is about to be adopted. It returns an error if the tags don't fit.
func (d Desired) Snapshot(found ObservedRole) (Snapshot, error) {
	for key := range found.Tags {
		if IsOwnTag(key) {
			return Snapshot{}, fmt.Errorf("it already has the tag %s, which is reserved for the function", key)
		}
	}
	original := Original{
		Description:        found.Description,
		MaxSessionDuration: found.MaxSessionDuration,
		Boundary:           found.Boundary,
		Trust:              found.Trust,
		Tags:               found.Tags,
		Attached:           governed(d.Identity, found.Attached),
	}
	text, err := pack(original)
	if err != nil {
		return Snapshot{}, err
	}
	tags := chunks(originalPrefix, text)
	if n := CountTags(tags, found.Tags, d.Role.Tags); n > MaxTags {
		return Snapshot{}, fmt.Errorf("it would have %d tags, including %d that record its original state, and IAM allows %d", n, len(tags),
			MaxTags)
	}
	return Snapshot{Tags: tags, Mark: markAdopted(text)}, nil
}

// CountTags returns the number of tags that a role has with all of these, whose keys IAM compares without case.
func CountTags(all ...map[string]string) int {
	keys := map[string]bool{}
	for _, tags := range all {
		for key := range tags {
			keys[strings.ToLower(key)] = true
		}
	}
	return len(keys)
}

func governed(i Identity, attached []string) []string {
	var arns []string
	for _, arn := range attached {
		if slices.Contains(i.Governed(), arn) {
			arns = append(arns, arn)
		}
	}
	return arns
}

func markAdopted(text string) string { return adoptedMark + digest(text) + markEnd }

// Past is what is known about the time of a role before the resource.
type Past struct {
	// Adopted says that the role existed before, and Original what it was.
	Adopted  bool
	Original Original
	// Mark is what the description has to end in. Missing says that it doesn't yet.
	Mark    string
	Missing bool
}

// PastOf returns the past of a role that the resource owns. adopt says that the properties allow adoption. required is the boundary that a
// role keeps when it is given back, or empty. The error says that the role was adopted, but that its original state can't be determined
// because its tags or its description were changed.
func (i Identity) PastOf(r ObservedRole, adopt bool, required string) (Past, error) {
	mark := markOf(r.Description)
	text := joined(originalPrefix, r.Tags)
	adopted := strings.HasPrefix(mark, adoptedMark)
	switch {
	case i.isDerived(r.RoleRef), mark == createdMark, text == "" && !adopted, !adopted && !adopt:
		// A role with a derived name was created by the function, whatever its tags say.
		created := Past{}
		if adopt {
			created.Mark = createdMark
		}
		created.Missing = created.Mark != mark
		return created, nil
	case adopted && mark != markAdopted(text):
		return Past{Mark: mark}, fmt.Errorf("the tags %sNN of role %s don't belong to the mark in its description", originalPrefix, r.Name)
	}
	var original Original
	if err := unpack(text, &original); err != nil {
		return Past{Mark: mark}, fmt.Errorf("the tags %sNN of role %s can't be read: %w", originalPrefix, r.Name, err)
	}
	if !adopted && !original.describes(i, r, required) {
		return Past{}, fmt.Errorf("the tags %sNN of role %s say that it was adopted, but its description does not", originalPrefix, r.Name)
	}
	return Past{Adopted: true, Original: original, Mark: markAdopted(text), Missing: !adopted}, nil
}

// describes reports whether a role still is what it was: an adoption ended right after its first call, or its return right before its
// last one.
func (o Original) describes(i Identity, r ObservedRole, required string) bool {
	sameBoundary := o.Boundary == r.Boundary || required != "" && r.Boundary == required
	return sameBoundary && o.Description == r.Description && o.MaxSessionDuration == r.MaxSessionDuration &&
		policy.Equivalent(o.Trust, r.Trust) && slices.Equal(slices.Sorted(slices.Values(o.Attached)),
		governed(i, slices.Sorted(slices.Values(r.Attached))))
}

// markOf returns the mark that a description ends in, or nothing.
func markOf(description string) string {
	if strings.HasSuffix(description, createdMark) {
		return createdMark
	}
	if n := strings.LastIndex(description, adoptedMark); n >= 0 && strings.HasSuffix(description, markEnd) {
		return description[n:]
	}
	return ""
}

// OwnTagKeys returns the keys of the tags on a role that are the function's.
func (r ObservedRole) OwnTagKeys() []string {
	var keys []string
	for _, key := range slices.Sorted(maps.Keys(r.Tags)) {
		if IsOwnTag(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// CreatedMark returns the mark of a role that the function creates although it may adopt one.
func (d Desired) CreatedMark() string { return createdMark }
