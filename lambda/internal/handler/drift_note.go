package handler

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// firstSeen are the times of the checks that found differences first, by the difference's ID.
type firstSeen map[string]time.Time

// since reads the tag of a role. What can't be read is left out.
func since(tags map[string]string) firstSeen {
	seen := firstSeen{}
	for entry := range strings.FieldsSeq(tags[servicerole.TagDrift]) {
		id, at, _ := strings.Cut(entry, "=")
		if seconds, err := strconv.ParseInt(at, 36, 64); err == nil {
			seen[id] = time.Unix(seconds, 0).UTC()
		}
	}
	return seen
}

func (f firstSeen) of(d difference, now time.Time) time.Time {
	if at, ok := f[d.id()]; ok {
		return at
	}
	return now
}

// note keeps on the role since when there are differences, if it has room beside what it should have, and asks a last time whether the
// stack is still at rest.
func (t *task) note(ctx context.Context, d desired, o servicerole.Observed, role *servicerole.ObservedRole, left []difference) error {
	value := ""
	for _, difference := range left {
		entry := fmt.Sprintf("%s=%s ", difference.id(), strconv.FormatInt(difference.since.Unix(), 36))
		if !difference.repaired && len(value)+len(entry) <= servicerole.MaxTagValue {
			value += entry
		}
	}
	value = strings.TrimSpace(value)
	set, unset := map[string]string{}, []string(nil)
	before, noted := role.Tags[servicerole.TagDrift]
	if t.unnoted {
		before, noted = "", false
	}
	switch {
	case value == "" && noted:
		unset = append(unset, servicerole.TagDrift)
	case value != before && t.hasRoom(d, o, role, servicerole.TagDrift):
		set[servicerole.TagDrift] = value
	}
	t.retag(ctx, plan.Retag(d.Role.RoleRef, set, unset))
	if _, leased := role.Tags[servicerole.TagRepair]; leased {
		// The repair may have ended without an end.
		t.release(ctx, d, func(l lease) bool { return !l.holds(t.handler.Provisioner.Now()) })
	}
	err := t.stillAtRest(ctx, d)
	if err != nil && len(set) > 0 {
		t.retag(ctx, plan.Retag(d.Role.RoleRef, nil, []string{servicerole.TagDrift}))
	}
	return err
}

// hasRoom reports whether a role has room for one more tag beside those that it has and should have.
func (t *task) hasRoom(d desired, o servicerole.Observed, role *servicerole.ObservedRole, key string) bool {
	return servicerole.CountTags(role.Tags, d.Given(o).Role.Tags, map[string]string{key: ""}) <= servicerole.MaxTags
}

// retag changes tags that are a help only.
func (t *task) retag(ctx context.Context, todo plan.Plan) {
	if err := t.handler.Provisioner.Session(t.identity).Apply(ctx, todo, servicerole.Observed{}); err != nil {
		t.handler.Log.WarnContext(ctx, "a tag about drift was not written", "cause", err.Error())
	}
}
