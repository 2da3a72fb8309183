package servicerole

import (
	"fmt"
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
	"personalize-role/lambda/properties"
)

// Prefixes of derived names, by which the permissions of the function are narrowed.
const (
	RolePrefix   = "PersonalizeRole-"
	PolicyPrefix = "PersonalizeS3BucketAccessPolicy-"
)

// RoleRef refers to a role by its ARN and the ARN's parts.
type RoleRef struct {
	ARN  string
	Path string
	Name string
}

// PolicyRef refers to a customer managed policy by its ARN and the ARN's parts.
type PolicyRef struct {
	ARN  string
	Path string
	Name string
}

// BucketRef refers to an S3 bucket.
type BucketRef struct {
	ARN  string
	Name string
}

// Role returns the role that the properties ask for. Its ARN is the physical ID before anything exists. A derived name depends on the
// stack, the logical ID, the Region and the path, and on nothing that changes between retries.
func (i Identity) Role(p properties.Properties) RoleRef {
	name := p.RoleName
	if name == "" {
		name = i.derivedName(p.Path)
	}
	return i.roleRef(p.Path, name)
}

func (i Identity) roleRef(path, name string) RoleRef {
	return RoleRef{ARN: fmt.Sprintf("arn:%s:iam::%s:role%s%s", i.Partition, i.AccountID, path, name), Path: path, Name: name}
}

func (i Identity) derivedName(path string) string {
	return RolePrefix + digest(i.StackID, i.LogicalID, i.Region, path)
}

// isDerived reports whether the function made the name of a role up, so that the role can't have existed before the resource.
func (i Identity) isDerived(role RoleRef) bool { return role.Name == i.derivedName(role.Path) }

var roleARN = lazyregexp.Regexp(`^arn:[a-z0-9-]+:iam::\d{12}:role(/|/.*/)([^/]+)$`)

// ParseRole parses a physical ID. It reports false if that isn't the ARN of a role of this account: CloudFormation makes up IDs of
// resources whose creation was never answered.
func (i Identity) ParseRole(physicalID string) (RoleRef, bool) {
	m := roleARN().FindStringSubmatch(physicalID)
	if m == nil || !strings.HasPrefix(physicalID, fmt.Sprintf("arn:%s:iam::%s:", i.Partition, i.AccountID)) {
		return RoleRef{}, false
	}
	return RoleRef{ARN: physicalID, Path: m[1], Name: m[2]}, true
}

// RoleOf returns the role that an event with this physical ID acts on: the ID's own if it is the ARN of a role of this account, and
// otherwise the one that the properties ask for.
func (i Identity) RoleOf(physicalID string, p properties.Properties) RoleRef {
	if role, ok := i.ParseRole(physicalID); ok {
		return role
	}
	return i.Role(p)
}

// Policy returns the customer managed policy of a role. Its derived name comes from the role's ARN, so that the old and the new role
// of a replacement never share one.
func (i Identity) Policy(role RoleRef, p properties.Properties) PolicyRef {
	name := p.PolicyName
	if name == "" {
		name = PolicyPrefix + digest(role.ARN)
	}
	return PolicyRef{ARN: fmt.Sprintf("arn:%s:iam::%s:policy%s%s", i.Partition, i.AccountID, role.Path, name), Path: role.Path, Name: name}
}

// Bucket returns the bucket with a name.
func (i Identity) Bucket(name string) BucketRef {
	return BucketRef{ARN: fmt.Sprintf("arn:%s:s3:::%s", i.Partition, name), Name: name}
}

// IsNamedLike reports whether IAM takes the names of two roles for the same, whatever their case.
func (r RoleRef) IsNamedLike(other RoleRef) bool { return strings.EqualFold(r.Name, other.Name) }
