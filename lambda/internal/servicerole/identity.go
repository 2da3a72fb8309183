// Package servicerole says what a service role should be (Desired), what was found (Observed), what things are called,
// and what is ours. It is pure: no call, no clock, no environment.
package servicerole

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"personalize-role/lambda/internal/lazy"
	"personalize-role/lambda/properties"
)

// Prefixes of derived names, by which the permissions of the function are narrowed.
const (
	RolePrefix   = "PersonalizeRole-"
	PolicyPrefix = "PersonalizeS3BucketAccessPolicy-"
)

// Identity says which custom resource an event is about; it stays the same for the life of the resource.
type Identity struct {
	Partition string
	Region    string
	AccountID string
	StackID   string
	LogicalID string
}

var stackARN = lazy.Regexp(`^arn:([a-z0-9-]+):cloudformation:([a-z0-9-]+):(\d{12}):stack/[^/]+/[^/]+$`)

// NewIdentity takes the StackId and LogicalResourceId of an event apart.
func NewIdentity(stackID, logicalID string) (Identity, error) {
	m := stackARN().FindStringSubmatch(stackID)
	if m == nil || logicalID == "" {
		return Identity{}, fmt.Errorf("StackId %q with LogicalResourceId %q doesn't name a resource of a CloudFormation "+
			"stack; events of other senders must carry both in CloudFormation's form", stackID, logicalID)
	}
	return Identity{Partition: m[1], Region: m[2], AccountID: m[3], StackID: stackID, LogicalID: logicalID}, nil
}

// RoleName names a role by its ARN, taken apart.
type RoleName struct {
	ARN  string
	Path string
	Name string
}

// Role gives the role that the properties stand for: the physical id before anything exists. A derived name depends on
// the stack, the logical id, the Region and the path, and on nothing that changes between retries.
func (i Identity) Role(p properties.Properties) RoleName {
	name := p.RoleName
	if name == "" {
		name = i.derivedName(p.Path)
	}
	return RoleName{ARN: fmt.Sprintf("arn:%s:iam::%s:role%s%s", i.Partition, i.AccountID, p.Path, name), Path: p.Path, Name: name}
}

func (i Identity) derivedName(path string) string {
	return RolePrefix + digest(i.StackID, i.LogicalID, i.Region, path)
}

var roleARN = lazy.Regexp(`^arn:[a-z0-9-]+:iam::\d{12}:role(/|/.*/)([^/]+)$`)

// ParseRole takes a physical id apart; false where it isn't the ARN of a role of this account, since CloudFormation makes
// up ids of resources whose creation was never answered.
func (i Identity) ParseRole(physicalID string) (RoleName, bool) {
	m := roleARN().FindStringSubmatch(physicalID)
	if m == nil || !strings.HasPrefix(physicalID, fmt.Sprintf("arn:%s:iam::%s:", i.Partition, i.AccountID)) {
		return RoleName{}, false
	}
	return RoleName{ARN: physicalID, Path: m[1], Name: m[2]}, true
}

// PolicyName names a managed policy by its ARN, taken apart.
type PolicyName struct {
	ARN  string
	Path string
	Name string
}

// Policy gives the customer managed policy of a role. Its derived name comes from the role's ARN, so that the old and the
// new role of a replacement never share one.
func (i Identity) Policy(role RoleName, p properties.Properties) PolicyName {
	name := p.S3PolicyName
	if name == "" {
		name = PolicyPrefix + digest(role.ARN)
	}
	return PolicyName{ARN: fmt.Sprintf("arn:%s:iam::%s:policy%s%s", i.Partition, i.AccountID, role.Path, name), Path: role.Path, Name: name}
}

// BucketName names an S3 bucket.
type BucketName struct {
	ARN  string
	Name string
}

// Bucket gives the bucket of a name.
func (i Identity) Bucket(name string) BucketName {
	return BucketName{ARN: fmt.Sprintf("arn:%s:s3:::%s", i.Partition, name), Name: name}
}

// IsOwnAccountPolicy tells whether an ARN is that of a customer managed policy of this account.
func (i Identity) IsOwnAccountPolicy(arn string) bool {
	return strings.HasPrefix(arn, fmt.Sprintf("arn:%s:iam::%s:policy/", i.Partition, i.AccountID))
}

// Governed are the AWS managed policies that the properties attach and detach on a role.
func (i Identity) Governed() []string {
	return []string{
		i.awsManaged("service-role/AmazonPersonalizeFullAccess"),
		i.awsManaged(properties.CloudWatchFullAccess),
		i.awsManaged(properties.CloudWatchFullAccessV2),
	}
}

func (i Identity) awsManaged(name string) string {
	return fmt.Sprintf("arn:%s:iam::aws:policy/%s", i.Partition, name)
}

// digest gives 20 characters of letters and digits, 100 bits of a SHA-256, for parts joined so that no two lists of parts
// give the same text.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil))[:20])
}
