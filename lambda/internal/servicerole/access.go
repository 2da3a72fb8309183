package servicerole

import (
	"fmt"
	"slices"
	"strings"

	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// BucketGrant is what a data bucket's policy should say.
type BucketGrant struct {
	Name string
	// Managed says that the bucket's policy is ours to extend, where the bucket belongs to this account.
	Managed bool
	// Statement is to be merged; Foreign is what the owner of a bucket in another account must add.
	Statement, Foreign policy.Statement
}

// KeyGrant is what a key's policy should say.
type KeyGrant struct {
	ARN string
	// Managed says that the key's policy is ours to extend; a key of another account never is.
	Managed bool
	// OfOthers says that the key belongs to another account.
	OfOthers  bool
	Statement policy.Statement
}

// access collects what the properties say of buckets and keys.
type access struct {
	buckets []policy.Bucket
	keys    []policy.Key
	metrics bool
}

func (i Identity) access(p properties.Properties) access {
	var a access
	exports := false
	for _, b := range p.Buckets {
		a.buckets = append(a.buckets, policy.Bucket{Partition: i.Partition, Name: b.Name, Uses: b.Uses, Prefixes: b.Prefixes})
		exports = exports || slices.Contains(b.Uses, properties.UseDatasetExport)
		// AmazonPersonalizeFullAccess brings the permission along.
		a.metrics = a.metrics || p.PersonalizeAccess == properties.PersonalizeNone && slices.Contains(b.Uses, properties.UseMetricAttribution)
	}
	for _, arn := range p.KmsKeyArns {
		a.addKey(policy.Key{ARN: arn, InRole: true, Exports: exports, Managed: i.managesKey(p, arn)})
	}
	for _, b := range p.Buckets {
		if b.KmsKeyArn != "" {
			managed := i.managesKey(p, b.KmsKeyArn)
			a.addKey(policy.Key{ARN: b.KmsKeyArn, InRole: !managed || policy.Writes(b.Uses), Managed: managed})
		}
	}
	slices.SortFunc(a.keys, func(a, b policy.Key) int { return strings.Compare(a.ARN, b.ARN) })
	return a
}

// addKey joins what several places say of one key.
func (a *access) addKey(key policy.Key) {
	for n := range a.keys {
		if have := &a.keys[n]; have.ARN == key.ARN {
			have.InRole, have.Exports = have.InRole || key.InRole, have.Exports || key.Exports
			return
		}
	}
	a.keys = append(a.keys, key)
}

func (i Identity) managesKey(p properties.Properties, key string) bool {
	return p.ManageKeyPolicies && i.isOwnKey(key)
}

func (i Identity) isOwnKey(key string) bool {
	parsed, err := awsarn.Parse(key)
	return err == nil && parsed.AccountID == i.AccountID
}

func (i Identity) bucketGrants(p properties.Properties, role RoleRef, buckets []policy.Bucket) []BucketGrant {
	var grants []BucketGrant
	for n, b := range p.Buckets {
		var source *policy.Source
		if b.RequireSourceConditions {
			source = i.source(p)
		}
		grants = append(grants, BucketGrant{
			Name: b.Name, Managed: b.ManageBucketPolicy,
			Statement: policy.BucketStatement(i.Sid(role), buckets[n], source),
			Foreign:   policy.ForeignBucketStatement(i.ForeignSid(role), role.ARN, buckets[n]),
		})
	}
	return grants
}

func (i Identity) keyGrants(role RoleRef, keys []policy.Key) []KeyGrant {
	var grants []KeyGrant
	for _, key := range keys {
		sid := i.Sid(role)
		if !i.isOwnKey(key.ARN) {
			sid = i.ForeignSid(role)
		}
		grants = append(grants, KeyGrant{
			ARN: key.ARN, Managed: key.Managed, OfOthers: !i.isOwnKey(key.ARN), Statement: policy.KeyStatement(sid, role.ARN, key),
		})
	}
	return grants
}

// source is whose Personalize the properties mean.
func (i Identity) source(p properties.Properties) *policy.Source {
	regions := p.SourceRegions
	if len(regions) == 0 {
		regions = []string{i.Region}
	}
	return &policy.Source{Partition: i.Partition, AccountID: i.AccountID, Regions: regions}
}

// keyFaults refuses keys that can't encrypt anything in the stack's Region.
func (i Identity) keyFaults(keys []policy.Key) []string {
	var faults []string
	for _, key := range keys {
		if !strings.HasPrefix(key.ARN, fmt.Sprintf("arn:%s:kms:%s:", i.Partition, i.Region)) {
			faults = append(faults, fmt.Sprintf("KMS key %s must be in the Region of the stack, %s", key.ARN, i.Region))
		}
	}
	return faults
}

// managed returns the names of the buckets and the ARNs of the keys whose policies properties ask to extend.
func (i Identity) managed(p properties.Properties) []string {
	var names []string
	for _, b := range p.Buckets {
		if b.ManageBucketPolicy {
			names = append(names, b.Name)
		}
	}
	for _, key := range i.access(p).keys {
		if key.Managed {
			names = append(names, key.ARN)
		}
	}
	return names
}

// bucketNames returns the data buckets that properties name.
func bucketNames(p properties.Properties) []string {
	var names []string
	for _, b := range p.Buckets {
		names = append(names, b.Name)
	}
	return names
}

// ownKeys returns the keys of this account that properties name, each once.
func (i Identity) ownKeys(p properties.Properties) []string {
	var arns []string
	for _, key := range i.access(p).keys {
		if i.isOwnKey(key.ARN) {
			arns = append(arns, key.ARN)
		}
	}
	return arns
}
