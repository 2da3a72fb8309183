package personalizerole

import (
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
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
	// LogGroupName is the name of the function's log group; nil for a provider that is deployed already.
	LogGroupName() *string

	// requiredBoundary is the ARN of the boundary that every role must have; nil if none has to, or if that isn't known.
	requiredBoundary() *string
	// serve widens the function's permissions to what a role needs.
	serve(*serviceRole)
	// widen does so for a bucket that was added since.
	widen(*serviceRole)
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
	// LogEncryptionKey encrypts the logs; its policy must allow CloudWatch Logs to use it. See
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
	// Default: a key of AWS.
	LogEncryptionKey awskms.IKey
	// AlarmTopic is notified when the function fails, and when Lambda drops an event that CloudFormation waits for. Default: no alarms.
	AlarmTopic awssns.ITopic
	// RequiredBoundary is the boundary of every role that the function provisions, for other apps too: the function has no permissions for
	// other roles. It never bounds the function's own role. See docs/permissions.md for one that allows what Personalize needs. Default: none.
	RequiredBoundary awsiam.IManagedPolicy
	// PermissionsBoundary bounds the role of the function, which needs IAM, CloudFormation, CloudWatch Logs, S3 and KMS. Default: the boundary
	// of the roles that it provisions, unless RequiredBoundary is set.
	PermissionsBoundary awsiam.IManagedPolicy
	// RolePath is the IAM path of the function's role; it starts and ends with /. Default: /
	RolePath *string
	// AdditionalGrants are for roles outside of this app, which take the function by its ServiceToken. Default: none.
	AdditionalGrants *AdditionalGrants
}

// AdditionalGrants are the names, buckets and keys that roles outside of this app may have. Derived names are always included.
type AdditionalGrants struct {
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
	logGroup  awslogs.LogGroup
	role      awsiam.CfnRole
	// boundary is that of the function's role, and required that of all roles that it provisions.
	boundary, required *string
	// served are the roles by their stack, each stack with the permissions that they need.
	served []*served
	// policies is the number of managed policies of the function's role.
	policies int
}

// deployed is a provider that exists already.
type deployed struct{ token *string }

func (d *deployed) ServiceToken() *string { return d.token }

func (d *deployed) LogGroupName() *string { return nil }

func (d *deployed) requiredBoundary() *string { return nil }

func (d *deployed) serve(*serviceRole) {}

func (d *deployed) widen(*serviceRole) {}

// Provider_FromServiceToken returns a provider that is already deployed, by the ARN of its function. The function must have the permissions
// that the roles need: template.yaml has parameters for them.
func Provider_FromServiceToken(serviceToken *string) Provider {
	if serviceToken == nil {
		panic("Provider_FromServiceToken: serviceToken is missing")
	}
	return &deployed{serviceToken}
}

const providerID = "PersonalizeServiceRoleProvider"

// shared has the providers that the roles of a stack share: a construct that CDK gives back has lost its Go type.
var shared sync.Map

// providerOf returns the provider that all roles of a stack share.
func providerOf(stack awscdk.Stack) Provider {
	if known, ok := shared.Load(stack); ok {
		return known.(Provider)
	}
	p := NewProvider(stack, jsii.String(providerID), nil)
	shared.Store(stack, p)
	return p
}

