package personalizerole

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
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
	// PermissionsBoundary bounds the role of the function. Default: the one of the roles that it provisions.
	PermissionsBoundary awsiam.IManagedPolicy
}

// function is a provider of this app.
type function struct {
	construct constructs.Construct
	stack     awscdk.Stack
	token     *string
	roles     []*serviceRole
	// policy has the permissions that depend on the roles.
	policy   awsiam.CfnManagedPolicy
	boundary *string
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
	role := f.role(logs)
	f.policy = f.permissionsOn(role)
	f.token = f.lambda(props, role, logs).AttrArn()
	return f
}

func (f *function) ServiceToken() *string { return f.token }

func (f *function) serve(r *serviceRole) {
	f.roles = append(f.roles, r)
	// As long as the resource exists, the function's permissions do. Across stacks this makes the stacks depend.
	r.resource.AddResourceDependency(f.policy, nil)
}

func (f *function) logGroup(props *ProviderProps) awslogs.LogGroup {
	retention := props.LogRetention
	if retention == "" {
		retention = awslogs.RetentionDays_ONE_MONTH
	}
	return awslogs.NewLogGroup(f.construct, jsii.String("LogGroup"), &awslogs.LogGroupProps{Retention: retention, RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
}

func (f *function) role(logs awslogs.LogGroup) awsiam.CfnRole {
	reads := append(permissions.ReadStatements(f.scope()), permissions.Statement{
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

// permissionsOn gives the policy with what depends on the roles. It is replaced, never changed: its description names its content,
// so that the old one goes only after the custom resources were updated. Until then the function may still take its statements
// out of buckets that were dropped, and delete roles that were renamed.
func (f *function) permissionsOn(role awsiam.CfnRole) awsiam.CfnManagedPolicy {
	statements := func() any { return rendered(f.needed()) }
	return awsiam.NewCfnManagedPolicy(f.construct, jsii.String("Permissions"), &awsiam.CfnManagedPolicyProps{
		Description: lazyText(func() *string {
			text, err := json.Marshal(f.stack.Resolve(statements()))
			if err != nil {
				panic(fmt.Sprintf("describe the permissions of %s: %v", *f.construct.Node().Path(), err))
			}
			return jsii.String(fmt.Sprintf("Roles, buckets and keys of the function; content %x", sha256.Sum256(text)))
		}),
		Roles:          &[]any{role.Ref()},
		PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": lazy(statements)},
	})
}

func (f *function) lambda(props *ProviderProps, role awsiam.CfnRole, logs awslogs.LogGroup) awslambda.CfnFunction {
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
		Role:          role.AttrArn(),
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
	for _, r := range f.roles {
		if b := r.props.PermissionsBoundary; b != nil {
			return b.ManagedPolicyArn()
		}
	}
	return nil
}

func (f *function) scope() permissions.Scope {
	return permissions.Scope{Partition: *f.stack.Partition(), Region: *f.stack.Region(), AccountID: *f.stack.Account()}
}

// needed gives the permissions that the roles need.
func (f *function) needed() []permissions.Statement {
	s := f.scope()
	for _, r := range f.roles {
		add(&s.RoleNames, text(r.props.RoleName, permissions.DefaultRoleNames))
		add(&s.PolicyNames, text(r.props.S3PolicyName, permissions.DefaultPolicyNames))
		add(&s.Paths, text(r.props.Path, properties.DefaultPath))
		for _, b := range r.props.Buckets {
			add(&s.Buckets, *b.Bucket.BucketArn())
			if key := b.keyARN(); key != "" {
				add(&s.Keys, key)
			}
		}
		for _, key := range r.props.Keys {
			add(&s.Keys, *key.KeyArn())
		}
	}
	if len(f.roles) == 0 {
		return permissions.DataStatements(s)
	}
	return append(permissions.OwnStatements(s), permissions.DataStatements(s)...)
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
