package permissions

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
)

// Statement is one statement of a policy. It allows, unless Deny says otherwise.
type Statement struct {
	Sid  string
	Deny bool
	// Principal is who a resource control policy is about; empty in all other policies.
	Principal  string
	Actions    []string
	Resources  []string
	Conditions map[string]map[string][]string
}

// IsReadOnly reports whether none of the actions changes anything.
func (s Statement) IsReadOnly() bool {
	return !slices.ContainsFunc(s.Actions, func(action string) bool {
		_, verb, _ := strings.Cut(action, ":")
		return !strings.HasPrefix(verb, "Get") && !strings.HasPrefix(verb, "List") && !strings.HasPrefix(verb, "Describe")
	})
}

// Scope says where the function may act. The values may be tokens of a template.
type Scope struct {
	Partition string
	Region    string
	AccountID string
	// RoleNames and PolicyNames are names or patterns of names, below any path.
	RoleNames   []string
	PolicyNames []string
	// Roles and Policies are ARNs, or patterns of ARNs, beside those of the names.
	Roles    []string
	Policies []string
	// Buckets are ARNs, or patterns of ARNs, of the buckets whose policies the function may change; Keys those of KMS keys.
	Buckets []string
	Keys    []string
	// RequiredBoundary is the ARN of the managed policy that must bound every role; empty: none has to.
	RequiredBoundary string
	// ReadBuckets and ReadKeys are those whose policies it may read only.
	ReadBuckets []string
	ReadKeys    []string
}

// DefaultRoleNames and DefaultPolicyNames match the names that the function derives.
const (
	DefaultRoleNames   = servicerole.RolePrefix + "*"
	DefaultPolicyNames = servicerole.PolicyPrefix + "*"
)

// Statements returns the statements for a scope, logging aside.
func Statements(s Scope) []Statement {
	return slices.Concat(ReadStatements(s), OwnStatements(s), DataStatements(s))
}

// ReadStatements returns the statements that let the function read. They allow any name: the function must know what a name refers to
// before it changes anything, and the Delete after a Create that was refused for its name must find that there is nothing to delete.
func ReadStatements(s Scope) []Statement {
	return []Statement{
		{Sid: "ReadRoles", Actions: roleReads, Resources: []string{s.arn("role", "/", "*")}},
		{Sid: "ReadPolicies", Actions: policyReads, Resources: []string{s.arn("policy", "/", "*")}},
		{Sid: "ReadBoundaries", Actions: boundaryReads, Resources: []string{"arn:" + s.Partition + ":iam::aws:policy/*"}},
		{Sid: "DescribeStack", Actions: stackReads, Resources: []string{s.stacks()}},
		{Sid: "DescribeKeys", Actions: anyKeyReads, Resources: []string{
			fmt.Sprintf("arn:%s:kms:%s:%s:key/*", s.Partition, s.Region, s.AccountID),
		}},
	}
}

// OwnStatements returns the statements that let the function create roles and managed policies, and change those that carry its tag. It can
// change an existing ownership tag only if the tag names a stack of this account and Region.
func OwnStatements(s Scope) []Statement {
	roles, policies := append(s.named("role", s.RoleNames), s.Roles...), append(s.named("policy", s.PolicyNames), s.Policies...)
	tagged := map[string][]string{"aws:ResourceTag/" + servicerole.TagStackID: {s.stacks()}}
	tagging := map[string][]string{"aws:RequestTag/" + servicerole.TagStackID: {s.stacks()}}
	like := func(keys map[string][]string) map[string]map[string][]string {
		return map[string]map[string][]string{"StringLike": keys}
	}
	marking := map[string]map[string][]string{"StringLike": tagging, "StringLikeIfExists": tagged}
	attach, create, tagRole := actions(plan.AttachPolicy{}), actions(plan.CreateRole{}), actions(plan.TagRole{})
	bound, unbound := actions(plan.PutBoundary{}), actions(plan.DeleteBoundary{})
	createPolicy, tagPolicy := actions(plan.CreatePolicy{}), actions(plan.TagPolicy{})
	except := slices.Concat(create, attach, bound)
	if s.RequiredBoundary != "" {
		except = append(except, unbound...)
	}
	attaching := like(tagged)
	attaching["ArnLike"] = map[string][]string{
		"iam:PolicyARN": slices.Concat(servicerole.Identity{Partition: s.Partition}.Governed(), policies),
	}
	return []Statement{
		{Sid: "CreateOwnRoles", Actions: create, Resources: roles, Conditions: s.bounded(like(tagging))},
		{Sid: "MarkOwnRoles", Actions: tagRole, Resources: roles, Conditions: marking},
		{Sid: "ChangeOwnRoles", Actions: writes(isRole, except), Resources: roles, Conditions: like(tagged)},
		{Sid: "BoundOwnRoles", Actions: bound, Resources: roles, Conditions: s.bounded(like(tagged))},
		{Sid: "AttachManagedPolicies", Actions: attach, Resources: roles, Conditions: s.bounded(attaching)},
		{Sid: "CreateOwnPolicies", Actions: createPolicy, Resources: policies, Conditions: like(tagging)},
		{Sid: "MarkOwnPolicies", Actions: tagPolicy, Resources: policies, Conditions: marking},
		{Sid: "ChangeOwnPolicies", Actions: writes(isPolicy, createPolicy), Resources: policies, Conditions: like(tagged)},
	}
}

