package properties

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
)

// unprovisioned are the properties that say nothing about what the role, its policies and the statements should be.
var unprovisioned = []string{nameServiceToken, nameServiceTimeout, NameForceDetachPolicies, NamePropagationDelaySeconds, NameRevision}

// Provisioned lists the properties that a drift check needs: those that say what the role, its policies and the statements should be.
func Provisioned() []string {
	return slices.DeleteFunc(Names(), func(name string) bool { return slices.Contains(unprovisioned, name) })
}

// DigestSize is the number of characters of a digest of properties.
const DigestSize = 20

// Digest returns 20 hexadecimal digits of the SHA-256 of the properties, as a deployment leaves them on the role and a drift check must
// have them. It is the same for properties that Parse takes for the same: scalars and their text, and what is empty and what is left out.
// Properties that only a deployment or a deletion reads don't count. It is empty if raw is no JSON object.
func Digest(raw json.RawMessage) string {
	r, err := newReader(raw)
	if err != nil {
		return ""
	}
	for _, name := range unprovisioned {
		delete(r.values, name)
	}
	// Encoding sorts the names.
	text, err := json.Marshal(plain(r.values))
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))[:DigestSize]
}

// plain returns a value with scalars as text and without what is empty; nil if nothing is left.
func plain(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case map[string]any:
		members := map[string]any{}
		for name, member := range v {
			if member = plain(member); member != nil {
				members[name] = member
			}
		}
		if len(members) > 0 {
			return members
		}
	case []any:
		var list []any
		for _, element := range v {
			if element = plain(element); element != nil {
				list = append(list, element)
			}
		}
		if len(list) > 0 {
			return list
		}
	default:
		if text := fmt.Sprint(v); text != "" {
			return text
		}
	}
	return nil
}
