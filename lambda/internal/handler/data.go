package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/preflight"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// data gives the attributes, always the same keys: Fn::GetAtt fails where an update drops one.
func (t *task) data(ctx context.Context, roleID string, d servicerole.Desired, o servicerole.Observed) map[string]string {
	policyARN := ""
	if d.Policy != nil {
		policyARN = d.Policy.ARN
	}
	buckets, keys := required(d, o)
	bucketText, keyText := t.encoded(ctx, properties.AttrRequiredBucketPolicies, buckets), t.encoded(ctx, properties.AttrRequiredKeyPolicies, keys)
	return map[string]string{
		properties.AttrRoleArn:                d.Role.ARN,
		properties.AttrRoleName:               d.Role.Name,
		properties.AttrRoleID:                 roleID,
		properties.AttrS3PolicyArn:            policyARN,
		properties.AttrRequiredBucketPolicies: bucketText,
		properties.AttrRequiredKeyPolicies:    keyText,
		properties.AttrWarnings:               strings.Join(t.warnings, "\n"),
	}
}

// required gives the statements that others must add to policies which aren't ours to extend, by bucket and by key.
func required(d servicerole.Desired, o servicerole.Observed) (buckets, keys map[string]json.RawMessage) {
	buckets, keys = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	add := func(to map[string]json.RawMessage, name string, s policy.Statement) {
		to[name] = json.RawMessage(s.String())
	}
	for _, b := range d.Buckets {
		switch {
		case o.Buckets[b.Name].Presence == servicerole.InAnotherAccount:
			add(buckets, b.Name, b.Foreign)
		case !b.Managed:
			add(buckets, b.Name, b.Statement)
		}
	}
	for _, key := range d.Keys {
		if !key.Managed {
			add(keys, key.ARN, key.Statement)
		}
	}
	return buckets, keys
}

// maxRequired bounds each attribute with statements, in bytes: an answer has 4,096 in all.
const maxRequired = 1400

// encoded gives a JSON object, with {} for none. What doesn't fit is left out whole, and logged.
func (t *task) encoded(ctx context.Context, attribute string, statements map[string]json.RawMessage) string {
	var left []string
	for {
		text, err := json.Marshal(statements)
		if err != nil {
			// The statements are JSON already.
			panic(err)
		}
		if len(text) <= maxRequired {
			if len(left) > 0 {
				t.warnings = append(t.warnings, fmt.Sprintf("attribute %s has no room for the statements of %s: the function's log has them", attribute,
					strings.Join(left, ", ")))
			}
			return string(text)
		}
		last := slices.Max(slices.Collect(maps.Keys(statements)))
		t.handler.Log.WarnContext(ctx, "no room in the answer", "attribute", attribute, "of", last, "statement", string(statements[last]))
		left = append(left, last)
		delete(statements, last)
	}
}

// check gives warnings of what the policies of buckets and keys say against the role.
func (t *task) check(ctx context.Context, d servicerole.Desired, o servicerole.Observed, times int) []string {
	warnings := preflight.CheckShared(d, o)
	found := map[string]servicerole.ObservedShared{}
	for name, b := range o.Buckets {
		found["bucket "+name] = b
	}
	for arn, key := range o.Keys {
		found["KMS key "+arn] = key
	}
	names := slices.Sorted(maps.Keys(found))
	abandoned := make([][]string, len(names))
	looks := make([]func() error, len(names))
	for n, name := range names {
		looks[n] = func() error {
			abandoned[n] = t.handler.Provisioner.Abandoned(ctx, found[name], d.Sid, times)
			return nil
		}
	}
	// None of them fails.
	_ = provision.Together(looks...)
	for n, name := range names {
		if len(abandoned[n]) > 0 {
			warnings = append(warnings, preflight.Abandoned(name, abandoned[n]))
		}
	}
	return warnings
}
