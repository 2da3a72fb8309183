package permissions

import (
	"errors"
	"fmt"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Faults returns what the function would refuse about properties that properties.Parse accepts, in a stack of the scope's partition, Region
// and account: limits that only the whole shows, such as the size of a policy.
func Faults(s Scope, stackName, logicalID string, p properties.Properties) []string {
	stackID := fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/%s/0", s.Partition, s.Region, s.AccountID, stackName)
	identity, err := servicerole.NewIdentity(stackID, logicalID)
	if err == nil {
		_, err = servicerole.New(identity, p)
	}
	var wrong *properties.Error
	switch {
	case errors.As(err, &wrong):
		return wrong.Faults
	case err != nil:
		return []string{err.Error()}
	}
	return nil
}
