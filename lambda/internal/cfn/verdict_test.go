package cfn

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"personalize-role/lambda/golden"
)

// Every status of a resource and of a stack that CloudFormation documents. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDetail.html and
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
var (
	resourceStatuses = []string{
		"", "CREATE_IN_PROGRESS", "CREATE_FAILED", "CREATE_COMPLETE", "UPDATE_IN_PROGRESS", "UPDATE_FAILED", "UPDATE_COMPLETE",
		"DELETE_IN_PROGRESS", "DELETE_FAILED", "DELETE_COMPLETE", "DELETE_SKIPPED", "IMPORT_IN_PROGRESS", "IMPORT_FAILED", "IMPORT_COMPLETE",
		"IMPORT_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_FAILED", "IMPORT_ROLLBACK_COMPLETE", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE",
		"ROLLBACK_FAILED",
		"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED",
	}
	stackStatuses = []string{
		"CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "IMPORT_IN_PROGRESS",
		"IMPORT_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "CREATE_COMPLETE",
		"UPDATE_COMPLETE",
		"UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_FAILED", "CREATE_FAILED", "UPDATE_FAILED",
		"UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_IN_PROGRESS",
		"DELETE_COMPLETE",
	}
)

const (
	id      = "arn:aws:iam::123456789012:role/R"
	otherID = "arn:aws:iam::123456789012:role/Old"
	madeUp  = "app-Role-1A2B3C"
)

// The table in the documentation is made of what the code decides in every combination.
func TestEveryCombination(t *testing.T) {
	const page = "../../../docs/events.md"
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	intro, _, found := strings.Cut(string(written), "| Event |")
	if !found {
		t.Fatalf("%s has no table", page)
	}
	golden.Check(t, page, intro+table())
}

// table has a row for each event, resource and physical ID, and in its last columns the stacks by verdict.
func table() string {
	type group struct{ request, ids, decided string }
	var groups []group
	statuses := map[group][]string{}
	for _, request := range []RequestType{Create, Update, Delete, CheckDrift} {
		for _, status := range resourceStatuses {
			for ids, reported := range map[string]string{"the same": id, "another": otherID, "made up or none": madeUp} {
				g := group{string(request), ids, decided(request, Report{ResourceStatus: status, PhysicalID: reported})}
				if statuses[g] == nil {
					groups = append(groups, g)
				}
				statuses[g] = append(statuses[g], name(status))
			}
		}
	}
	// IDs between which nothing differs share a row.
	type row struct{ request, resources, decided string }
	ids := map[row][]string{}
	for _, g := range groups {
		r := row{g.request, strings.Join(slices.Compact(statuses[g]), ", "), g.decided}
		ids[r] = append(ids[r], g.ids)
	}
	var lines []string
	for r, list := range ids {
		slices.Sort(list)
		reported := strings.Join(list, ", ")
		if len(list) == 3 {
			reported = "any"
		}
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |\n", r.request, r.resources, reported, r.decided))
	}
	slices.Sort(lines)
	return "| Event | Status of the resource | Its physical ID | Verdict |\n|---|---|---|---|\n" + strings.Join(lines, "")
}

func name(status string) string {
	switch {
	case status == "":
		return "none"
	case stateOf(status) == other:
		return "any other"
	}
	return status
}

// classes names the classes of statuses that stacks belong to. It panics if a verdict divides one.
func classes(stacks []string) []string {
	of := func(stack string) string {
		switch {
		case isEnding(stack):
			return "ending"
		case stack == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
			return "cleaning up after an update"
		case stack == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
			return "cleaning up after a rollback"
		case isResting(stack):
			return "resting"
		case isRollingBack(stack):
			return "rolling back an update"
		}
		return "under way otherwise"
	}
	count := map[string]int{}
	for _, stack := range stackStatuses {
		count[of(stack)]++
	}
	for _, stack := range stacks {
		count[of(stack)]--
	}
	var names []string
	for class, left := range count {
		switch {
		case left == 0:
			names = append(names, class)
		case slices.ContainsFunc(stacks, func(stack string) bool { return of(stack) == class }):
			panic("a verdict divides " + class)
		}
	}
	slices.Sort(names)
	return names
}

// decided describes the verdicts by the status of the stack.
func decided(request RequestType, r Report) string {
	by := map[Verdict][]string{}
	for _, stack := range stackStatuses {
		r.StackStatus = stack
		verdict := Judge(request, id, r)
		by[verdict] = append(by[verdict], stack)
	}
	if len(by) == 1 {
		return Judge(request, id, r).String()
	}
	var parts []string
	for _, verdict := range []Verdict{Wanted, Gone, Superseded, Unclear} {
		if stacks := by[verdict]; len(stacks) > 0 {
			parts = append(parts, fmt.Sprintf("%s if the stack is %s", verdict, strings.Join(classes(stacks), " or ")))
		}
	}
	return strings.Join(parts, "; ")
}

// Whatever is unknown, a role that CloudFormation reports as the live one is deleted only with the whole stack, or by its own Delete.
func TestTheLiveRoleStays(t *testing.T) {
	for _, status := range []string{"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", "UPDATE_IN_PROGRESS", "DELETE_SKIPPED"} {
		for _, stack := range stackStatuses {
			r := Report{ResourceStatus: status, PhysicalID: id, StackStatus: stack}
			if got := Judge(Delete, id, r); got == Wanted && !isEnding(stack) {
				t.Errorf("Delete while the resource is %s and the stack %s: %v", status, stack, got)
			}
			if got := Judge(Create, id, r); got != Superseded {
				t.Errorf("Create while the resource is %s and the stack %s: %v", status, stack, got)
			}
		}
	}
}

func TestWithoutAnAnswer(t *testing.T) {
	for request, want := range map[RequestType]Verdict{Create: Gone, Update: Superseded, Delete: Wanted} {
		if got := Judge(request, id, Report{NoStack: true}); got != want {
			t.Errorf("%s without a stack: got %v, want %v", request, got, want)
		}
	}
	for _, request := range []RequestType{Create, Update} {
		if got := Judge(request, id, Report{}); got != Unclear {
			t.Errorf("%s: got %v, want unclear", request, got)
		}
	}
}
