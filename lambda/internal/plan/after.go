package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// After returns what was found, as the plan leaves it. The ID of a new role is empty, since IAM makes it; versions of policies are counted
// from those that were found.
func (p Plan) After(o servicerole.Observed) servicerole.Observed {
	if o.Role != nil {
		role := *o.Role
		role.Tags, role.Attached, role.Inline = maps.Clone(role.Tags), slices.Clone(role.Attached), slices.Clone(role.Inline)
		o.Role = &role
	}
	o.Policies = slices.Clone(o.Policies)
	for n := range o.Policies {
		o.Policies[n].Tags = maps.Clone(o.Policies[n].Tags)
	}
	o.Buckets, o.Keys = maps.Clone(o.Buckets), maps.Clone(o.Keys)
	for _, s := range p.Steps {
		after(&o, s.Op)
	}
	return o
}

// after changes what was found, as one operation does.
func after(o *servicerole.Observed, op Operation) {
	switch op := op.(type) {
	case CreateRole:
		o.Role = &servicerole.ObservedRole{RoleRef: op.Role.RoleRef, Description: op.Role.Description,
			MaxSessionDuration: op.Role.MaxSessionDuration, Boundary: op.Role.Boundary, Trust: op.Role.Trust, Tags: maps.Clone(op.Role.Tags)}
	case DeleteRole:
		o.Role = nil
	case PutBucketStatements:
		merge(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Put(op.Sid, op.Statements) })
	case RemoveBucketStatements:
		merge(o.Buckets, op.Bucket.Name, func(s policy.Shared) (policy.Shared, bool) { return s.Remove(op.Sid) })
	case PutKeyStatement:
		merge(o.Keys, op.Key, func(s policy.Shared) (policy.Shared, bool) {
			return s.Put(op.Statement.Sid, []policy.Statement{op.Statement}, op.FormerSids...)
		})
	case RemoveKeyStatement:
		merge(o.Keys, op.Key, func(s policy.Shared) (policy.Shared, bool) { return s.Remove(op.Sid) })
	case CreatePolicy:
		o.Policies = append(o.Policies, servicerole.ObservedPolicy{PolicyRef: op.Policy.PolicyRef, Document: op.Policy.Document,
			Tags: maps.Clone(op.Policy.Tags), DefaultVersion: "v1", Recorded: policy.Digest(op.Policy.Document)})
	case DeletePolicy:
		o.Policies = slices.DeleteFunc(o.Policies, func(p servicerole.ObservedPolicy) bool { return p.ARN == op.Policy.ARN })
	default:
		afterOnRole(o.Role, op)
		afterOnPolicy(o, op)
	}
}

func merge(in map[string]servicerole.ObservedShared, name string, change func(policy.Shared) (policy.Shared, bool)) {
	found := in[name]
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return
	}
	if next, changed := change(shared); changed {
		found.Policy = next.String()
		in[name] = found
	}
}

func afterOnRole(role *servicerole.ObservedRole, op Operation) {
	if role == nil {
		return
	}
	without := func(list []string, name string) []string {
		return slices.DeleteFunc(list, func(other string) bool { return other == name })
	}
	switch op := op.(type) {
	case UpdateTrust:
		role.Trust = op.Document
	case UpdateRole:
		role.Description, role.MaxSessionDuration = op.Description, op.MaxSessionDuration
	case PutBoundary:
		role.Boundary = op.Boundary
	case DeleteBoundary:
		role.Boundary = ""
	case TagRole:
		role.Tags = tagged(role.Tags, op.Tags)
	case UntagRole:
		untag(role.Tags, op.Keys)
	case AttachPolicy:
		role.Attached = append(without(role.Attached, op.Policy), op.Policy)
		slices.Sort(role.Attached)
	case DetachPolicy:
		role.Attached = without(role.Attached, op.Policy)
	case DeleteInlinePolicy:
		role.Inline = without(role.Inline, op.Name)
	}
}

func afterOnPolicy(o *servicerole.Observed, op Operation) {
	var found *servicerole.ObservedPolicy
	if found = o.Policy(op.Target()); found == nil {
		return
	}
	switch op := op.(type) {
	case CreatePolicyVersion:
		found.OtherVersions = append(slices.Clone(found.OtherVersions), found.DefaultVersion)
		found.DefaultVersion, found.Document, found.Recorded = nextVersion(found.OtherVersions), op.Document, ""
	case DeletePolicyVersion:
		found.OtherVersions = slices.DeleteFunc(slices.Clone(found.OtherVersions), func(v string) bool { return v == op.Version })
	case RecordDocument:
		found.Recorded = op.Digest
		found.Tags = tagged(found.Tags, map[string]string{servicerole.TagDocument: servicerole.DocumentRecord(found.DefaultVersion, op.Digest)})
	case TagPolicy:
		found.Tags = tagged(found.Tags, op.Tags)
	case UntagPolicy:
		untag(found.Tags, op.Keys)
	}
}

// nextVersion is the ID that follows others. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html
func nextVersion(versions []string) string {
	highest := 0
	for _, v := range versions {
		n, _ := strconv.Atoi(strings.TrimPrefix(v, "v"))
		highest = max(highest, n)
	}
	return fmt.Sprintf("v%d", highest+1)
}

func tagged(tags, more map[string]string) map[string]string {
	if tags == nil {
		tags = map[string]string{}
	}
	maps.Copy(tags, more)
	return tags
}

func untag(tags map[string]string, keys []string) {
	for _, key := range keys {
		delete(tags, key)
	}
}
