package personalizerole

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/infra/bundle"
	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// Provider is the function behind Custom::PersonalizeServiceRole.
type Provider interface {
	// ServiceToken is the ARN of the function, the ServiceToken of custom resources.
	ServiceToken() *string

	// serve widens the function's permissions to what a role needs.
	serve(*serviceRole)
}

// Architecture is the processor that the function runs on.
type Architecture string

// Processors.
const (
	ArchitectureARM64 Architecture = "arm64"
	ArchitectureX8664 Architecture = "x86_64"
)

// ProviderProps are the properties of a provider. All are optional.
type ProviderProps struct {
	// Zip is the path of a prebuilt function.zip. Default: the function is built from the sources of this module, by the Go
	// toolchain of the machine that synthesises.
	Zip *string
	// Architecture that the function runs on; a prebuilt zip must be built for it. Default: ArchitectureARM64.
	Architecture Architecture
	// LogRetention is how long logs are kept. Default: one month.
	LogRetention awslogs.RetentionDays
	// PermissionsBoundary bounds the role of the function, which needs IAM, CloudFormation, CloudWatch Logs, S3 and KMS. Default: the
	// one of the roles that it provisions.
	PermissionsBoundary awsiam.IManagedPolicy
	// Further is what roles outside of this app need, which take the function by its ServiceToken. Default: nothing.
	Further *Further
}

// Further is what roles outside of this app may be called and may use. Roles and policies with derived names always count in.
type Further struct {
	// RoleNames and PolicyNames are names, or patterns with *, below any path.
	RoleNames   *[]*string
	PolicyNames *[]*string
	// BucketArns and KeyArns are ARNs, or patterns with *, of the buckets and keys whose policies the function may change.
	BucketArns *[]*string
	KeyArns    *[]*string
}

// function is a provider of this app.
type function struct {
	construct constructs.Construct
	stack     awscdk.Stack
	token     *string
	role      awsiam.CfnRole
	boundary  *string
	// served are the roles by their stack, each stack with the permissions that they need.
	served []*served
}

// served is what the function does for one stack.
type served struct {
	stack  awscdk.Stack
	roles  []*serviceRole
	policy awsiam.CfnManagedPolicy
}

// deployed is a provider that exists already.
type deployed struct{ token *string }

func (d *deployed) ServiceToken() *string { return d.token }

func (d *deployed) serve(*serviceRole) {}

// Provider_FromServiceToken takes a provider that is deployed already, by the ARN of its function. It must allow what the roles
// need: template.yaml has parameters for that.
func Provider_FromServiceToken(serviceToken *string) Provider { return &deployed{serviceToken} }

const providerID = "PersonalizeServiceRoleProvider"

// shared has the providers that the roles of a stack share: a construct that CDK gives back has lost its Go type.
var shared sync.Map

// providerOf gives the provider that all roles of a stack share.
func providerOf(stack awscdk.Stack) Provider {
	if known, ok := shared.Load(stack); ok {
		return known.(Provider)
	}
	p := NewProvider(stack, providerID, nil)
	shared.Store(stack, p)
	return p
}

// NewProvider adds a provider to a scope, to be shared by roles, of other stacks too; nil props mean the defaults. Its permissions
// are those that the roles of this app need.
func NewProvider(scope constructs.Construct, id string, props *ProviderProps) Provider {
	if props == nil {
		props = &ProviderProps{}
	}
	f := &function{construct: constructs.NewConstruct(scope, &id), stack: awscdk.Stack_Of(scope)}
	if props.PermissionsBoundary != nil {
		f.boundary = props.PermissionsBoundary.ManagedPolicyArn()
	}
	logs := f.logGroup(props)
	f.role = f.newRole(logs)
	if props.Further != nil {
		f.permit(f.construct, "FurtherPermissions", func() []permissions.Statement { return f.further(props.Further) })
	}
	f.token = f.lambda(props, logs).AttrArn()
	return f
}

func (f *function) ServiceToken() *string { return f.token }

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
	scope, id := constructs.Construct(f.construct), "Permissions"
	if stack != f.stack {
		scope, id = stack, "PersonalizeServiceRolePermissions-"+*f.construct.Node().Addr()
	}
	s.policy = f.permit(scope, id, func() []permissions.Statement { return s.needed() })
	f.served = append(f.served, s)
	return s
}

func (f *function) logGroup(props *ProviderProps) awslogs.LogGroup {
	retention := props.LogRetention
	if retention == "" {
		retention = awslogs.RetentionDays_ONE_MONTH
	}
	return awslogs.NewLogGroup(f.construct, jsii.String("LogGroup"), &awslogs.LogGroupProps{Retention: retention, RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
}

func (f *function) newRole(logs awslogs.LogGroup) awsiam.CfnRole {
	reads := append(permissions.ReadStatements(scopeOf(f.stack)), permissions.Statement{
		Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{*logs.LogGroupArn()},
	})
	return awsiam.NewCfnRole(f.construct, jsii.String("Role"), &awsiam.CfnRoleProps{
		Description: jsii.String("Role of the function that provisions the Amazon Personalize service role"),
		AssumeRolePolicyDocument: document([]any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
		}}),
		PermissionsBoundary: lazyText(f.permissionsBoundary),
		Policies:            []*awsiam.CfnRole_PolicyProperty{{PolicyName: jsii.String("Provision"), PolicyDocument: document(rendered(reads))}},
	})
}