// bounded adds to conditions that a role has the required boundary, or gets it by the call. It isn't a key of iam:TagRole. See
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func (s Scope) bounded(conditions map[string]map[string][]string) map[string]map[string][]string {
	if s.RequiredBoundary != "" {
		conditions["StringEquals"] = map[string][]string{"iam:PermissionsBoundary": {s.RequiredBoundary}}
	}
	return conditions
}

// GuardStatement returns the statement that keeps the function from locking the account out of its keys: it must not bypass the check that
// AWS makes of a new key policy. It is a Deny, because a condition of an Allow would refuse calls without the parameter. See
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-bypass-policy-lockout-safety-check
func GuardStatement() Statement {
	return Statement{Sid: "KeepKeysReachable", Deny: true, Actions: []string{"kms:PutKeyPolicy"}, Resources: []string{"*"},
		Conditions: map[string]map[string][]string{"Bool": {"kms:BypassPolicyLockoutSafetyCheck": {"true"}}}}
}

// LogStatement returns the one that lets the function log to its log group.
func LogStatement(logGroupARN string) Statement {
	return Statement{Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{logGroupARN}}
}

// DataStatements returns the statements that let the function change the policies of buckets and keys. They must outlive an update that
// drops a bucket or a key, because the function then removes its statement. The first statement is there even without buckets: a policy
// can't be empty.
func DataStatements(s Scope) []Statement {
	statements := []Statement{{Sid: "ListBuckets", Actions: accountReads, Resources: []string{"*"}}}
	if len(s.Buckets) > 0 {
		statements = append(statements, Statement{
			Sid: "ChangeBucketPolicies", Resources: s.Buckets,
			Actions: slices.Compact(sorted(slices.Concat(bucketReads, findingReads,
				actions(plan.PutBucketStatements{}, plan.RemoveBucketStatements{})))),
		})
	}
	if len(s.Keys) > 0 {
		statements = append(statements, Statement{
			Sid: "ChangeKeyPolicies", Resources: s.Keys,
			Actions: slices.Compact(sorted(slices.Concat(keyReads, actions(plan.PutKeyStatement{}, plan.RemoveKeyStatement{})))),
		})
	}
	if len(s.ReadBuckets) > 0 {
		statements = append(statements, Statement{Sid: "ReadBucketPolicies", Actions: sorted(slices.Concat(bucketReads, findingReads)),
			Resources: s.ReadBuckets})
	}
	if len(s.ReadKeys) > 0 {
		statements = append(statements, Statement{Sid: "ReadKeyPolicies", Actions: keyReads, Resources: s.ReadKeys})
	}
	return statements
}

func (s Scope) stacks() string {
	return fmt.Sprintf("arn:%s:cloudformation:%s:%s:stack/*", s.Partition, s.Region, s.AccountID)
}

func (s Scope) arn(kind, path, name string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s%s%s", s.Partition, s.AccountID, kind, path, name)
}

// named returns the ARNs of IAM resources by name, below any path.
func (s Scope) named(kind string, names []string) []string {
	var arns []string
	for _, name := range names {
		arns = append(arns, s.arn(kind, "/", name), s.arn(kind, "/*/", name))
	}
	return arns
}

// actions returns the actions of operations.
func actions(ops ...plan.Operation) []string {
	var all []string
	for _, op := range ops {
		all = append(all, op.Actions()...)
	}
	return slices.Compact(sorted(all))
}

// writes returns the actions of the plan's operations on one kind of thing, but for those excepted.
func writes(kind func(action string) bool, except []string) []string {
	return slices.DeleteFunc(actions(plan.Kinds()...), func(a string) bool { return !kind(a) || slices.Contains(except, a) })
}

// IAM calls what changes a role ...Role, ...RolePolicy and so on, and everything else here changes a managed policy.
func isRole(action string) bool { return isIAM(action) && strings.Contains(action, "Role") }

func isPolicy(action string) bool { return isIAM(action) && !isRole(action) }

func isIAM(action string) bool { return strings.HasPrefix(action, "iam:") }

func sorted(actions []string) []string { return slices.Sorted(slices.Values(actions)) }
