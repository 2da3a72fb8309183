package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

const ownSid = "PersonalizeRoleourownourownourown22"

func own(uses ...string) []Statement {
	return BucketStatements(ownSid, Bucket{Partition: "aws", Name: "data", Grants: []Grant{{Uses: uses}}}, nil, false)
}

// corpus returns the foreign policies by name.
func corpus(t testing.TB) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/policies.txtar")
	if err != nil {
		t.Fatal(err)
	}
	policies := map[string]string{"empty": ""}
	for _, file := range archive.Files {
		policies[file.Name] = strings.TrimSuffix(string(file.Data), "\n")
	}
	var many []string
	for n := range 80 {
		many = append(many, fmt.Sprintf(`{"Sid":"S%d","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/R%d"},`+
			`"Action":["s3:GetObject","s3:GetObjectVersion"],`+
			`"Resource":"arn:aws:s3:::data/some/longer/prefix/%d/*","Condition":{"StringEquals":{"aws:PrincipalTag/a":"b"}}}`, n, n, n))
	}
	policies["20-kilobytes"] = `{"Version":"2012-10-17","Statement":[` + strings.Join(many, ",") + `]}`
	return policies
}

func TestCorpusIsLargeEnough(t *testing.T) {
	if n := len(corpus(t)); n < 40 {
		t.Errorf("%d policies, want 40 or more", n)
	}
}

// holds checks what must be true of any document: ours goes in once, nothing else changes a byte, and ours goes out again.
func holds(t *testing.T, text string) {
	t.Helper()
	before, err := ParseShared(text)
	if err != nil {
		return
	}
	if slices.Contains(before.Sids(), ownSid) {
		before, _ = before.Remove(ownSid)
	}
	put, changed := before.Put(ownSid, own("DatasetImport"))
	if !changed || slices.Index(put.Sids(), ownSid) != len(before.Sids()) {
		t.Fatalf("not appended: %s", put)
	}
	if got, want := foreignBytes(put), foreignBytes(before); !slices.Equal(got, want) {
		t.Fatalf("foreign statements changed: %s", cmp.Diff(want, got))
	}
	read, err := ParseShared(put.String())
	if err != nil {
		t.Fatalf("what was written can't be read: %v\n%s", err, put)
	}
	if _, changed := read.Put(ownSid, own("DatasetImport")); changed {
		t.Fatalf("would be written again: %s", put)
	}
	replaced, changed := read.Put(ownSid, own("BatchInference"))
	if !changed || len(replaced.Sids()) != len(read.Sids()) {
		t.Fatalf("not replaced: %s", replaced)
	}
	removed, changed := replaced.Remove(ownSid)
	if !changed || !sameDocument(before.String(), removed.String()) {
		t.Fatalf("not what it was:\n%s\n%s", before, removed)
	}
	if missing := removed.Missing(before); len(missing) > 0 {
		t.Fatalf("missing: %v", missing)
	}
	if size := put.Size(); size > len(put.String()) || size == 0 {
		t.Fatalf("size %d of %d", size, len(put.String()))
	}
}

func foreignBytes(s Shared) []string {
	var all []string
	for _, statement := range s.statements {
		if sidOf(statement) != ownSid {
			all = append(all, string(statement))
		}
	}
	return all
}

// sameDocument compares by meaning: members and values as JSON, with numbers as they are written.
func sameDocument(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	return cmp.Equal(decode(a), decode(b))
}

func decode(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err.Error()
	}
	if object, ok := v.(map[string]any); ok {
		if _, isList := object["Statement"].([]any); !isList {
			object["Statement"] = []any{object["Statement"]}
		}
	}
	return v
}

func TestForeignStatementsStay(t *testing.T) {
	for name, text := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseShared(text); err != nil {
				t.Fatal(err)
			}
			holds(t, text)
		})
	}
}

func FuzzShared(f *testing.F) {
	for _, text := range corpus(f) {
		f.Add(text)
	}
	f.Fuzz(holds)
}

