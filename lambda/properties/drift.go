package properties

import "slices"

// RequestCheckDrift is the RequestType of the event that has the function check for drift. Its other fields are StackId, LogicalResourceId
// and ResourceProperties, as in an event of CloudFormation.
const RequestCheckDrift = "CheckDrift"

// Metrics of drift checks, all of them counts.
const (
	// MetricNamespace is that of the metrics, and DimensionStack (the stack's name) and DimensionLogicalID are their dimensions.
	MetricNamespace    = "PersonalizeRole"
	DimensionStack     = "StackName"
	DimensionLogicalID = "LogicalResourceId"

	// MetricDrift is the number of differences that were not repaired, and MetricFindings the number of findings.
	MetricDrift    = "Drift"
	MetricFindings = "Findings"
	// MetricCheckFailed is 1 if the check failed, at least in part.
	MetricCheckFailed = "CheckFailed"
	// MetricProblems is the number of problems for a person to solve: differences, findings that are certain, and failed checks.
	MetricProblems = "Problems"
)

// Provisioned lists the properties that a drift check needs: not those that only a deployment or a deletion reads.
func Provisioned() []string {
	unused := []string{NameForceDetachPolicies, NamePropagationDelaySeconds, NameRevision}
	return slices.DeleteFunc(Names(), func(name string) bool { return slices.Contains(unused, name) })
}