// permit gives the function's role a policy. It is replaced, never changed: its description names its content, by a digest and by
// the values of tokens, so that the old one goes only after the custom resources were updated. Until then the function may
// still take its statements out of buckets that were dropped, and delete roles that were renamed.
func (f *function) permit(scope constructs.Construct, id string, needed func() []permissions.Statement) awsiam.CfnManagedPolicy {
	statements := func() any { return rendered(needed()) }
	return awsiam.NewCfnManagedPolicy(scope, &id, &awsiam.CfnManagedPolicyProps{
		Description: lazyText(func() *string {
			text, err := json.Marshal(awscdk.Stack_Of(scope).Resolve(statements()))
			if err != nil {
				panic(fmt.Sprintf("describe the permissions of %s: %v", *f.construct.Node().Path(), err))
			}
			description := fmt.Sprintf("Permissions of the function, content %x", sha256.Sum256(text))
			return jsii.String(description + variables(awscdk.Stack_Of(scope), needed()))
		}),
		Roles:          &[]any{f.role.Ref()},
		PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": lazy(statements)},
	})
}

// own matches references to the stack's own account, Region and partition, which don't change.
var own = regexp.MustCompile(`\{"Ref":"AWS::[A-Za-z]+"\}`)

// isVariable tells whether a text depends on values that only the deployment knows.
func isVariable(stack awscdk.Stack, text string) bool {
	resolved, err := json.Marshal(stack.Resolve(&text))
	if err != nil {
		return true
	}
	rest := strings.ReplaceAll(own.ReplaceAllString(string(resolved), ""), "Fn::Join", "")
	return strings.Contains(rest, `"Ref"`) || strings.Contains(rest, "Fn::")
}

// variables gives the resources of statements whose values the digest doesn't see.
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

func (f *function) lambda(props *ProviderProps, logs awslogs.LogGroup) awslambda.CfnFunction {
	architecture := props.Architecture
	if architecture == "" {
		architecture = ArchitectureARM64
	}
	code := newCode(f.construct, props.Zip, architecture)
	fn := awslambda.NewCfnFunction(f.construct, jsii.String("Function"), &awslambda.CfnFunctionProps{
		Description:   jsii.String("Provisions Amazon Personalize service roles for Custom::PersonalizeServiceRole"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: code.S3BucketName(), S3Key: code.S3ObjectKey()},
		Handler:       jsii.String(bundle.Bootstrap),
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings(string(architecture)),
		MemorySize:    jsii.Number(256),
		Timeout:       jsii.Number(300),
		Role:          f.role.AttrArn(),
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogFormat: jsii.String("JSON"), LogGroup: logs.LogGroupName()},
	})
	code.AddResourceMetadata(fn, jsii.String("Code"))
	return fn
}

// permissionsBoundary gives the ARN of the boundary; nil for none.
func (f *function) permissionsBoundary() *string {
	if f.boundary != nil {
		return f.boundary
	}
	for _, s := range f.served {
		for _, r := range s.roles {
			if b := r.props.PermissionsBoundary; b != nil {
				return b.ManagedPolicyArn()
			}
		}
	}
	return nil
}

func scopeOf(stack awscdk.Stack) permissions.Scope {
	return permissions.Scope{Partition: *stack.Partition(), Region: *stack.Region(), AccountID: *stack.Account()}
}

// needed gives the permissions that the roles of a stack need.
func (s *served) needed() []permissions.Statement {
	scope := scopeOf(s.stack)
	anyPath := false
	for _, r := range s.roles {
		addName(&scope.RoleNames, r.props.RoleName, permissions.DefaultRoleNames)
		addName(&scope.PolicyNames, r.props.S3PolicyName, permissions.DefaultPolicyNames)
		path := text(r.props.Path, properties.DefaultPath)
		anyPath = anyPath || hasToken(path)
		add(&scope.Paths, path)
		for _, b := range r.props.Buckets {
			if b.BucketPolicy == PolicyManagementNone {
				add(&scope.ReadBuckets, *b.Bucket.BucketArn())
			} else {
				add(&scope.Buckets, *b.Bucket.BucketArn())
			}
		}
		for _, arn := range r.keyARNs() {
			if r.props.KeyPolicy == PolicyManagementNone {
				add(&scope.ReadKeys, arn)
			} else {
				add(&scope.Keys, arn)
			}
		}
	}
	if anyPath {
		scope.Paths = nil
	}
	return append(permissions.OwnStatements(scope), permissions.DataStatements(scope)...)
}

// further gives the permissions that roles outside of the app need.
func (f *function) further(more *Further) []permissions.Statement {
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

// rendered gives statements in the policy language.
func rendered(statements []permissions.Statement) []any {
	var list []any
	for _, s := range statements {
		one := map[string]any{"Sid": s.Sid, "Effect": "Allow", "Action": s.Actions, "Resource": s.Resources}
		if s.Conditions != nil {
			one["Condition"] = s.Conditions
		}
		list = append(list, one)
	}
	return list
}

func document(statements []any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": statements}
}
