package servicerole

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/properties"
)

// The past of a role survives the way into tags and back, however it looks.
func TestSnapshotRoundTrip(t *testing.T) {
	i := identify(t, stack, "Role")
	noise := make([]byte, 2000)
	for n := range noise {
		noise[n] = byte(' ' + rand.N(94))
	}
	for _, trust := range []string{"{}", strings.Repeat("long ", 400), string(noise)} {
		was := ObservedRole{
			RoleRef: RoleRef{Name: "R"}, Description: "ünïcode", MaxSessionDuration: 7200, Boundary: "arn:b", Trust: trust,
			Tags:     map[string]string{"team": "ml"},
			Attached: []string{"arn:aws-cn:iam::aws:policy/CloudWatchFullAccess", "arn:aws-cn:iam::aws:policy/Foreign"},
		}
		snapshot, err := Desired{Identity: i, Role: Role{Tags: i.ownTags(nil)}}.Snapshot(was)
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range snapshot.Tags {
			if len(key) > 128 || len(value) > 256 {
				t.Errorf("tag %s of %d characters", key, len(value))
			}
		}
		got, err := i.PastOf(ObservedRole{RoleRef: was.RoleRef, Description: "now" + snapshot.Mark, Tags: snapshot.Tags}, true, "")
		want := Past{Adopted: true, Mark: snapshot.Mark, Original: Original{
			Description: "ünïcode", MaxSessionDuration: 7200, Boundary: "arn:b", Trust: trust, Tags: map[string]string{"team": "ml"},
			Attached: []string{"arn:aws-cn:iam::aws:policy/CloudWatchFullAccess"},
		}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v, -want +got:\n%s", err, diff)
		}
	}
}

