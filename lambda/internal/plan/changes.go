package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"personalize-role/lambda/internal/servicerole"
)

// Action is what happens to a thing.
type Action string

const (
	// Create says that it isn't there yet.
	Create Action = "create"
	// Update says that it is changed in place.
	Update Action = "update"
	// Delete says that it goes.
	Delete Action = "delete"
)

// Kinds of things.
const (
	KindRole         = "role"
	KindPolicy       = "managed policy"
	KindBucketPolicy = "bucket policy"
	KindKeyPolicy    = "key policy"
)

// Change is what happens to one thing of the account, whatever the number of calls.
type Change struct {
	Action Action
	// Kind is one of KindRole and the others. Name is the ARN of a role, a policy or a key, and a bucket's name.
	Kind, Name string
	// Attributes are those that change.
	Attributes []Attribute
}

// Attribute is one attribute of a thing; empty where there is none. Documents are indented JSON; lists have a line for each element.
type Attribute struct{ Name, Before, After string }

// Changes returns the difference between two states of an account: roles, managed policies, buckets, keys, each by name.
func Changes(before, after servicerole.Observed) []Change {
	var all []Change
	add := func(kind, name string, before, after []Attribute) {
		if c := change(kind, name, before, after); c != nil {
			all = append(all, *c)
		}
	}
	was, is := attributesOfRole(before.Role), attributesOfRole(after.Role)
	switch {
	case after.Role != nil:
		add(KindRole, after.Role.ARN, was, is)
	case before.Role != nil:
		add(KindRole, before.Role.ARN, was, is)
	}
	for _, arn := range names(arnsOf(before.Policies), arnsOf(after.Policies)) {
		add(KindPolicy, arn, attributesOfPolicy(before.Policy(arn)), attributesOfPolicy(after.Policy(arn)))
	}
	shared := func(kind string, before, after map[string]servicerole.ObservedShared) {
		for _, name := range names(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))) {
			add(kind, name, attributesOfShared(before[name]), attributesOfShared(after[name]))
		}
	}
	shared(KindBucketPolicy, before.Buckets, after.Buckets)
	shared(KindKeyPolicy, before.Keys, after.Keys)
	return all
}

func arnsOf(policies []servicerole.ObservedPolicy) (arns []string) {
	for _, p := range policies {
		arns = append(arns, p.ARN)
	}
	return arns
}

func names(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

// change compares attributes, which have the same names in the same order on both sides; nil where the thing isn't there.
func change(kind, name string, before, after []Attribute) *Change {
	c := &Change{Action: Update, Kind: kind, Name: name}
	switch {
	case before == nil && after == nil:
		return nil
	case before == nil:
		c.Action = Create
	case after == nil:
		c.Action = Delete
	}
	for n := range max(len(before), len(after)) {
		var a Attribute
		if before != nil {
			a.Name, a.Before = before[n].Name, before[n].Before
		}
		if after != nil {
			a.Name, a.After = after[n].Name, after[n].Before
		}
		if a.Before != a.After {
			c.Attributes = append(c.Attributes, a)
		}
	}
	if len(c.Attributes) == 0 {
		return nil
	}
	return c
}

// The attributes of a thing have their value in Before.

func attributesOfRole(role *servicerole.ObservedRole) []Attribute {
	if role == nil {
		return nil
	}
	return []Attribute{
		{Name: "description", Before: role.Description},
		{Name: "maximum session duration", Before: strconv.Itoa(role.MaxSessionDuration) + " s"},
		{Name: "permissions boundary", Before: role.Boundary},
		{Name: "trust policy", Before: indented(role.Trust)},
		{Name: "attached policies", Before: lines(role.Attached)},
		{Name: "inline policies", Before: lines(role.Inline)},
		{Name: "tags", Before: tagLines(role.Tags)},
	}
}

func attributesOfPolicy(p *servicerole.ObservedPolicy) []Attribute {
	if p == nil {
		return nil
	}
	return []Attribute{{Name: "document", Before: indented(p.Document)}, {Name: "tags", Before: tagLines(p.Tags)}}
}

func attributesOfShared(s servicerole.ObservedShared) []Attribute {
	if s.Presence != servicerole.Present || s.Policy == "" {
		return nil
	}
	return []Attribute{{Name: "policy", Before: indented(s.Policy)}}
}

// indented returns JSON as people read it, and other text as it is.
func indented(document string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(document), "", "  ") != nil {
		return document
	}
	return b.String()
}

func lines(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), "\n") }

// tagLines leaves out what the function keeps in tags for itself, which says nothing to a person.
func tagLines(tags map[string]string) string {
	var list []string
	for key, value := range tags {
		switch key {
		case servicerole.TagDocument, servicerole.TagRepair, servicerole.TagDrift:
			continue
		case servicerole.TagVersion:
			value = servicerole.ProviderVersion(tags)
		}
		list = append(list, fmt.Sprintf("%s = %s", key, value))
	}
	return lines(list)
}
