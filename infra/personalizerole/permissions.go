package personalizerole

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// served is what the function does for one stack.
type served struct {
	stack  awscdk.Stack
	roles  []*serviceRole
	policy awsiam.CfnManagedPolicy
}

// serve permits what a role needs by a policy in the role's own stack, so that it is there before the role and goes after it, and
// that nothing but the function's role and token crosses stacks.
func (f *function) serve(r *serviceRole) {
	s := f.servedFor(awscdk.Stack_Of(r))
	s.roles = append(s.roles, r)
	r.resource.AddResourceDependency(s.policy, nil)
}

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
	s.policy = f.permit(scope, id, func() []permissions.Statement { return s.needed() })
	f.served = append(f.served, s)
	return s
}

// permit adds a policy to the function's role. It is replaced, never changed: its description names its content, by a digest and by
// the values of tokens, so that the old one goes only after the custom resources were updated. Until then the function may
// still take its statements out of buckets that were dropped, and delete roles that were renamed.
func (f *function) permit(scope constructs.Construct, id string, needed func() []permissions.Statement) awsiam.CfnManagedPolicy {
	document := func() any { return permissions.Decoded(needed()) }
	policy := awsiam.NewCfnManagedPolicy(scope, &id, &awsiam.CfnManagedPolicyProps{
		Description: lazyText(func() *string {
			text, err := json.Marshal(awscdk.Stack_Of(scope).Resolve(document()))
			if err != nil {
				panic(fmt.Sprintf("describe the permissions of %s: %v", *f.construct.Node().Path(), err))
			}
			description := fmt.Sprintf("Permissions of the function, content %x", sha256.Sum256(text))
			return jsii.String(description + variables(awscdk.Stack_Of(scope), needed()))
		}),
		Roles:          &[]any{f.role.Ref()},
		PolicyDocument: lazy(document),
	})
	suppress(policy, "The function changes only roles and policies that carry its ownership tag, by the prefix of derived names; "+
		"s3:ListAllMyBuckets has no resource", ofIAM, anyResource)
	return policy
}

// own matches references to the stack's own account, Region and partition, which don't change.
var own = regexp.MustCompile(`\{"Ref":"AWS::[A-Za-z]+"\}`)

// isVariable reports whether a text depends on values that only the deployment knows.
func isVariable(stack awscdk.Stack, text string) bool {
	resolved, err := json.Marshal(stack.Resolve(&text))
	if err != nil {
		return true
	}
	rest := strings.ReplaceAll(own.ReplaceAllString(string(resolved), ""), "Fn::Join", "")
	return strings.Contains(rest, `"Ref"`) || strings.Contains(rest, "Fn::")
}

// variables returns the resources of statements whose values the digest doesn't see.
func variables(stack awscdk.Stack, statements []permissions.Statement) string {
	var found []string
	for _, s := range statements {
		for _, resource := range s.Resources {
			if isVariable(stack, resource) {
				add(&found, resource)
			}
		}
	}
	if len(found) == 0 {
		return ""
	}
	return " of " + strings.Join(found, " ")
}

func scopeOf(stack awscdk.Stack) permissions.Scope {
	return permissions.Scope{Partition: *stack.Partition(), Region: *stack.Region(), AccountID: *stack.Account()}
}

// needed returns the permissions that the roles of a stack need.
func (s *served) needed() []permissions.Statement {
	scope := scopeOf(s.stack)
	anyPath := false
	for _, r := range s.roles {
		addName(&scope.RoleNames, r.props.RoleName, permissions.DefaultRoleNames)
		addName(&scope.PolicyNames, r.props.PolicyName, permissions.DefaultPolicyNames)
		path := text(r.props.Path, properties.DefaultPath)
		anyPath = anyPath || hasToken(path)
		add(&scope.Paths, path)
		for _, b := range r.props.Buckets {
			if isOn(b.ManageBucketPolicy) {
				add(&scope.Buckets, *b.Bucket.BucketArn())
			} else {
				add(&scope.ReadBuckets, *b.Bucket.BucketArn())
			}
		}
		for _, arn := range r.keyARNs() {
			if isOn(r.props.ManageKeyPolicies) {
				add(&scope.Keys, arn)
			} else {
				add(&scope.ReadKeys, arn)
			}
		}
	}
	if anyPath {
		scope.Paths = nil
	}
	return append(permissions.OwnStatements(scope), permissions.DataStatements(scope)...)
}

// isOn reads a flag that is on unless switched off.
func isOn(flag *bool) bool { return flag == nil || *flag }

// additional returns the permissions that roles outside of the app need.
func (f *function) additional(more *AdditionalGrants) []permissions.Statement {
	scope := scopeOf(f.stack)
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

// addName adds a name, or what matches derived ones. A token may turn out to be empty, and then a name is derived.
func addName(list *[]string, name *string, derived string) {
	value := text(name, derived)
	if hasToken(value) {
		add(list, derived)
	}
	add(list, value)
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
