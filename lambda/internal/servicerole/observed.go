package servicerole

import "time"

// Observed is what IAM holds at one moment, as far as it concerns one custom resource.
type Observed struct {
	// Role is nil where there is none of that name.
	Role *ObservedRole
	// Policies are the customer managed policies that exist, of those asked about and of those of ours that are attached
	// to the role.
	Policies []ObservedPolicy
}

// ObservedRole is a role as IAM describes it.
type ObservedRole struct {
	RoleName
	ID                 string
	Created            time.Time
	Description        string
	MaxSessionDuration int
	Boundary           string
	Trust              string
	Tags               map[string]string
	// Attached are the ARNs of the managed policies on the role.
	Attached []string
	// Inline are the names of the inline policies in the role.
	Inline []string
}

// ObservedPolicy is a customer managed policy as IAM describes it.
type ObservedPolicy struct {
	PolicyName
	Tags     map[string]string
	Document string
	// DefaultVersion is the id of the version in force, such as v3.
	DefaultVersion string
	// OtherVersions are the ids of the versions not in force, oldest first.
	OtherVersions []string
	// Users are the entities that others attached it to: "user NAME", "group NAME", "role NAME".
	Users []string
}

// Policy finds an observed policy by its ARN.
func (o Observed) Policy(arn string) *ObservedPolicy {
	for n := range o.Policies {
		if o.Policies[n].ARN == arn {
			return &o.Policies[n]
		}
	}
	return nil
}
