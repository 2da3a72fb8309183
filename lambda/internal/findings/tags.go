package findings

import (
	"fmt"
	"strings"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// OfTags returns a warning if the role or its policy can't have some tags of the stack.
func OfTags(d servicerole.Desired) []string {
	if len(d.LeftOut) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("these tags of the stack were not put on the role or its policy, because IAM does not allow them or has no "+
		"room for them: %s. If that is intended, set %s to false and name the tags that you want in %s.", strings.Join(d.LeftOut, ", "),
		properties.NameStackTags, properties.NameTags)}
}
