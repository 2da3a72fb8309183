package lifecycle

import "testing"

func TestJudge(t *testing.T) {
	const id = "arn:aws:iam::123456789012:role/R"
	other := id + "2"
	for _, c := range []struct {
		status, reported, stack string
		create, update, remove  Verdict
	}{
		{"CREATE_IN_PROGRESS", "", "", Wanted, Superseded, Superseded},
		{"CREATE_FAILED", "", "", Gone, Superseded, Wanted},
		{"UPDATE_IN_PROGRESS", id, "", Superseded, Wanted, Superseded},
		{"UPDATE_IN_PROGRESS", other, "", Superseded, Wanted, Wanted},
		{"DELETE_IN_PROGRESS", id, "", Gone, Superseded, Wanted},
		{"DELETE_COMPLETE", id, "", Gone, Superseded, Wanted},
		{"DELETE_FAILED", id, "", Gone, Superseded, Wanted},
		{"DELETE_SKIPPED", id, "", Superseded, Superseded, Superseded},
		{"CREATE_COMPLETE", id, "", Unclear, Unclear, Unclear},
		{"CREATE_COMPLETE", id, "CREATE_COMPLETE", Superseded, Superseded, Superseded},
		{"UPDATE_COMPLETE", id, "UPDATE_IN_PROGRESS", Wanted, Wanted, Wanted},
		{"UPDATE_COMPLETE", other, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Wanted, Wanted, Wanted},
		{"UPDATE_COMPLETE", other, "UPDATE_COMPLETE", Superseded, Superseded, Wanted},
		{"UPDATE_FAILED", id, "UPDATE_ROLLBACK_IN_PROGRESS", Wanted, Wanted, Wanted},
		{"", "", "", Unclear, Unclear, Wanted},
		{"", "", "CREATE_IN_PROGRESS", Wanted, Wanted, Wanted},
		{"", "", "ROLLBACK_IN_PROGRESS", Gone, Superseded, Wanted},
		{"", "", "DELETE_COMPLETE", Gone, Superseded, Wanted},
		{"", "", "UPDATE_ROLLBACK_COMPLETE", Gone, Superseded, Wanted},
	} {
		for request, want := range map[RequestType]Verdict{Create: c.create, Update: c.update, Delete: c.remove} {
			if got := Judge(request, id, Report{ResourceStatus: c.status, PhysicalID: c.reported, StackStatus: c.stack}); got != want {
				t.Errorf("%s while the resource is %q and the stack %q: got %v, want %v", request, c.status, c.stack, got, want)
			}
		}
	}
}

func TestDeleteOfAMadeUpIDIsWantedWhileTheStatusLags(t *testing.T) {
	if got := Judge(Delete, "app-Role-1A2B", Report{ResourceStatus: "CREATE_IN_PROGRESS"}); got != Wanted {
		t.Errorf("got %v, want wanted", got)
	}
}
