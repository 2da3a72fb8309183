package handler

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
)

// foresee returns the preview of an event, and fails if a call of it wrote.
func (r *rig) foresee(request cfn.RequestType, id string, now, old props) *Preview {
	r.t.Helper()
	made := len(r.world.Calls())
	p, err := Foresee(r.t.Context(), r.event(request, id, now, old), Circumstances{Account: r.handler.Provisioner, Now: time.Now()})
	if err != nil {
		r.t.Fatal(err)
	}
	if calls := r.world.Calls()[made:]; slices.ContainsFunc(calls, isWrite) {
		r.t.Errorf("a preview wrote: %v", calls)
	}
	return p
}

// summary is a line for each thing that changes, with the names of its attributes.
func summary(changes []plan.Change) []string {
	var lines []string
	for _, c := range changes {
		var names []string
		for _, a := range c.Attributes {
			names = append(names, a.Name)
		}
		lines = append(lines, string(c.Action)+" "+c.Kind+": "+strings.Join(names, ", "))
	}
	return lines
}

// What is foreseen happens: afterwards the account is as the preview said.
func TestForeseeInEveryWorld(t *testing.T) {
	r := newRig(t, awstest.KindOf(t).New(t))
	now := base(nil)
	p := r.foresee(cfn.Create, "", now, nil)
	want := []string{
		"create role: description, maximum session duration, trust policy, attached policies, tags",
		"create managed policy: document, tags",
		"update bucket policy: policy",
	}
	if diff := cmp.Diff(want, summary(p.Changes())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	id := r.must(cfn.Create, "", now, nil)
	if id != p.Role.ARN {
		t.Errorf("role %s was foreseen, and %s made", p.Role.ARN, id)
	}
	after := r.foresee(cfn.Update, id, now, now)
	if len(after.Changes()) > 0 || len(after.Findings) > 0 {
		t.Errorf("of what was just made, %v change, and %v are found", summary(after.Changes()), after.Findings)
	}
	reached, found := p.Plan.After(p.Observed), after.Observed
	if diff := cmp.Diff(reached.Role.Trust, found.Role.Trust); diff != "" || reached.Policies[0].Document != found.Policies[0].Document ||
		reached.Buckets["training-data"].Policy != found.Buckets["training-data"].Policy {
		t.Errorf("what was foreseen isn't what was made: %+v, %+v", reached, found)
	}

	_, role, _ := strings.Cut(id, ":role/")
	if _, err := r.world.IAM.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String(role),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}); err != nil {
		t.Fatal(err)
	}
	drifted := r.foresee(cfn.Update, id, now, now)
	if diff := cmp.Diff([]string{"update role: trust policy"}, summary(drifted.Changes())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(drifted.Findings) != 1 || drifted.Findings[0].Code != findings.RoleChanged ||
		!strings.HasPrefix(drifted.Findings[0].Remedy, "The plan restores") {
		t.Errorf("found %v", drifted.Findings)
	}

	renamed := base(nil)
	renamed["Path"] = "/other/"
	renamed["RoleName"], renamed["PolicyName"] = "Other", "OtherPolicy"
	replaced := r.foresee(cfn.Update, id, renamed, now)
	if replaced.CleanUp == nil || replaced.CleanUp.Role.ARN != id || len(replaced.Changes()) == 0 ||
		!slices.ContainsFunc(replaced.CleanUp.Changes(), func(c plan.Change) bool { return c.Action == plan.Delete && c.Kind == plan.KindRole }) {
		t.Errorf("the replacement is %+v", replaced)
	}
	for _, c := range replaced.CleanUp.Changes() {
		if c.Kind == plan.KindBucketPolicy && (c.Action != plan.Update || !strings.Contains(c.Attributes[0].After, "PersonalizeRole")) {
			t.Errorf("the clean-up takes the new role's statement: %+v", c)
		}
	}
	gone := r.foresee(cfn.Delete, id, now, nil)
	if diff := cmp.Diff([]string{"delete role", "delete managed policy", "update bucket policy"}, kinds(gone.Changes())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	r.must(cfn.Delete, id, now, nil)
}

func kinds(changes []plan.Change) []string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, string(c.Action)+" "+c.Kind)
	}
	return lines
}
