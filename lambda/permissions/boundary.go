package permissions

import (
	"slices"

	"personalize-role/lambda/properties"
)

// BoundaryStatements returns the statements of a permissions boundary for service roles: what Personalize needs of the buckets and keys of
// a scope, and nothing else, whatever is attached to a role. The buckets are ARNs of this account's buckets, the keys ARNs. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func BoundaryStatements(s Scope) []Statement {
	statements := []Statement{
		{Sid: "UsePersonalize", Actions: []string{"personalize:*"}, Resources: []string{"*"}},
		{Sid: "PublishMetrics", Actions: []string{"cloudwatch:ListMetrics", "cloudwatch:PutMetricData"}, Resources: []string{"*"}},
	}
	if len(s.Buckets) > 0 {
		var objects []string
		for _, bucket := range s.Buckets {
			objects = append(objects, bucket+"/*")
		}
		statements = append(statements, Statement{
			Sid: "UseBuckets", Actions: []string{properties.ActionGet, properties.ActionList, properties.ActionPut},
			Resources:  slices.Concat(s.Buckets, objects),
			Conditions: map[string]map[string][]string{"StringEquals": {"aws:ResourceAccount": {s.AccountID}}},
		})
	}
	if len(s.Keys) > 0 {
		// Grants, too: what a key policy allows a role by its ARN, a boundary must allow as well.
		statements = append(statements, Statement{Sid: "UseKeys", Resources: s.Keys, Actions: []string{
			"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ListGrants",
		}})
	}
	return statements
}