// Tags alone make no past: whoever may tag a role must not decide what becomes of it.
func TestPastOf(t *testing.T) {
	i := identify(t, stack, "Role")
	was := ObservedRole{RoleRef: RoleRef{Name: "R", Path: "/"}, Description: "before", Trust: "{}", Attached: []string{}}
	snapshot, err := Desired{Identity: i, Role: Role{Tags: i.ownTags(nil)}}.Snapshot(was)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := pack(Original{Description: "other", Trust: `{"Statement":[]}`})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		role        RoleRef
		description string
		tags        map[string]string
		adopt       bool
		adopted     bool
		missing     bool
		err         string
	}{
		{"adopted", was.RoleRef, "now" + snapshot.Mark, snapshot.Tags, true, true, false, ""},
		{"adopted, without a description", was.RoleRef, snapshot.Mark, snapshot.Tags, true, true, false, ""},
		{"adopted, the property off since", was.RoleRef, "now" + snapshot.Mark, snapshot.Tags, false, true, false, ""},
		{"tagged, and not yet described", was.RoleRef, "before", snapshot.Tags, true, true, true, ""},
		{"created", was.RoleRef, "now", nil, false, false, false, ""},
		{"created before adoption was allowed", was.RoleRef, "now", nil, true, false, true, ""},
		{"created although it might have been adopted", was.RoleRef, "now" + createdMark, nil, true, false, false, ""},
		{"created, and forged tags", was.RoleRef, "now", chunks(originalPrefix, forged), false, false, false, ""},
		{"created although it might have been adopted, and forged tags", was.RoleRef, "now" + createdMark, chunks(originalPrefix, forged), true,
			false, false, ""},
		{"a derived name, and forged tags and mark", i.Role(properties.Properties{Path: "/"}), "now" + markAdopted(forged),
			chunks(originalPrefix, forged), true, false, true, ""},
		{"adopted, and forged tags", was.RoleRef, "now" + snapshot.Mark, chunks(originalPrefix, forged), true, false, false,
			"don't belong to the mark"},
		{"adopted, and the tags gone", was.RoleRef, "now" + snapshot.Mark, nil, true, false, false, "don't belong to the mark"},
		{"not described, and not as the tags say", was.RoleRef, "before", chunks(originalPrefix, forged), true, false, false,
			"its description does not"},
		{"damaged", was.RoleRef, "now" + markAdopted("?"), chunks(originalPrefix, "?"), true, false, false, "can't be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := was
			found.RoleRef, found.Description, found.Tags = c.role, c.description, c.tags
			past, err := i.PastOf(found, c.adopt, "")
			if got := errorText(err); past.Adopted != c.adopted || past.Missing != c.missing || (c.err == "") != (err == nil) ||
				!strings.Contains(got, c.err) {
				t.Errorf("got %+v, %v, want adopted %v, missing %v, %q", past, err, c.adopted, c.missing, c.err)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// A role that has tags of the function's own kind already is not adopted: they would become part of the past.
func TestSnapshotRefusesOwnTags(t *testing.T) {
	i := identify(t, stack, "Role")
	_, err := Desired{Identity: i}.Snapshot(ObservedRole{Tags: map[string]string{"Personalize-Role:original-05": "x"}})
	if err == nil || !strings.Contains(err.Error(), "Personalize-Role:original-05") {
		t.Errorf("got %v", err)
	}
}

// What is recorded is found again, whatever room the role's tags leave.
func TestLeftovers(t *testing.T) {
	i := identify(t, stack, "Role")
	p := properties.Properties{Path: "/a,b/", RoleName: "Renamed", PolicyName: "P", Buckets: []properties.Bucket{{Name: "data"}},
		Tags: []properties.Tag{{Key: "team"}}}
	removal := i.Removal(i.Role(p), p)
	for users, whole := range map[int]bool{0: true, 46: true, 47: true} {
		tags := i.ownTags(nil)
		for n := range users {
			tags[strings.Repeat("x", n+1)] = ""
		}
		set, unset, fits := RecordLeftovers([]Removal{removal}, tags)
		if !fits || len(unset) > 0 || !NeedsRecord(set, unset, tags) {
			t.Fatalf("%d tags: set %v, unset %v, fits %v", users, set, unset, fits)
		}
		maps.Copy(tags, set)
		if len(tags) > MaxTags || (set[TagVersion] == "") != (users < 47) {
			t.Errorf("%d tags: now %d, version %q", users, len(tags), set[TagVersion])
		}
		found := i.Leftovers(ObservedRole{Tags: tags})
		if len(found) != 1 || found[0].Role != removal.Role || found[0].Policies[0] != removal.Policies[0] ||
			whole != (len(found[0].Buckets) == 1) {
			t.Errorf("%d tags: found %+v", users, found)
		}
		set, unset, _ = RecordLeftovers(nil, tags)
		if !NeedsRecord(set, unset, tags) {
			t.Errorf("%d tags: the record stays", users)
		}
		maps.Copy(tags, set)
		for _, key := range unset {
			delete(tags, key)
		}
		if len(i.Leftovers(ObservedRole{Tags: tags})) > 0 || tags[TagVersion] != properties.Version {
			t.Errorf("%d tags: left %v", users, tags)
		}
		if set, unset, _ = RecordLeftovers(nil, tags); NeedsRecord(set, unset, tags) {
			t.Errorf("%d tags: a record of nothing", users)
		}
	}
	if list := i.Leftovers(ObservedRole{Tags: chunks(leftoverPrefix, "forged")}); list != nil {
		t.Errorf("read %v", list)
	}
}

// A record that one value of a tag can't hold doesn't fit.
func TestLeftoversWithoutRoom(t *testing.T) {
	i := identify(t, stack, "Role")
	tags := i.ownTags(nil)
	for n := range 47 {
		tags[strings.Repeat("x", n+1)] = ""
	}
	noise := make([]byte, 400)
	for n := range noise {
		noise[n] = byte('a' + rand.N(26))
	}
	p := properties.Properties{Path: "/" + string(noise) + "/", RoleName: "Renamed"}
	if set, _, fits := RecordLeftovers([]Removal{i.Removal(i.Role(p), p).Without(Scope{Policies: []PolicyRef{i.Policy(i.Role(p), p)}})},
		tags); fits {
		t.Errorf("fits: %v", set)
	}
}

// The past of an adopted role needs tags, which count like the user's.
func TestSnapshotKeepsTheLimitOfTags(t *testing.T) {
	i := identify(t, stack, "Role")
	for users, ok := range map[int]bool{46: true, 47: false} {
		tags := map[string]string{}
		for n := range users {
			tags[strings.Repeat("x", n+1)] = ""
		}
		snapshot, err := Desired{Identity: i, Role: Role{Tags: i.ownTags(nil)}}.Snapshot(ObservedRole{Tags: tags, Trust: "{}"})
		if (err == nil) != ok || ok && len(snapshot.Tags) != 1 {
			t.Errorf("%d tags: got %v, %v", users, snapshot, err)
		}
	}
}

// The record of leftovers stays beside the version of the function, as long as there is room for both.
func TestWithVersion(t *testing.T) {
	long := strings.Repeat("r", MaxTagValue-len("0.9.0 "))
	for found, want := range map[string]string{
		"": "0.10.0", "0.9.0": "0.10.0", "0.10.0": "0.10.0", "0.9.0 record": "0.10.0 record", "0.9.0 " + long: "0.9.0 " + long,
		"0.9.0 " + long[1:]: "0.10.0 " + long[1:],
	} {
		if got := WithVersion(found, "0.10.0"); got != want {
			t.Errorf("%q: got %q, want %q", found, got, want)
		}
	}
}
