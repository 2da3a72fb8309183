package cfn

import (
	"strings"

	"personalize-role/lambda/properties"
)

// RequestType is what CloudFormation asks for.
type RequestType string

// The request types. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
const (
	Create RequestType = "Create"
	Update RequestType = "Update"
	Delete RequestType = "Delete"
	// CheckDrift is what a schedule asks for. It needs no answer.
	CheckDrift RequestType = properties.RequestCheckDrift
)

// Report is what CloudFormation says about the resource at one moment.
type Report struct {
	// ResourceStatus is the status of the resource, such as CREATE_IN_PROGRESS. It is empty if the stack has no such resource.
	ResourceStatus string
	// PhysicalID is the physical ID of the resource, as CloudFormation knows it.
	PhysicalID string
	// StackStatus is the status of the stack. It is empty if it wasn't asked for or couldn't be read.
	StackStatus string
	// NoStack is set if CloudFormation answered that it doesn't know the stack.
	NoStack bool
}

// Confirms reports whether CloudFormation returned the status of the resource or of its stack. Otherwise the event may come from anyone who
// may invoke the function.
func (r Report) Confirms() bool { return r.ResourceStatus != "" || r.StackStatus != "" }

// AtRest reports whether CloudFormation said that no operation of the stack is under way.
func (r Report) AtRest() bool { return isResting(r.StackStatus) }

// Verdict says what to do about an event.
type Verdict int

const (
	// Wanted means to carry the event out. It is also the verdict on an event of CloudFormation when that can't be asked.
	Wanted Verdict = iota
	// Superseded means to change nothing, because a later operation decided what becomes of the resource.
	Superseded
	// Gone means to undo what a Create did, because the resource is deleted or being deleted.
	Gone
	// Unclear means that the status of the stack decides.
	Unclear
)

// String returns the name of the verdict, for logs.
func (v Verdict) String() string {
	return [...]string{"wanted", "superseded", "gone", "unclear"}[v]
}

// Judge decides on an event that would act on the role with the given ARN. The report's PhysicalID is the role that CloudFormation
// confirms. A Delete, and the undoing of a Create, act on another role only if CloudFormation no longer needs that role. The whole table is
// in docs/events.md, and a test compares the code with it. It returns Unclear only if the report has no status of the stack.
func Judge(request RequestType, roleARN string, r Report) Verdict {
	switch {
	case request == CheckDrift:
		return judgeCheck(roleARN, r)
	case r.NoStack:
		return choose(request, Gone, Superseded, Wanted)
	case r.ResourceStatus == "":
		return byStack(r, choose(request, Gone, Superseded, Wanted), choose(request, Gone, Superseded, Wanted), Wanted)
	case request == Create:
		return judgeCreate(roleARN, r)
	case request == Update:
		return judgeUpdate(r)
	}
	return judgeDelete(roleARN, r)
}

func judgeCreate(roleARN string, r Report) Verdict {
	switch stateOf(r.ResourceStatus) {
	case creating:
		return Wanted
	case failedToCreate, deleting:
		if isAbout(roleARN, r) {
			return Gone
		}
		// Another role is on its way out, such as the old one of a replacement: the role of this event may be the live one.
		return byStack(r, Gone, Superseded, Superseded)
	case other:
		return byStack(r, Gone, Superseded, Wanted)
	}
	return Superseded
}

func judgeUpdate(r Report) Verdict {
	switch stateOf(r.ResourceStatus) {
	case updating:
		return Wanted
	case complete, failedToUpdate, other:
		// Whether CloudFormation shows UPDATE_IN_PROGRESS before it sends the event isn't documented. A clean-up sends no Update.
		if isCleaningUp(r.StackStatus) {
			return Superseded
		}
		return byStack(r, Superseded, Superseded, Wanted)
	}
	return Superseded
}

func judgeDelete(roleARN string, r Report) Verdict {
	switch state := stateOf(r.ResourceStatus); {
	case state == retained, state == updating:
		return Superseded
	case state == failedToCreate && isAbout(roleARN, r), state == deleting && isAbout(roleARN, r):
		return Wanted
	case state == complete && !isAbout(roleARN, r):
		// The clean-up of a replacement, or of a Create that was never answered.
		return Wanted
	case state == creating && isRollingBack(r.StackStatus):
		// CloudFormation gave the Create up, and the status of the resource lags behind.
		return Wanted
	}
	return byStack(r, Wanted, Superseded, Superseded)
}

// judgeCheck lets a drift check act on the role that CloudFormation knows, and only while the stack is at rest.
func judgeCheck(roleARN string, r Report) Verdict {
	atRest := Superseded
	if stateOf(r.ResourceStatus) == complete && r.PhysicalID == roleARN {
		atRest = Wanted
	}
	if r.NoStack {
		return Superseded
	}
	return byStack(r, Superseded, atRest, Superseded)
}

// Unasked is the verdict if CloudFormation can't be asked about an event. It is Wanted if CloudFormation waits for an answer.
func Unasked(request RequestType) Verdict {
	if request == CheckDrift {
		return Superseded
	}
	return Wanted
}

// isAbout reports whether the report is about the role, as far as it says: CloudFormation makes up the physical ID of a resource whose
// Create was never answered.
func isAbout(roleARN string, r Report) bool {
	return r.PhysicalID == roleARN || !strings.HasPrefix(r.PhysicalID, "arn:")
}

// byStack returns the verdict for a stack that is being deleted or whose creation is rolled back, for a stack at rest, and for any
// other one.
func byStack(r Report, ending, resting, underWay Verdict) Verdict {
	switch {
	case r.StackStatus == "":
		return Unclear
	case isEnding(r.StackStatus):
		return ending
	case isResting(r.StackStatus):
		return resting
	}
	return underWay
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
