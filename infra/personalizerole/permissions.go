package personalizerole

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"personalize-role/lambda/permissions"
)

// served is what the function does for one stack.
type served struct {
	stack       awscdk.Stack
	roles       []*serviceRole
	permissions *replaced
}

// serve grants the function what a role needs, by a policy in the role's own stack: the policy is created before the role and deleted after
// it. Only the function's role and token are shared between stacks.
func (f *function) serve(r *serviceRole) {
	f.refuseCircle(r)
	s := f.servedFor(awscdk.Stack_Of(r))
	s.roles = append(s.roles, r)
	s.permissions.vary()
	r.resource.AddResourceDependency(s.permissions.policy, nil)
}

// refuseCircle refuses a boundary that is created in the role's stack and would also bound the function's role in another stack: each of
// the two stacks would need the other.
func (f *function) refuseCircle(r *serviceRole) {
	boundary, ok := r.props.PermissionsBoundary.(constructs.IConstruct)
	if !ok || f.boundary != nil || f.required != nil || !*awscdk.Resource_IsOwnedResource(boundary) {
		return
	}
	if stack := awscdk.Stack_Of(boundary); stack != f.stack && stack == awscdk.Stack_Of(r) {
		refuse(r, "PermissionsBoundary would also bound the role of the function (%s), whose stack would need %s, which needs it. Set "+
			"PermissionsBoundary of the provider, or make the boundary in another stack", *f.construct.Node().Path(), *stack.StackName())
	}
}

// widen permits what was added to a role since.
func (f *function) widen(r *serviceRole) { f.servedFor(awscdk.Stack_Of(r)).permissions.vary() }

func (f *function) servedFor(stack awscdk.Stack) *served {
	for _, s := range f.served {
		if s.stack == stack {
			return s
		}
	}
	s := &served{stack: stack}
	scope, id := f.construct, "Permissions"
	if stack != f.stack {
		scope, id = stack, "PersonalizeServiceRolePermissions-"+*f.construct.Node().Addr()
	}
	s.permissions = f.permit(scope, id, func() []permissions.Statement { return s.needed() })
	f.served = append(f.served, s)
	return s
}

func scopeOf(stack awscdk.Stack) permissions.Scope {
	return permissions.Scope{Partition: *stack.Partition(), Region: *stack.Region(), AccountID: *stack.Account()}
}

// needed returns the permissions that the roles of a stack need.
func (s *served) needed() []permissions.Statement {
	scope := scopeOf(s.stack)
	scope.RequiredBoundary = text(s.permissions.function.required, "")
	for _, r := range s.roles {
		r.addNames(&scope.Roles, "role", r.props.RoleName, permissions.DefaultRoleNames)
		r.addNames(&scope.Policies, "policy", r.props.PolicyName, permissions.DefaultPolicyNames)
		for _, b := range r.props.Buckets {
			if isOn(b.ManageBucketPolicy) {
				add(&scope.Buckets, *b.Bucket.BucketArn())
			} else {
				add(&scope.ReadBuckets, *b.Bucket.BucketArn())
			}
		}
		for _, arn := range r.keyARNs() {
			if r.isOfOthers(arn) {
				// Their owner adds the statement.
				continue
			}
			if isOn(r.props.ManageKeyPolicies) {
				add(&scope.Keys, arn)
			} else {
				add(&scope.ReadKeys, arn)
			}
		}
	}
	return append(permissions.OwnStatements(scope), permissions.DataStatements(scope)...)
}

// isOfOthers reports whether a key is known to belong to another account.
func (r *serviceRole) isOfOthers(arn string) bool {
	parts, account := strings.Split(arn, ":"), *r.Stack().Account()
	return !hasToken(arn) && !hasToken(account) && len(parts) > 5 && parts[4] != account
}

// isOn reads a flag that is on unless switched off.
func isOn(flag *bool) bool { return flag == nil || *flag }

// additional returns the permissions that roles outside of the app need.
func (f *function) additional(more *AdditionalGrants) []permissions.Statement {
	scope := scopeOf(f.stack)
	scope.RequiredBoundary = text(f.required, "")
	scope.RoleNames = append([]string{permissions.DefaultRoleNames}, texts(more.RoleNames)...)
	scope.PolicyNames = append([]string{permissions.DefaultPolicyNames}, texts(more.PolicyNames)...)
	scope.Buckets, scope.Keys = texts(more.BucketArns), texts(more.KeyArns)
	return append(permissions.OwnStatements(scope), permissions.DataStatements(scope)...)
}

func texts(list *[]*string) []string {
	if list == nil {
		return nil
	}
	var all []string
	for _, s := range *list {
		all = append(all, *s)
	}
	return all
}

// addNames adds the ARN of a role or policy of the role: its path and its name, or what matches derived ones. A token may turn out to be
// empty: then the name is derived, and the path is /.
func (r *serviceRole) addNames(list *[]string, kind string, name *string, derived string) {
	names, paths := []string{text(name, derived)}, []string{r.path()}
	if hasToken(names[0]) {
		names = []string{derived, names[0]}
	}
	if hasToken(paths[0]) {
		paths = []string{"/", "/*/"}
	}
	for _, name := range names {
		for _, path := range paths {
			add(list, r.arn(kind+path+name))
		}
	}
}

// add keeps the order of the construction: that of tokens' texts differs from one synthesis to the next.
func add(list *[]string, value string) {
	if !slices.Contains(*list, value) {
		*list = append(*list, value)
	}
}

func text(value *string, standard string) string {
	if value == nil || *value == "" {
		return standard
	}
	return *value
}
