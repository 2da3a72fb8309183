package servicerole

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
	"personalize-role/lambda/properties"
)

// Identity says which custom resource an event is about. It stays the same for the life of the resource.
type Identity struct {
	Partition string
	Region    string
	AccountID string
	StackID   string
	LogicalID string
}

var (
	// Lengths are compared apart: a bound of a repetition makes an expression many times as large.
	stackARN = lazyregexp.Regexp(`^arn:([a-z0-9-]+):cloudformation:([a-z0-9-]+):(\d{12}):stack/([a-zA-Z0-9-]+)/([a-zA-Z0-9-]+)$`)
	// Both become values of tags.
	logicalID = lazyregexp.Regexp(`^[a-zA-Z0-9]+$`)
)

// NewIdentity parses the StackId and LogicalResourceId of an event. It returns an error if they don't have CloudFormation's form.
func NewIdentity(stack, logical string) (Identity, error) {
	m := stackARN().FindStringSubmatch(stack)
	if m == nil || len(stack) > MaxTagValue || len(m[4]) > 128 || len(m[5]) > 64 || !logicalID().MatchString(logical) || len(logical) > 255 {
		return Identity{}, fmt.Errorf("StackId %q with LogicalResourceId %q does not name a resource of a CloudFormation stack. Nothing "+
			"was changed. Send both in CloudFormation's form", stack, logical)
	}
	return Identity{Partition: m[1], Region: m[2], AccountID: m[3], StackID: stack, LogicalID: logical}, nil
}

// Governed returns the ARNs of the AWS managed policies that the properties attach and detach on a role.
func (i Identity) Governed() []string {
	return []string{
		i.awsManaged("service-role/" + properties.PersonalizeFullAccess),
		i.awsManaged(properties.CloudWatchFullAccess),
		i.awsManaged(properties.CloudWatchFullAccessV2),
	}
}

func (i Identity) awsManaged(name string) string {
	return fmt.Sprintf("arn:%s:iam::aws:policy/%s", i.Partition, name)
}

// IsOwnAccountPolicy reports whether an ARN is that of a customer managed policy of this account.
func (i Identity) IsOwnAccountPolicy(arn string) bool {
	return strings.HasPrefix(arn, fmt.Sprintf("arn:%s:iam::%s:policy/", i.Partition, i.AccountID))
}

// digest returns 20 letters and digits, 100 bits of a SHA-256, for parts joined so that no two lists of parts have the same text.
func digest(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil))[:20])
}