// NewProvider adds a provider to a scope. Roles of several stacks can share it; nil props mean the defaults. Its permissions are those that
// the roles of this app need.
func NewProvider(scope constructs.Construct, id *string, props *ProviderProps) Provider {
	if props == nil {
		props = &ProviderProps{}
	}
	f := &function{construct: constructs.NewConstruct(scope, id), stack: awscdk.Stack_Of(scope)}
	if props.PermissionsBoundary != nil {
		f.boundary = props.PermissionsBoundary.ManagedPolicyArn()
	}
	if props.RequiredBoundary != nil {
		f.required = props.RequiredBoundary.ManagedPolicyArn()
	}
	f.construct.Node().AddValidation(f)
	f.logGroup = f.newLogGroup(props)
	f.role = f.newRole(props.RolePath)
	fn := f.lambda(props)
	f.token = fn.AttrArn()
	if props.AlarmTopic != nil {
		f.alarms(fn, props.AlarmTopic)
	}
	if more := props.AdditionalGrants; more != nil {
		for name, list := range map[string]*[]*string{
			"RoleNames": more.RoleNames, "PolicyNames": more.PolicyNames, "BucketArns": more.BucketArns, "KeyArns": more.KeyArns,
		} {
			checkList(f.construct, "AdditionalGrants."+name, list)
		}
		f.permit(f.construct, "AdditionalPermissions", func() []permissions.Statement { return f.additional(props.AdditionalGrants) }).vary()
	}
	return f
}

func (f *function) ServiceToken() *string { return f.token }

func (f *function) LogGroupName() *string { return f.logGroup.LogGroupName() }

func (f *function) requiredBoundary() *string { return f.required }

func (f *function) newLogGroup(props *ProviderProps) awslogs.LogGroup {
	retention := props.LogRetention
	if retention == "" {
		retention = awslogs.RetentionDays_ONE_MONTH
	}
	return awslogs.NewLogGroup(f.construct, jsii.String("LogGroup"),
		&awslogs.LogGroupProps{Retention: retention, RemovalPolicy: awscdk.RemovalPolicy_DESTROY, EncryptionKey: props.LogEncryptionKey})
}

func (f *function) newRole(path *string) awsiam.CfnRole {
	reads := append(permissions.ReadStatements(scopeOf(f.stack)), permissions.GuardStatement(),
		permissions.LogStatement(*f.logGroup.LogGroupArn()))
	role := awsiam.NewCfnRole(f.construct, jsii.String("Role"), &awsiam.CfnRoleProps{
		Path:        path,
		Description: jsii.String("Role of the function that provisions the Amazon Personalize service role"),
		AssumeRolePolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": map[string]any{"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
		}}},
		PermissionsBoundary: lazyText(f.permissionsBoundary),
		Policies:            []*awsiam.CfnRole_PolicyProperty{{PolicyName: jsii.String("Provision"), PolicyDocument: permissions.Decoded(reads)}},
	})
	suppress(role, "The function reads roles and policies of any name, since what a name stands for must be told apart before it is touched; "+
		"and it describes its own stack, and the keys that buckets encrypt with", ofIAM, ofStacks, ofKeys)
	return role
}

func (f *function) lambda(props *ProviderProps) awslambda.CfnFunction {
	architecture := props.Architecture
	if architecture == "" {
		architecture = ArchitectureARM64
	}
	code := newCode(f.construct, props.Zip, architecture)
	var environment any
	if f.required != nil {
		environment = &awslambda.CfnFunction_EnvironmentProperty{Variables: map[string]any{properties.RequiredBoundaryVariable: f.required}}
	}
	fn := awslambda.NewCfnFunction(f.construct, jsii.String("Function"), &awslambda.CfnFunctionProps{
		Description:   jsii.String("Provisions Amazon Personalize service roles for Custom::PersonalizeServiceRole"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: code.S3BucketName(), S3Key: code.S3ObjectKey()},
		Handler:       jsii.String(bundle.Bootstrap),
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings(string(architecture)),
		MemorySize:    jsii.Number(256),
		Timeout:       jsii.Number(300),
		Role:          f.role.AttrArn(),
		Environment:   environment,
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{LogFormat: jsii.String("JSON"), LogGroup: f.logGroup.LogGroupName()},
	})
	code.AddResourceMetadata(fn, jsii.String("Code"))
	return fn
}

// permissionsBoundary returns the ARN of the boundary; nil for none.
func (f *function) permissionsBoundary() *string {
	if f.boundary != nil || f.required != nil {
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
