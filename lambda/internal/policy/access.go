package policy

import (
	"slices"

	"personalize-role/lambda/properties"
)

// accessPolicy is both the Id and the Sid of the managed policy that the set-up page of Personalize prescribes.
const accessPolicy = "PersonalizeS3BucketAccessPolicy"

// Role is what the role's own policy allows.
type Role struct {
	Buckets []Bucket
	Keys    []Key
	// Metrics lets the role publish metrics to CloudWatch, and Personalize lets it call Personalize.
	Metrics, Personalize bool
}

// Document is the role's own policy. It has no statement if there is nothing to allow. See
// https://docs.aws.amazon.com/personalize/latest/dg/set-up-required-permissions.html
func (r Role) Document() Document {
	d := Document{Version: Version, ID: accessPolicy, Statement: slices.Concat(bucketStatements(r.Buckets), keyStatements(r.Keys))}
	everywhere := func(suffix, action string) {
		d.Statement = append(d.Statement, Statement{
			Sid: accessPolicy + suffix, Effect: "Allow", Action: Values{action}, Resource: Values{"*"},
		})
	}
	if r.Metrics {
		everywhere("Metrics", "cloudwatch:PutMetricData")
	}
	if r.Personalize {
		everywhere("Personalize", "personalize:*")
	}
	return d
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
	// Found says that no property names the key: it is that of a bucket's default encryption.
	Found bool
	// Datasets says that dataset groups are encrypted with the key. Reads and Writes say that objects are which are read and written.
	Datasets, Reads, Writes bool
}

// Direct returns the actions by which Personalize uses the key itself. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func (k Key) Direct() []string {
	if !k.Datasets {
		return nil
	}
	return keyActions(k)
}

// ByS3 returns the actions by which S3 uses the key for Personalize. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
func (k Key) ByS3() []string {
	var actions []string
	if k.Reads {
		actions = append(actions, "kms:Decrypt")
	}
	if k.Writes {
		actions = append(actions, "kms:GenerateDataKey")
	}
	return actions
}

func keyActions(k Key) Values {
	actions := Values{"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"}
	if k.Exports {
		actions = append(actions, generateWithoutPlaintext)
	}
	return actions
}

// Reads reports whether a use among those given reads objects of the bucket.
func Reads(uses []string) bool {
	return slices.Contains(properties.S3Actions(uses), properties.ActionGet)
}

// Writes reports whether a use among those given writes to the bucket.
func Writes(uses []string) bool {
	return slices.Contains(properties.S3Actions(uses), properties.ActionPut)
}

// keyStatements are those of the role's policy. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func keyStatements(keys []Key) []Statement {
	var named, found, exported Values
	for _, key := range keys {
		switch {
		case key.Found && key.Managed:
			found = append(found, key.ARN)
		case key.InRole:
			named = append(named, key.ARN)
		}
		if key.Exports && !key.Managed {
			exported = append(exported, key.ARN)
		}
	}
	using := Values{"kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"}
	var statements []Statement
	for _, s := range []Statement{
		{Sid: accessPolicy + "Keys", Resource: named, Action: using},
		{Sid: defaultKeys, Resource: found, Action: using},
		{Sid: accessPolicy + "ExportKeys", Resource: exported, Action: Values{generateWithoutPlaintext}},
	} {
		if s.Effect = "Allow"; len(s.Resource) > 0 {
			statements = append(statements, s)
		}
	}
	return statements
}

// defaultKeys is the Sid of the statement about keys of a default encryption whose policies have a statement too.
const defaultKeys = accessPolicy + "DefaultKeys"

// DefaultKeys returns the ARNs of the keys of a default encryption whose policies have a statement too.
func (d Document) DefaultKeys() []string {
	for _, s := range d.Statement {
		if s.Sid == defaultKeys {
			return s.Resource
		}
	}
	return nil
}

const generateWithoutPlaintext = "kms:GenerateDataKeyWithoutPlaintext"

// KeyStatement is the statement of a key policy. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
func KeyStatement(sid, roleARN string, key Key, source *Source) Statement {
	return Statement{
		Sid: sid, Effect: "Allow", Principal: &Principal{AWS: roleARN, Service: ServicePrincipal}, Resource: Values{"*"},
		Action: keyActions(key), Condition: source.conditionsIfSent(),
	}
}
