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
	// Managed says that the function may change the bucket's policy, if the bucket belongs to this account.
	Managed bool
	// HasKey says that the properties name a key of the bucket's objects.
	HasKey bool
	// Statements are to be merged; Foreign are what the owner of a bucket in another account must add.
	Statements, Foreign []policy.Statement
}

// KeyGrant is what a key's policy should say.
type KeyGrant struct {
	ARN string
	// Managed says that the function may change the key's policy; it never changes that of a key of another account.
	Managed bool
	// OfOthers says that the key belongs to another account.
	OfOthers bool
	// Found says that no property names the key: it is that of a bucket's default encryption.
	Found     bool
	Statement policy.Statement
	// Direct are the actions by which Personalize uses the key itself, and ByS3 those by which S3 does for it.
	Direct, ByS3 []string
}

// access returns what the properties say of buckets, keys and the rest that the role's own policy allows.
func (i Identity) access(p properties.Properties) policy.Role {
	// The managed policies bring the permission to publish metrics along.
	without := p.PersonalizeAccess != properties.PersonalizeFullAccess && !attachesCloudWatch(p)
	r := policy.Role{
		Personalize: p.PersonalizeAccess == properties.PersonalizeOnly,
		Metrics:     without && slices.Contains(p.Uses, properties.UseMetricAttribution),
	}
	exports := false
	for _, b := range p.Buckets {
		i.addGrant(&r, b)
		exports = exports || slices.Contains(b.Uses, properties.UseDatasetExport)
		r.Metrics = r.Metrics || without && slices.Contains(b.Uses, properties.UseMetricAttribution)
	}
	for _, arn := range p.KmsKeyArns {
		addKey(&r, policy.Key{ARN: arn, InRole: true, Exports: exports, Managed: i.managesKey(p, arn), Datasets: true})
	}
	for _, b := range p.Buckets {
		if b.KmsKeyArn != "" {
			managed := i.managesKey(p, b.KmsKeyArn)
			addKey(&r, policy.Key{ARN: b.KmsKeyArn, InRole: !managed || policy.Writes(b.Uses), Managed: managed,
				Reads: policy.Reads(b.Uses), Writes: policy.Writes(b.Uses)})
		}
	}
	slices.SortFunc(r.Keys, func(a, b policy.Key) int { return strings.Compare(a.ARN, b.ARN) })
	return r
}

// addGrant joins what several entries say of one bucket.
func (i Identity) addGrant(r *policy.Role, entry properties.Bucket) {
	grant := policy.Grant{Uses: entry.Uses, Prefixes: entry.Prefixes}
	for n := range r.Buckets {
		if r.Buckets[n].Name == entry.Name {
			r.Buckets[n].Grants = append(r.Buckets[n].Grants, grant)
			return
		}
	}
	r.Buckets = append(r.Buckets, policy.Bucket{Partition: i.Partition, Name: entry.Name, Grants: []policy.Grant{grant}})
}

// addKey joins what several places say of one key.
func addKey(r *policy.Role, key policy.Key) {
	for n := range r.Keys {
		if have := &r.Keys[n]; have.ARN == key.ARN {
			have.InRole, have.Exports, have.Found = have.InRole || key.InRole, have.Exports || key.Exports, have.Found && key.Found
			have.Datasets, have.Reads, have.Writes = have.Datasets || key.Datasets, have.Reads || key.Reads, have.Writes || key.Writes
			return
		}
	}
	r.Keys = append(r.Keys, key)
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
	for _, b := range buckets {
		// Entries of one bucket agree on both.
		entry := p.Buckets[slices.IndexFunc(p.Buckets, func(entry properties.Bucket) bool { return entry.Name == b.Name })]
		source, required := i.source(p), entry.RequireSourceConditions
		grants = append(grants, BucketGrant{
			Name: b.Name, Managed: entry.ManageBucketPolicy,
			HasKey: slices.ContainsFunc(p.Buckets, func(entry properties.Bucket) bool {
				return entry.Name == b.Name && entry.KmsKeyArn != ""
			}),
			Statements: policy.BucketStatements(i.Sid(role), b, source, required),
			Foreign:    policy.ForeignBucketStatements(i.ForeignSid(role), role.ARN, b, source, required),
		})
	}
	return grants
}

func (i Identity) keyGrants(p properties.Properties, role RoleRef, keys []policy.Key) []KeyGrant {
	var grants []KeyGrant
	for _, key := range keys {
		sid := i.Sid(role)
		if !i.isOwnKey(key.ARN) {
			sid = i.ForeignSid(role)
		}
		grants = append(grants, KeyGrant{
			ARN: key.ARN, Managed: key.Managed, Found: key.Found, OfOthers: !i.isOwnKey(key.ARN),
			Statement: policy.KeyStatement(sid, role.ARN, key, i.source(p)), Direct: key.Direct(), ByS3: key.ByS3(),
		})
	}
	return grants
}

// source is whose Personalize the properties mean; nil for anybody's.
func (i Identity) source(p properties.Properties) *policy.Source {
	if !p.SourceConditions {
		return nil
	}
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
	for _, key := range i.access(p).Keys {
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
	for _, key := range i.access(p).Keys {
		if i.isOwnKey(key.ARN) {
			arns = append(arns, key.ARN)
		}
	}
	return arns
}
