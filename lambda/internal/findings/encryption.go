package findings

import (
	"fmt"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// ofDefaultKeys returns a warning for each bucket whose default encryption Personalize can't use, or not yet. Objects may be encrypted
// otherwise: a bucket's default is that of new ones. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func ofDefaultKeys(d servicerole.Desired, o servicerole.Observed) []string {
	var warnings []string
	for _, b := range d.Buckets {
		key := o.Buckets[b.Name].DefaultKey
		if key == nil || b.HasKey {
			continue
		}
		if problem := ofDefaultKey(d, *key, o.Keys[key.ARN]); problem != "" {
			warnings = append(warnings, fmt.Sprintf("bucket %s encrypts new objects with %s", b.Name, problem))
		}
	}
	return warnings
}

// ofDefaultKey says what is wrong with a key, and what to do; nothing if its policy has the statement.
func ofDefaultKey(d servicerole.Desired, key servicerole.DefaultKey, found servicerole.ObservedShared) string {
	switch {
	case key.Denial != nil && key.ID == "":
		return fmt.Sprintf("a key that can't be told: %v. If it is a customer managed key, set %s.", key.Denial, properties.FieldKmsKeyArn)
	case key.Denial != nil:
		return fmt.Sprintf("KMS key %s, which can't be resolved: %v. Set %s.", key.ID, key.Denial, properties.FieldKmsKeyArn)
	case key.AWSManaged || found.AWSManaged:
		return "the AWS managed key aws/s3, which Personalize can't use. Change the default encryption to SSE-S3 or to a customer managed key, " +
			"and encrypt existing objects again."
	case key.ARN != "" && !d.Identity.IsUsable(key):
		return fmt.Sprintf("KMS key %s of another account or Region. If it is in %s, set %s to its ARN, and have its owner add the statement in "+
			"attribute %s to its policy.", key.ARN, d.Identity.Region, properties.FieldKmsKeyArn, properties.AttrRequiredKeyPolicyStatements)
	case key.ARN == "" || found.Presence == servicerole.Missing || found.IsDoomed():
		return fmt.Sprintf("KMS key %s, which does not exist or is pending deletion. Change the default encryption.", key.ID)
	case found.Presence == servicerole.Denied:
		return fmt.Sprintf("KMS key %s, whose policy was not changed: %v. Or add the statement in attribute %s to its policy.", key.ARN,
			found.Denial, properties.AttrRequiredKeyPolicyStatements)
	}
	for _, grant := range d.Keys {
		if grant.ARN == key.ARN && !grant.Managed && !found.HasStatement(d.Sid) {
			return fmt.Sprintf("KMS key %s. Add the statement in attribute %s to its policy.", key.ARN,
				properties.AttrRequiredKeyPolicyStatements)
		}
	}
	return ""
}
