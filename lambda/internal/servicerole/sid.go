package servicerole

import (
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
)

// sidPrefix starts the Sid of every statement that the function puts into a policy of others, and foreignSidPrefix that of
// those that it asks others to put there.
const (
	sidPrefix        = "PersonalizeRole"
	foreignSidPrefix = "PersonalizeAccess"
)

// Sid is the family of the Sids of one role's statements in the policies of buckets and keys. It holds what a derived role name does, so
// that whoever finds it can look the role up; for a name of the user's own it is a digest.
func (i Identity) Sid(role RoleRef) string {
	if derived := i.derivedName(role.Path); role.Name == derived {
		return sidPrefix + strings.TrimPrefix(derived, RolePrefix)
	}
	return sidPrefix + "Named" + digest(i.StackID, i.LogicalID, role.ARN)
}

// ForeignSid is the Sid of a statement that another account must add; the function never removes it.
func (i Identity) ForeignSid(role RoleRef) string { return foreignSidPrefix + digest(role.ARN) }

var ownSid = lazyregexp.Regexp(`^` + sidPrefix + `(?:([a-z2-7]{20})|Named[a-z2-7]{20})(?:[A-Z][A-Za-z]*)?$`)

// RoleOfSid reports whether a Sid is that of a role of this kind, and returns the role's name if that was derived.
func RoleOfSid(sid string) (name string, ok bool) {
	m := ownSid().FindStringSubmatch(sid)
	if m == nil {
		return "", false
	}
	if m[1] != "" {
		name = RolePrefix + m[1]
	}
	return name, true
}
