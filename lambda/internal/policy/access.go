package policy

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// accessPolicy is both the Id and the Sid of the managed policy that the set-up page of Personalize prescribes.
const accessPolicy = "PersonalizeS3BucketAccessPolicy"

// Bucket is what Personalize may do with a data bucket.
type Bucket struct {
	Partition string
	Name      string
	Uses      []string
	// Prefixes are starts of object keys; none: all objects.
	Prefixes []string
}

// Key is what Personalize may do with a KMS key.
type Key struct {
	ARN string
	// InRole says that the role's policy must name the key: what reads only needs the key's policy alone.
	InRole bool
	// Exports says that a dataset group encrypted with the key is exported.
	Exports bool
	// Managed says that the key's policy gets a statement. Where it doesn't, the role's policy must carry everything.
	Managed bool
}

// Writes reports whether a use among those given writes to the bucket.
func Writes(uses []string) bool {
	return slices.Contains(properties.S3Actions(uses), properties.ActionPut)
}

func (b Bucket) actions() Values { return properties.S3Actions(b.Uses) }

// resources are the bucket, where it is listed, and its objects. A prefix below another is covered by it.
func (b Bucket) resources() Values {
	arn := fmt.Sprintf("arn:%s:s3:::%s", b.Partition, b.Name)
	var resources Values
	if slices.Contains(b.actions(), properties.ActionList) {
		resources = append(resources, arn)
	}
	if len(b.Prefixes) == 0 {
		return append(resources, arn+"/*")
	}
	last := ""
	for n, prefix := range slices.Sorted(slices.Values(b.Prefixes)) {
		if n > 0 && strings.HasPrefix(prefix, last) {
			continue
		}
		last = prefix
		resources = append(resources, arn+"/"+prefix+"*")
	}
	return resources
}

// RoleAccess is the role's own policy for data buckets and keys; with metrics it may also publish to CloudWatch. Buckets of
// the same uses share a statement. The document has no statement if there is nothing to allow.
func RoleAccess(buckets []Bucket, keys []Key, metrics bool) Document {
	d := Document{Version: Version, ID: accessPolicy}
	d.Statement = bucketStatements(buckets)
	d.Statement = append(d.Statement, keyStatements(keys)...)
	if metrics {
		d.Statement = append(d.Statement, Statement{
			Sid: accessPolicy + "Metrics", Effect: "Allow", Action: Values{"cloudwatch:PutMetricData"}, Resource: Values{"*"},
		})
	}
	return d
}

func bucketStatements(buckets []Bucket) []Statement {
	byActions := map[string]*Statement{}
	var order []string
	for _, b := range slices.SortedFunc(slices.Values(buckets), func(a, b Bucket) int { return strings.Compare(a.Name, b.Name) }) {
		actions := b.actions()
		group := strings.Join(actions, " ")
		if byActions[group] == nil {
			byActions[group] = &Statement{Sid: accessPolicy + sidSuffix(actions), Effect: "Allow", Action: actions}
			order = append(order, group)
		}
		byActions[group].Resource = append(byActions[group].Resource, b.resources()...)
	}
	var statements []Statement
	for _, group := range slices.Sorted(slices.Values(order)) {
		statements = append(statements, *byActions[group])
	}
	return statements
}

// sidSuffix keeps the Sids of one document apart. What imports need has the Sid of the set-up page.
func sidSuffix(actions Values) string {
	switch get, put := slices.Contains(actions, properties.ActionGet), slices.Contains(actions, properties.ActionPut); {
	case get && put:
		return "ReadWrite"
	case put && slices.Contains(actions, properties.ActionList):
		return "Export"
	case put:
		return "Write"
	}
	return ""
}

// keyStatements are those of the role's policy. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func keyStatements(keys []Key) []Statement {
	var named, exported Values
	for _, key := range keys {
		if key.InRole {
			named = append(named, key.ARN)
		}
		if key.Exports && !key.Managed {
			exported = append(exported, key.ARN)
		}
	}
	var statements []Statement
	if len(named) > 0 {
		statements = append(statements, Statement{
			Sid: accessPolicy + "Keys", Effect: "Allow", Resource: named,
			Action: Values{"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"},
		})
	}
	if len(exported) > 0 {
		statements = append(statements, Statement{
			Sid: accessPolicy + "ExportKeys", Effect: "Allow", Resource: exported, Action: Values{generateWithoutPlaintext},
		})
	}
	return statements
}

const generateWithoutPlaintext = "kms:GenerateDataKeyWithoutPlaintext"

// BucketStatement is the statement of a bucket policy that lets Personalize, and no role, use the bucket: a principal that
// exists everywhere and for ever, while a role's ARN is refused until it has propagated, and spoils the policy once the role is
// deleted.
func BucketStatement(sid string, b Bucket, source *Source) Statement {
	return Statement{
		Sid: sid, Effect: "Allow", Principal: &Principal{Service: servicePrincipal}, Action: b.actions(), Resource: b.resources(),
		Condition: source.conditions(),
	}
}

// ForeignBucketStatement is the statement that the owner of a bucket in another account must add. Across accounts the role
// needs the permission of both sides, so that it is named beside the service.
func ForeignBucketStatement(sid, roleARN string, b Bucket) Statement {
	s := BucketStatement(sid, b, nil)
	s.Principal.AWS = roleARN
	return s
}

// KeyStatement is the statement of a key policy. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func KeyStatement(sid, roleARN string, key Key) Statement {
	s := Statement{
		Sid: sid, Effect: "Allow", Principal: &Principal{AWS: roleARN, Service: servicePrincipal}, Resource: Values{"*"},
		Action: Values{"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"},
	}
	if key.Exports {
		s.Action = append(s.Action, generateWithoutPlaintext)
	}
	return s
}
