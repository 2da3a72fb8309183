package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"personalize-role/lambda/internal/lazyregexp"
)

// Shared is a policy document that others own, of a bucket or a key. Everything in it that isn't ours keeps its bytes and its
// place: statements, Version, Id, and members that are unknown.
type Shared struct {
	members    []member
	statements []json.RawMessage
}

// member is a member of the document's object; Statement has no value here, but its place.
type member struct {
	name  string
	value json.RawMessage
}

const statementMember = "Statement"

// ParseShared reads a document. The empty text is the document of a bucket without a policy. What isn't a policy document is
// an error: it must not be overwritten.
func ParseShared(text string) (Shared, error) {
	if text == "" {
		version, _ := json.Marshal(Version)
		return Shared{members: []member{{"Version", version}, {name: statementMember}}}, nil
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	var s Shared
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return Shared{}, errors.New("the policy is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, value, err := nextMember(d)
		if err != nil {
			return Shared{}, err
		}
		if seen[name] {
			return Shared{}, fmt.Errorf("the policy has %q twice", name)
		}
		seen[name] = true
		if name == statementMember {
			if s.statements, err = statementList(value); err != nil {
				return Shared{}, err
			}
			value = nil
		}
		s.members = append(s.members, member{name, value})
	}
	if _, err := d.Token(); err != nil {
		return Shared{}, errors.New("the policy is cut off")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Shared{}, errors.New("something follows the policy")
	}
	if !seen[statementMember] {
		s.members = append(s.members, member{name: statementMember})
	}
	return s, nil
}

func nextMember(d *json.Decoder) (name string, value json.RawMessage, err error) {
	t, err := d.Token()
	if err != nil {
		return "", nil, errors.New("the policy is cut off")
	}
	// The decoder itself takes nothing but a string here.
	name, _ = t.(string)
	if err := d.Decode(&value); err != nil {
		return "", nil, errors.New("the policy is cut off")
	}
	return name, value, nil
}

func statementList(value json.RawMessage) ([]json.RawMessage, error) {
	if trimmed := bytes.TrimSpace(value); isObject(trimmed) {
		return []json.RawMessage{trimmed}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(value, &list); err != nil {
		return nil, errors.New("the policy's Statement is neither a list nor an object")
	}
	for _, s := range list {
		if !isObject(bytes.TrimSpace(s)) {
			return nil, errors.New("the policy has a statement that is no object")
		}
	}
	return list, nil
}

func isObject(value []byte) bool { return bytes.HasPrefix(value, []byte("{")) }

// String is the document; the empty text if it has no statement, since services refuse such a document.
func (s Shared) String() string {
	if len(s.statements) == 0 {
		return ""
	}
	var b bytes.Buffer
	for n, m := range s.members {
		b.WriteByte("{,"[min(n, 1)])
		name, _ := encode(m.name)
		b.Write(name)
		b.WriteByte(':')
		if m.name != statementMember {
			b.Write(m.value)
			continue
		}
		for k, statement := range s.statements {
			b.WriteByte("[,"[min(k, 1)])
			b.Write(statement)
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.String()
}

// Size is the length of the document in bytes, without white space, which services don't count.
func (s Shared) Size() int {
	return len(compact(json.RawMessage(s.String())))
}

// sidOf returns the Sid of a statement; the empty text if it has none.
func sidOf(statement json.RawMessage) string {
	// encoding/json would take "sid" for Sid as well.
	var members map[string]json.RawMessage
	var text string
	if json.Unmarshal(statement, &members) != nil || json.Unmarshal(members["Sid"], &text) != nil {
		return ""
	}
	return text
}

// Put returns the document with these statements as the only ones of a family of Sids, at the place of the family's first statement, or at
// the end. It returns false if nothing changes, because the family already has statements of the same meaning. It also removes statements
// of the former families of the same resource whose principal was deleted: otherwise services refuse the document.
func (s Shared) Put(family string, statements []Statement, former ...string) (Shared, bool) {
	next, changed := s.put(family, statements)
	for _, sid := range former {
		if slices.ContainsFunc(next.statements, func(s json.RawMessage) bool { return isDead(s) && IsOfFamily(sidOf(s), sid) }) {
			next, changed = Shared{members: next.members, statements: next.without(sid)}, true
		}
	}
	return next, changed
}

func (s Shared) put(family string, statements []Statement) (Shared, bool) {
	own := s.indexes(family)
	if s.hasExactly(own, statements) {
		return s, false
	}
	texts := make([]json.RawMessage, len(statements))
	for n, statement := range statements {
		texts[n] = json.RawMessage(statement.String())
	}
	kept := s.without(family)
	at := len(kept)
	if len(own) > 0 {
		// Nothing before it is of the family.
		at = own[0]
	}
	return Shared{members: s.members, statements: slices.Insert(kept, at, texts...)}, true
}

// hasExactly reports whether the statements at some places are these, in any order.
func (s Shared) hasExactly(places []int, statements []Statement) bool {
	if len(places) != len(statements) {
		return false
	}
	for _, statement := range statements {
		same := func(n int) bool { return sameStatement(statement.String(), string(s.statements[n])) }
		if !slices.ContainsFunc(places, same) {
			return false
		}
	}
	return true
}

// Remove returns the document without the statements of a family of Sids, and reports whether there were any.
func (s Shared) Remove(family string) (Shared, bool) {
	if len(s.indexes(family)) == 0 {
		return s, false
	}
	return Shared{members: s.members, statements: s.without(family)}, true
}

// Has reports whether there is a statement of a family of Sids.
func (s Shared) Has(family string) bool { return len(s.indexes(family)) > 0 }

// IsOfFamily reports whether a Sid is of a family: its name, which ends in a small letter or a digit, or that and a word with a capital.
func IsOfFamily(sid, family string) bool {
	suffix, ok := strings.CutPrefix(sid, family)
	return ok && (suffix == "" || familySuffix().MatchString(suffix))
}

var familySuffix = lazyregexp.Regexp(`^[A-Z][A-Za-z]*$`)

func (s Shared) indexes(family string) []int {
	var found []int
	for n, statement := range s.statements {
		if IsOfFamily(sidOf(statement), family) {
			found = append(found, n)
		}
	}
	return found
}

func (s Shared) without(family string) []json.RawMessage {
	return slices.DeleteFunc(slices.Clone(s.statements), func(statement json.RawMessage) bool { return IsOfFamily(sidOf(statement), family) })
}

// Statements returns the text of each statement.
func (s Shared) Statements() []json.RawMessage { return s.statements }

// Sids returns the Sid of each statement, empty where it has none.
func (s Shared) Sids() []string {
	var sids []string
	for _, statement := range s.statements {
		sids = append(sids, sidOf(statement))
	}
	return sids
}

// Same reports whether two documents have statements of the same meaning in the same order.
func (s Shared) Same(other Shared) bool {
	return slices.EqualFunc(s.statements, other.statements, alike)
}

// Missing returns, of the statements that another document has, those that this one lacks, each by its Sid or its content.
func (s Shared) Missing(from Shared) []string {
	// Each is compared with those of the same words only, since comparing takes time.
	byWords := map[string][]json.RawMessage{}
	for _, statement := range s.statements {
		key := words(statement)
		byWords[key] = append(byWords[key], statement)
	}
	var missing []string
	for _, statement := range from.statements {
		if !slices.ContainsFunc(byWords[words(statement)], func(other json.RawMessage) bool { return alike(statement, other) }) {
			missing = append(missing, Label(statement))
		}
	}
	return missing
}

// Label names a statement for a message: its Sid, or the beginning of its text.
func Label(statement json.RawMessage) string {
	const most = 120
	if sid := sidOf(statement); sid != "" {
		return sid
	}
	text := []rune(compact(statement))
	if len(text) > most {
		return string(text[:most]) + "..."
	}
	return string(text)
}

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	// What was parsed has no errors, and the empty text stays empty.
	_ = json.Compact(&b, raw)
	return b.String()
}
