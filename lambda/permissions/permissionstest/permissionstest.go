// Package permissionstest defines for tests what the function must be allowed for one role.
package permissionstest

import (
	"fmt"
	"strings"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// Need is one action on one resource.
type Need struct{ Action, Resource string }

// Needed returns what the function must be allowed in the life of a role: creating, changing and deleting it.
func Needed(s permissions.Scope, stackName, logicalID string, p properties.Properties) ([]Need, error) {
	stackID := fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/0", s.Partition, s.Region, s.AccountID, stackName)
	identity, err := servicerole.NewIdentity(stackID, logicalID)
	if err != nil {
		return nil, err
	}
	desired, err := servicerole.New(identity, p)
	if err != nil {
		return nil, err
	}
	targets := map[string][]string{"role": {desired.Role.ARN}, "policy": {identity.Policy(desired.Role.RoleRef, p).ARN}}
	for _, b := range desired.Buckets {
		if b.Managed {
			targets["s3"] = append(targets["s3"], identity.Bucket(b.Name).ARN)
		}
	}
	for _, key := range desired.Keys {
		if key.Managed && !key.OfOthers {
			targets["kms"] = append(targets["kms"], key.ARN)
		}
	}
	var needs []Need
	for _, op := range plan.Kinds() {
		for _, action := range op.Actions() {
			service, call, _ := strings.Cut(action, ":")
			kind := service
			switch {
			case service == "iam" && strings.Contains(call, "Role"):
				kind = "role"
			case service == "iam":
				kind = "policy"
			}
			for _, target := range targets[kind] {
				needs = append(needs, Need{action, target})
			}
		}
	}
	return needs, nil
}
