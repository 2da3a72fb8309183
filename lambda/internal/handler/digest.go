package handler

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/properties"
)

// digest answers an event of a resource that makes nothing: its physical ID, and with that its Ref, is a digest of its content.
// See docs/adr/0007-data-permissions-are-replaced.md.
func digest(e cfn.Event) result {
	if e.RequestType == cfn.Delete {
		return result{physicalID: e.PhysicalResourceID}
	}
	// Decoding and encoding sorts the names.
	var all map[string]any
	if err := json.Unmarshal(e.ResourceProperties, &all); err != nil || all[properties.NameContent] == nil {
		return result{physicalID: physicalID(e), err: errors.New("the digest can't be made because the property " + properties.NameContent +
			" is missing. Nothing was changed. Set it to what the digest is of")}
	}
	text, err := json.Marshal(all[properties.NameContent])
	if err != nil {
		return result{physicalID: physicalID(e), err: fmt.Errorf("encode %s: %w", properties.NameContent, err)}
	}
	sum := sha256.Sum256(text)
	return result{physicalID: fmt.Sprintf("%x", sum)[:properties.DigestLength]}
}
