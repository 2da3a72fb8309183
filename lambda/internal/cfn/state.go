package cfn

import "strings"

// state is what the status of a resource says about the events that may still come for it.
type state int

const (
	// other statuses belong to operations that custom resources don't take part in, such as imports.
	other state = iota
	creating
	failedToCreate
	// complete resources wait for nothing.
	complete
	updating
	// failedToUpdate resources wait for the rollback.
	failedToUpdate
	deleting
	// retained resources have left the stack and stay in the account.
	retained
)

// stateOf follows
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDetail.html
func stateOf(resourceStatus string) state {
	switch resourceStatus {
	case "CREATE_IN_PROGRESS":
		return creating
	case "CREATE_FAILED":
		return failedToCreate
	case "CREATE_COMPLETE", "UPDATE_COMPLETE":
		return complete
	case "UPDATE_IN_PROGRESS":
		return updating
	case "UPDATE_FAILED":
		return failedToUpdate
	case "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED":
		return deleting
	case "DELETE_SKIPPED":
		return retained
	}
	return other
}

// isResting reports whether no operation of the stack is under way, so that CloudFormation waits for no answer.
func isResting(stackStatus string) bool {
	switch stackStatus {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
		"IMPORT_ROLLBACK_FAILED",
		"CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED":
		return true
	}
	return false
}

// isEnding reports whether everything in the stack is deleted: the stack is, or its creation is rolled back.
func isEnding(stackStatus string) bool {
	switch stackStatus {
	case "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE":
		return true
	}
	return false
}

// isCleaningUp reports whether the resources of the stack are what they should be, and only replaced ones are left to delete.
func isCleaningUp(stackStatus string) bool {
	return strings.HasSuffix(stackStatus, "_CLEANUP_IN_PROGRESS")
}

// isRollingBack reports whether an update of the stack is rolled back and that is still under way.
func isRollingBack(stackStatus string) bool {
	return strings.HasPrefix(stackStatus, "UPDATE_ROLLBACK_") && !isResting(stackStatus)
}