// The whole document, for once.
func TestPutAndRemove(t *testing.T) {
	const theirs = `{"Id":"x","Version":"2008-10-17","Statement":{"Effect":"Deny"},"More":1}`
	s, err := ParseShared(theirs)
	if err != nil {
		t.Fatal(err)
	}
	put, _ := s.Put(ownSid, own("MetricAttribution"))
	want := `{"Id":"x","Version":"2008-10-17","Statement":[{"Effect":"Deny"},{"Sid":"` + ownSid +
		`","Effect":"Allow","Principal":{"Service":"personalize.amazonaws.com"},` +
		`"Action":"s3:PutObject","Resource":"arn:aws:s3:::data/*"}],"More":1}`
	if diff := cmp.Diff(want, put.String()); diff != "" {
		t.Errorf("put: -want +got:\n%s", diff)
	}
	removed, _ := put.Remove(ownSid)
	if diff := cmp.Diff(`{"Id":"x","Version":"2008-10-17","Statement":[{"Effect":"Deny"}],"More":1}`, removed.String()); diff != "" {
		t.Errorf("removed: -want +got:\n%s", diff)
	}
	none, _ := ParseShared("")
	only, _ := none.Put(ownSid, own("MetricAttribution"))
	if gone, _ := only.Remove(ownSid); gone.String() != "" {
		t.Errorf("nothing but ours, taken out, leaves %s", gone)
	}
}

// The function's statement is there once, in its first place, and is written only if its meaning differs.
func TestPutIsIdempotent(t *testing.T) {
	ours := own("DatasetImport")[0].String()
	other := `{"Effect":"Deny"}`
	document := func(statements ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
	}
	for _, c := range []struct {
		name, text, want string
		changed          bool
	}{
		{"there", document(other, ours), document(other, ours), false},
		{"there, in another form", document(strings.ReplaceAll(ours, `["s3:GetObject","s3:ListBucket"]`, `["s3:ListBucket","s3:GetObject"]`),
			other),
			document(strings.ReplaceAll(ours, `["s3:GetObject","s3:ListBucket"]`, `["s3:ListBucket","s3:GetObject"]`), other), false},
		{"twice", document(ours, other, ours), document(ours, other), true},
		{"differs", document(other, strings.Replace(ours, "s3:ListBucket", "s3:ListObjects", 1), other), document(other, ours, other), true},
		{"differs and twice", document(own("BatchInference")[0].String(), other, ours), document(ours, other), true},
	} {
		s, err := ParseShared(c.text)
		if err != nil {
			t.Fatal(err)
		}
		got, changed := s.Put(ownSid, own("DatasetImport"))
		if diff := cmp.Diff(c.want, got.String()); diff != "" || changed != c.changed {
			t.Errorf("%s: changed %v, -want +got:\n%s", c.name, changed, diff)
		}
	}
}

func TestWhatIsNoPolicyIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                             "the policy is not a JSON object",
		`{`:                              "the policy is cut off",
		`{"Version":`:                    "the policy is cut off",
		`{"Statement":[]`:                "the policy is cut off",
		`{"Statement":[]}{}`:             "something follows the policy",
		`{"Statement":"x"}`:              "the policy's Statement is neither a list nor an object",
		`{"Statement":["x"]}`:            "the policy has a statement that is no object",
		`{"Statement":[],"Statement":1}`: `the policy has "Statement" twice`,
	} {
		if _, err := ParseShared(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestDeadPrincipals(t *testing.T) {
	want := map[string][]string{
		"deleted-role.json": {"Old (principal AROA1234567890EXAMPLE)"},
		"deleted-user-among-others.json": {`{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root",` +
			`"AIDA1234567890EXAMPLE"]},"Action":"s3:GetObject"... (principal AIDA1234567890EXAMPLE)`},
		"key-deleted-principal.json": {"Gone (principal AROA1234567890EXAMPLE)"},
	}
	for name, text := range corpus(t) {
		s, err := ParseShared(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[name], s.DeadPrincipals()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// A statement without a Sid is named by its text, up to 120 characters.
func TestLabels(t *testing.T) {
	frame := `{"Action":"","Principal":"AROA1234567890EXAMPLE"}`
	for length, whole := range map[int]bool{120: true, 121: false} {
		text := `{"Action":"` + strings.Repeat("é", length-len(frame)) + frame[len(`{"Action":"`):]
		s, err := ParseShared(`{"Statement": ` + text + `}`)
		if err != nil {
			t.Fatal(err)
		}
		want := text + " (principal AROA1234567890EXAMPLE)"
		if !whole {
			want = string([]rune(text)[:120]) + "... (principal AROA1234567890EXAMPLE)"
		}
		if diff := cmp.Diff([]string{want}, s.DeadPrincipals()); diff != "" {
			t.Errorf("%d characters: -want +got:\n%s", length, diff)
		}
	}
}
