// Package lifecycle judges whether an event is still wanted: Lambda delivers late, twice and again for minutes, and
// CloudFormation may delete a resource whose creation still runs. It is pure; provision asks CloudFormation.
package lifecycle

import "strings"

// RequestType is what CloudFormation asks for.
type RequestType string

// The request types. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
const (
	Create RequestType = "Create"
	Update RequestType = "Update"
	Delete RequestType = "Delete"
)

// Report is what CloudFormation says of the resource. The zero value stands for an answer that was not to be had.
type Report struct {
	// ResourceStatus is the status of the resource, such as CREATE_IN_PROGRESS; empty where the stack has none.
	ResourceStatus string
	// PhysicalID is the resource's, as CloudFormation knows it at this moment.
	PhysicalID string
	// StackStatus is the status of the stack; asked for only where the resource's doesn't settle it.
	StackStatus string
}

// Verdict says what to do about an event.
type Verdict int

const (
	// Wanted says to go on. It is also the verdict where CloudFormation says nothing.
	Wanted Verdict = iota
	// Superseded says to do nothing, since a later state of the resource stands.
	Superseded
	// Gone says to undo what this Create did, since the resource is deleted or being deleted.
	Gone
	// Unclear leaves it to the status of the stack.
	Unclear
)

// String names the verdict for logs.
func (v Verdict) String() string {
	return [...]string{"wanted", "superseded", "gone", "unclear"}[v]
}

// Judge decides on an event about the physical id. The table, by status of the resource:
//
//	                               | Create        | Update        | Delete
//	CREATE_IN_PROGRESS             | wanted        | superseded    | superseded, unless of a made-up id
//	CREATE_FAILED                  | gone          | superseded    | wanted
//	UPDATE_IN_PROGRESS             | superseded    | wanted        | superseded if of this id
//	CREATE_COMPLETE, UPDATE_*      | by the stack  | by the stack  | by the stack if of this id
//	DELETE_SKIPPED                 | superseded    | superseded    | superseded
//	DELETE_*                       | gone          | superseded    | wanted
//	none                           | by the stack, gone if it rests | by the stack  | wanted
//	another                        | by the stack  | by the stack  | wanted
//
// By the status of the stack: while no operation runs, nobody waits for an answer, and a stack that rolls back its
// creation or is deleted wants no Create.
func Judge(request RequestType, physicalID string, r Report) Verdict {
	verdict := byResource(request, physicalID, r)
	if verdict != Unclear || r.StackStatus == "" {
		return verdict
	}
	if r.ResourceStatus == "" && byStack(request, r.StackStatus) == Superseded {
		// The stack rests without the resource: what a Create made of it is nobody's.
		return choose(request, Gone, Superseded, Wanted)
	}
	return byStack(request, r.StackStatus)
}

func byResource(request RequestType, physicalID string, r Report) Verdict {
	switch r.ResourceStatus {
	case "CREATE_IN_PROGRESS":
		return choose(request, Wanted, Superseded, ifReal(physicalID, Superseded))
	case "CREATE_FAILED":
		return choose(request, Gone, Superseded, Wanted)
	case "UPDATE_IN_PROGRESS":
		return choose(request, Superseded, Wanted, ifSame(r.PhysicalID, physicalID, Superseded))
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED":
		return choose(request, Unclear, Unclear, ifSame(r.PhysicalID, physicalID, Unclear))
	case "DELETE_SKIPPED":
		return Superseded
	case "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED":
		return choose(request, Gone, Superseded, Wanted)
	}
	return choose(request, Unclear, Unclear, Wanted)
}

func byStack(request RequestType, status string) Verdict {
	switch status {
	case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
		"CREATE_FAILED", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED":
		return Superseded
	case "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE":
		return choose(request, Gone, Superseded, Wanted)
	}
	return Wanted
}

// ifSame gives the verdict on a Delete of the very resource that the report is about; a Delete of another physical id is
// the clean-up of a replacement, or of an id that CloudFormation made up.
func ifSame(reported, asked string, verdict Verdict) Verdict {
	if reported == asked {
		return verdict
	}
	return Wanted
}

// ifReal gives the verdict on a Delete of an id that an answer of ours named. CloudFormation makes one up for a creation
// that was never answered, and its status may lag behind the Delete of that one.
func ifReal(physicalID string, verdict Verdict) Verdict {
	if strings.HasPrefix(physicalID, "arn:") {
		return verdict
	}
	return Wanted
}

func choose(request RequestType, create, update, remove Verdict) Verdict {
	switch request {
	case Create:
		return create
	case Update:
		return update
	}
	return remove
}
