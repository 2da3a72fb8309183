package handler

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// data returns the attributes. The keys are always the same, because Fn::GetAtt fails if an update drops one. If an answer is too long, it
// drops statements of the longer Required... attribute, the last one first, until the rest fits with the start of the warnings.
func (t *task) data(d servicerole.Desired, out *outcome) map[string]string {
	d = d.Given(out.observed)
	policyARN := ""
	if d.Policy != nil {
		policyARN = d.Policy.ARN
	}
	data := map[string]string{
		properties.AttrRoleArn:   d.Role.ARN,
		properties.AttrRoleName:  d.Role.Name,
		properties.AttrRoleID:    out.RoleID,
		properties.AttrPolicyArn: policyARN,

		properties.AttrFindingCount: strconv.Itoa(len(out.findings)),
	}
	buckets, keys := required(d, out.observed)
	dropped := map[string][]string{}
	for {
		data[properties.AttrRequiredBucketPolicyStatements], data[properties.AttrRequiredKeyPolicyStatements] = encoded(buckets), encoded(keys)
		data[properties.AttrWarnings] = strings.Join(slices.Concat(withoutRoom(dropped), t.warnings), "\n")
		if t.fits(data) || len(buckets)+len(keys) == 0 {
			return data
		}
		longer, attribute := buckets, properties.AttrRequiredBucketPolicyStatements
		if len(data[properties.AttrRequiredKeyPolicyStatements]) > len(data[attribute]) {
			longer, attribute = keys, properties.AttrRequiredKeyPolicyStatements
		}
		last := slices.Max(slices.Collect(maps.Keys(longer)))
		t.handler.Log.Warn("no room in the answer", "attribute", attribute, "of", last, "statement", string(longer[last]))
		dropped[attribute] = append(dropped[attribute], last)
		delete(longer, last)
	}
}

// withoutRoom returns a warning for each attribute that lost statements.
func withoutRoom(dropped map[string][]string) []string {
	var warnings []string
	for _, attribute := range slices.Sorted(maps.Keys(dropped)) {
		warnings = append(warnings, fmt.Sprintf("attribute %s has no room for the statements of %s. The function's log has them.", attribute,
			strings.Join(dropped[attribute], ", ")))
	}
	return warnings
}

// leastWarnings is the room in bytes that the warnings keep beside the statements.
const leastWarnings = 512

// fits reports whether an answer has room for attributes with the beginning of their warnings.
func (t *task) fits(data map[string]string) bool {
	data = maps.Clone(data)
	if w := data[properties.AttrWarnings]; len(w) > leastWarnings {
		data[properties.AttrWarnings] = strings.Repeat("w", leastWarnings)
	}
	r := t.event.Answer(data[properties.AttrRoleArn])
	r.Status, r.Data = cfn.Success, data
	size, err := r.Size()
	return err == nil && size <= cfn.MaxBody
}

// encoded returns statements as JSON.
func encoded(statements any) string {
	text, err := json.Marshal(statements)
	if err != nil {
		// They are JSON already.
		panic(err)
	}
	return string(text)
}

// required returns the statements that owners must add to policies which the function doesn't extend, as lists, by bucket and by key.
func required(d servicerole.Desired, o servicerole.Observed) (buckets, keys map[string]json.RawMessage) {
	buckets, keys = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	add := func(to map[string]json.RawMessage, name string, statements ...policy.Statement) {
		var list []json.RawMessage
		for _, s := range statements {
			list = append(list, json.RawMessage(s.String()))
		}
		to[name] = json.RawMessage(encoded(list))
	}
	for _, b := range d.Buckets {
		switch {
		case o.Buckets[b.Name].Presence == servicerole.InAnotherAccount:
			add(buckets, b.Name, b.Foreign...)
		case !b.Managed:
			add(buckets, b.Name, b.Statements...)
		}
	}
	for _, key := range d.Keys {
		if !key.Managed {
			add(keys, key.ARN, key.Statement)
		}
	}
	return buckets, keys
}
