// Package permissions says what the function itself must be allowed to do, derived from the calls that it makes. The CDK
// half grants it, and a test holds template.yaml to it.
package permissions

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

// Statement is one statement of the policy of the function's role. All allow.
type Statement struct {
	Sid        string
	Actions    []string
	Resources  []string
	Conditions map[string]map[string][]string
}

// Scope says where the function may act. The values may be tokens of a template.
type Scope struct {
	Partition string
	Region    string
	AccountID string
	// RoleNames and PolicyNames are names or patterns of names; DefaultScope has those of derived names.
	RoleNames   []string
	PolicyNames []string
}

// DefaultRoleNames and DefaultPolicyNames match the names that the function derives.
const (
	DefaultRoleNames   = servicerole.RolePrefix + "*"
	DefaultPolicyNames = servicerole.PolicyPrefix + "*"
)

// Statements gives the statements for a scope, logging aside.
func Statements(s Scope) []Statement {
	roles, policies := s.named("role", s.RoleNames), s.named("policy", s.PolicyNames)
	stacks := fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/*", s.Partition, s.Region, s.AccountID)
	tagged := map[string]map[string][]string{"StringLike": {"aws:ResourceTag/" + servicerole.TagStackID: {stacks}}}
	tagging := map[string]map[string][]string{"StringLike": {"aws:RequestTag/" + servicerole.TagStackID: {stacks}}}
	attach := plan.AttachPolicy{}.Action()
	return []Statement{
		// Reading takes any name: what a name stands for must be told apart before it is touched, and the Delete that follows
		// a Create refused for its name must find that nothing is there.
		{Sid: "ReadRoles", Actions: sorted(provision.RoleReads), Resources: s.named("role", []string{"*"})[:1]},
		{Sid: "ReadPolicies", Actions: sorted(provision.PolicyReads), Resources: s.named("policy", []string{"*"})[:1]},
		{Sid: "AskWhetherEventsAreStillWanted", Actions: sorted(provision.StackReads), Resources: []string{stacks}},
		{
			Sid: "CreateOwnRoles", Actions: []string{plan.CreateRole{}.Action(), plan.TagRole{}.Action()}, Resources: roles,
			Conditions: tagging,
		},
		{Sid: "ChangeOwnRoles", Actions: writes(isRole, plan.CreateRole{}.Action(), attach), Resources: roles, Conditions: tagged},
		{
			Sid: "AttachToOwnRoles", Actions: []string{attach}, Resources: roles,
			Conditions: map[string]map[string][]string{
				"ArnLike":    {"iam:PolicyARN": slices.Concat(servicerole.Identity{Partition: s.Partition}.Governed(), policies)},
				"StringLike": tagged["StringLike"],
			},
		},
		{
			Sid: "CreateOwnPolicies", Actions: []string{plan.CreatePolicy{}.Action(), plan.TagPolicy{}.Action()}, Resources: policies,
			Conditions: tagging,
		},
		{Sid: "ChangeOwnPolicies", Actions: writes(isPolicy, plan.CreatePolicy{}.Action()), Resources: policies, Conditions: tagged},
	}
}

// named gives the ARNs of IAM resources by name, at the root path and below any other.
func (s Scope) named(kind string, names []string) []string {
	var arns []string
	for _, name := range names {
		for _, path := range []string{"/", "/*/"} {
			arns = append(arns, fmt.Sprintf("arn:%s:iam::%s:%s%s%s", s.Partition, s.AccountID, kind, path, name))
		}
	}
	return arns
}

// writes gives the actions of the plan's operations on one kind of thing, but for those excepted.
func writes(kind func(action string) bool, except ...string) []string {
	var actions []string
	for _, op := range plan.Kinds() {
		if a := op.Action(); kind(a) && !slices.Contains(except, a) {
			actions = append(actions, a)
		}
	}
	return sorted(actions)
}

// IAM calls what changes a role ...Role, ...RolePolicy and so on, and everything else here changes a managed policy.
func isRole(action string) bool {
	return strings.Contains(action, "Role")
}

func isPolicy(action string) bool { return !isRole(action) }

func sorted(actions []string) []string { return slices.Sorted(slices.Values(actions)) }
