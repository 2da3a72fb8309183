package findings

import (
	"strings"
	"testing"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

func TestChanges(t *testing.T) {
	former := given{props: func(p *properties.Properties) {
		p.PersonalizeAccess, p.PermissionsBoundary = "AmazonPersonalizeFullAccess", boundary
	}}.
		state(t).Desired
	asProvisioned := func() *servicerole.ObservedRole {
		return &servicerole.ObservedRole{RoleRef: former.Role.RoleRef, Trust: former.Role.Trust, Boundary: boundary,
			Attached: append(former.Attachments(), "arn:aws:iam::aws:policy/Other"),
			Tags:     map[string]string{servicerole.TagVersion: properties.Version}}
	}
	for _, c := range []struct {
		name   string
		change func(*servicerole.ObservedRole)
		want   string
	}{
		{"nothing", func(*servicerole.ObservedRole) {}, ""},
		{"the form of the trust policy", func(r *servicerole.ObservedRole) {
			r.Trust = strings.Replace(r.Trust, `"sts:AssumeRole"`, `["sts:AssumeRole"]`, 1)
		}, ""},
		{"the trust policy", func(r *servicerole.ObservedRole) {
			r.Trust = strings.Replace(r.Trust, "personalize", "sagemaker", 1)
		}, "the trust policy of role R was changed"},
		{"the boundary", func(r *servicerole.ObservedRole) { r.Boundary = boundary + "2" }, "was changed to " + boundary + "2"},
		{"no boundary", func(r *servicerole.ObservedRole) { r.Boundary = "" }, "the permissions boundary of role R was removed"},
		{"a policy", func(r *servicerole.ObservedRole) { r.Attached = r.Attached[1:] }, "AmazonPersonalizeFullAccess was detached from role R"},
		{"another version", func(r *servicerole.ObservedRole) { r.Tags, r.Boundary = nil, "" }, ""},
	} {
		role := asProvisioned()
		c.change(role)
		all := OfChanges(former, servicerole.Observed{Role: role}, "It was set back.")
		if c.want == "" != (len(all) == 0) || len(all) == 1 && !strings.Contains(all[0].Problem, c.want) {
			t.Errorf("%s: found %q, want %q", c.name, all, c.want)
		}
	}
	if all := OfChanges(former, servicerole.Observed{}, ""); len(all) > 0 {
		t.Errorf("found %q without a role", all)
	}
}

func TestTagsLeftOut(t *testing.T) {
	s := given{}.state(t)
	s.Desired.LeftOut = []string{"ü", "aws:x"}
	all := Of(s)
	if len(all) != 1 || all[0].Code != TagsLeftOut || !strings.Contains(all[0].Problem, "ü, aws:x") {
		t.Errorf("found %q", all)
	}
	if f := Abandoned("bucket data", []string{"A", "B"}); f.Code != StatementAbandoned || !strings.Contains(f.String(), "A, B") {
		t.Errorf("found %q", f)
	}
}

func TestQuestions(t *testing.T) {
	q := given{bucket: otherWriter + "," + public, merges: true, props: bounded}.state(t).Questions()
	if len(q.Payment) != 1 || len(q.Ownership) != 1 || len(q.PublicAccess) != 1 || q.Boundary != boundary {
		t.Errorf("the questions are %+v", q)
	}
	q = given{observed: bucketIs(servicerole.ObservedShared{Presence: servicerole.InAnotherAccount})}.state(t).Questions()
	if len(q.Payment)+len(q.Ownership)+len(q.PublicAccess) > 0 || q.Boundary != "" {
		t.Errorf("the questions are %+v", q)
	}
}
