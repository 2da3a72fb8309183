package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"personalize-role/lambda/internal/lazyregexp"
)

// deadPrincipal is the unique id of an IAM entity, by which a policy names it once it is deleted. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
var deadPrincipal = lazyregexp.Regexp(`"(AROA|AIDA|AGPA|AIPA)[A-Z0-9]{12,}"`)

// DeadPrincipals returns the statements whose principal was deleted: while one is there, services refuse every new version
// of the document.
func (s Shared) DeadPrincipals() []string {
	var dead []string
	for _, statement := range s.statements {
		if id := deadIn(statement); id != nil {
			dead = append(dead, fmt.Sprintf("%s (principal %s)", Label(statement), bytes.Trim(id, `"`)))
		}
	}
	return dead
}

func isDead(statement json.RawMessage) bool { return deadIn(statement) != nil }

// deadIn returns the first deleted principal that a statement names.
func deadIn(statement json.RawMessage) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(statement, &members) != nil {
		return nil
	}
	return deadPrincipal().Find(slices.Concat(members["Principal"], members["NotPrincipal"]))
}
