package findings

import (
	"fmt"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// ofDefaultKeys returns findings about buckets whose default encryption Personalize can't use. They are not certain, because the default
// applies only to new objects. See https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func (s State) ofDefaultKeys() []Finding {
	var all []Finding
	for _, b := range s.Desired.Buckets {
		key := s.Observed.Buckets[b.Name].DefaultKey
		if key == nil || b.HasKey {
			continue
		}
		if f, ok := s.ofDefaultKey(*key, s.Observed.Keys[key.ARN]); ok {
			f.Severity, f.Resource = Warning, "bucket "+b.Name
			f.Problem = sentence("bucket %s encrypts new objects with %s", b.Name, f.Problem)
			all = append(all, f)
		}
	}
	return all
}

// ofDefaultKey says what is wrong with a key, other than what its policy says.
func (s State) ofDefaultKey(key servicerole.DefaultKey, found servicerole.ObservedShared) (Finding, bool) {
	set := sentence("Set %s of the bucket to the key's ARN if it is a customer managed key", properties.FieldKmsKeyArn)
	switch {
	case key.Denial != nil && key.ID == "":
		return Finding{Code: DefaultKeyUnknown, Problem: fmt.Sprintf("a key that can't be determined: %v", key.Denial), Remedy: set}, true
	case key.Denial != nil:
		return Finding{Code: DefaultKeyUnknown, Problem: fmt.Sprintf("KMS key %s, which can't be resolved: %v", key.ID, key.Denial),
			Remedy: set}, true
	case key.AWSManaged || found.AWSManaged:
		return Finding{Code: DefaultKeyOfAWS, Problem: "the AWS managed key aws/s3, which Personalize can't use",
			Remedy: "Change the default encryption to SSE-S3 or to a customer managed key, and encrypt existing objects again."}, true
	case key.ARN != "" && !s.Desired.Identity.IsUsable(key):
		return Finding{Code: DefaultKeyElsewhere, Problem: fmt.Sprintf("KMS key %s of another account or Region", key.ARN),
			Remedy: sentence("If it is in %s, set %s of the bucket to its ARN, and have its owner add the statement in attribute %s to its "+
				"policy. Otherwise change the default encryption, and encrypt existing objects again", s.Desired.Identity.Region,
				properties.FieldKmsKeyArn, properties.AttrRequiredKeyPolicyStatements)}, true
	case key.ARN == "" || found.Presence == servicerole.Missing || found.IsDoomed():
		return Finding{Code: DefaultKeyMissing, Problem: fmt.Sprintf("KMS key %s, which does not exist or is pending deletion", key.ID),
			Remedy: "Change the default encryption, and encrypt existing objects again."}, true
	case found.Presence == servicerole.Denied:
		return Finding{Code: KeyPolicyUnreadable, Problem: fmt.Sprintf("KMS key %s, whose policy can't be read and was not changed: %v", key.ARN,
			found.Denial), Remedy: sentence("Have its owner add the statement in attribute %s to its policy",
			properties.AttrRequiredKeyPolicyStatements)}, true
	}
	return Finding{}, false
}
