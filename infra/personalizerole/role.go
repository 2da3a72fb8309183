// Package personalizerole puts the service role of Amazon Personalize into CDK stacks: a construct that is an awsiam.IRole, over
// Custom::PersonalizeServiceRole and the function that provisions it.
package personalizerole

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// PersonalizeServiceRole is the role that Amazon Personalize assumes. It goes wherever CDK takes a role.
type PersonalizeServiceRole interface {
	awsiam.IRole
	// AddBucket adds a data bucket, new or imported, after construction; nil options mean the defaults.
	AddBucket(bucket awss3.IBucket, options *BucketOptions)
	// S3PolicyArn is the ARN of the managed policy for buckets and keys; empty at deployment if there is nothing to allow.
	S3PolicyArn() *string
	// RoleId is IAM's unique id of the role.
	RoleId() *string
	// Warnings are what would make Personalize fail later, a line each.
	Warnings() *string
	// RequiredBucketPolicies and RequiredKeyPolicies are the statements that others must add to policies which aren't managed
	// here, as JSON by bucket name and by key ARN.
	RequiredBucketPolicies() *string
	RequiredKeyPolicies() *string
	// Provider is the function that provisions the role.
	Provider() Provider
}

// serviceRole is a resource of CDK whose role members are answered here.
type serviceRole struct {
	awscdk.Resource
	resource *taggedResource
	provider Provider
	props    PersonalizeServiceRoleProps
	// policy has what CDK adds to the role, once it adds something.
	policy awsiam.Policy
}

// NewPersonalizeServiceRole adds a role to a scope; nil props mean the defaults. Wrong literal props fail at synthesis, with
// the construct's path; tokens are checked by the function.
func NewPersonalizeServiceRole(scope constructs.Construct, id string, props *PersonalizeServiceRoleProps) PersonalizeServiceRole {
	r := &serviceRole{}
	if props != nil {
		r.props = *props
	}
	buckets := r.props.Buckets
	r.props.Buckets = nil
	r.provider = r.props.Provider
	if r.provider == nil {
		r.provider = providerOf(awscdk.Stack_Of(scope))
	}
	awscdk.NewResource_Override(r, scope, &id, nil)
	r.resource = newTaggedResource(r, "Resource", r.provider.ServiceToken(), r.properties)
	r.resource.ApplyRemovalPolicy(removalPolicy(r.props.RemovalPolicy), nil)
	r.provider.serve(r)
	for _, b := range buckets {
		r.AddBucket(b.Bucket, &b.BucketOptions)
	}
	r.Node().AddValidation(&validation{r})
	return r
}

func removalPolicy(p awscdk.RemovalPolicy) awscdk.RemovalPolicy {
	if p == "" {
		return awscdk.RemovalPolicy_DESTROY
	}
	return p
}

func (r *serviceRole) AddBucket(bucket awss3.IBucket, options *BucketOptions) {
	if options == nil {
		options = &BucketOptions{}
	}
	b := Bucket{Bucket: bucket, BucketOptions: *options}
	r.shareOwned(&b)
	r.props.Buckets = append(r.props.Buckets, b)
}

// shareOwned has CDK add the statement to the policy of a bucket that CDK makes: CloudFormation would refuse to create a policy
// beside one that the function made, and replaces the whole policy with every change of its own.
func (r *serviceRole) shareOwned(b *Bucket) {
	owned, ok := b.Bucket.(awss3.Bucket)
	if !ok || b.BucketPolicy == PolicyManagementNone {
		return
	}
	if added := owned.AddToResourcePolicy(r.statement(*b)); !*added.StatementAdded {
		return
	}
	b.BucketPolicy = PolicyManagementNone
	b.PolicyConditions = nil
	// The role is complete once Personalize may use its buckets.
	r.resource.Node().AddDependency(owned.Policy())
}

// statement is the one that the function would merge.
func (r *serviceRole) statement(b Bucket) awsiam.PolicyStatement {
	var uses []string
	for _, use := range b.Uses {
		uses = append(uses, string(use))
	}
	if len(uses) == 0 {
		uses = []string{properties.UseImport}
	}
	actions := properties.S3Actions(uses)
	var resources []*string
	if slices.Contains(actions, properties.ActionList) {
		resources = append(resources, b.Bucket.BucketArn())
	}
	prefixes := jsii.Strings("")
	if b.Prefixes != nil && len(*b.Prefixes) > 0 {
		prefixes = b.Prefixes
	}
	for _, prefix := range *prefixes {
		resources = append(resources, b.Bucket.ArnForObjects(jsii.String(*prefix+"*")))
	}
	props := &awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("personalize.amazonaws.com"), nil)},
		Actions:    jsii.Strings(actions...), Resources: &resources,
	}
	if b.PolicyConditions != nil && *b.PolicyConditions {
		stack := r.Stack()
		regions := jsii.Strings(*stack.Region())
		if r.props.SourceRegions != nil {
			regions = r.props.SourceRegions
		}
		var arns []*string
		for _, region := range *regions {
			arns = append(arns, jsii.String("arn:"+*stack.Partition()+":personalize:"+*region+":"+*stack.Account()+":*"))
		}
		props.Conditions = &map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": *stack.Account()}, "StringLike": map[string]any{"aws:SourceArn": arns},
		}
	}
	return awsiam.NewPolicyStatement(props)
}

// keyARNs gives the ARNs of all keys of the role.
func (r *serviceRole) keyARNs() []string {
	var arns []string
	for _, key := range r.props.Keys {
		arns = append(arns, *key.KeyArn())
	}
	for _, b := range r.props.Buckets {
		if arn := b.keyARN(); arn != "" {
			arns = append(arns, arn)
		}
	}
	return arns
}

// properties gives the properties of the custom resource, ServiceToken and tags aside.
func (r *serviceRole) properties() map[string]any {
	p := r.props
	all := map[string]any{}
	set(all, properties.NameRoleName, p.RoleName)
	set(all, properties.NamePath, p.Path)
	set(all, properties.NameDescription, p.Description)
	set(all, properties.NameS3PolicyName, p.S3PolicyName)
	set(all, properties.NameFullAccess, p.FullAccess)
	set(all, properties.NameSourceConditions, p.SourceConditions)
	set(all, properties.NameSourceRegions, p.SourceRegions)
	set(all, properties.NameAdopt, p.Adopt)
	set(all, properties.NameForceDetach, p.ForceDetach)
	if p.MaxSessionDuration != nil {
		all[properties.NameMaxSessionDuration] = seconds(p.MaxSessionDuration)
	}
	if p.SettleTime != nil {
		all[properties.NameSettleSeconds] = seconds(p.SettleTime)
	}
	if p.PermissionsBoundary != nil {
		all[properties.NamePermissionsBoundary] = *p.PermissionsBoundary.ManagedPolicyArn()
	}
	if p.CloudWatchAccess != "" {
		all[properties.NameCloudWatchAccess] = string(p.CloudWatchAccess)
	}
	if p.KeyPolicy != "" {
		all[properties.NameKeyPolicy] = string(p.KeyPolicy)
	}
	if len(p.Buckets) > 0 {
		var list []any
		for _, b := range p.Buckets {
			list = append(list, b.properties())
		}
		all[properties.NameBuckets] = list
	}
	if len(p.Keys) > 0 {
		var list []any
		for _, key := range p.Keys {
			list = append(list, *key.KeyArn())
		}
		all[properties.NameKmsKeyArns] = list
	}
	return all
}

func (b Bucket) properties() map[string]any {
	all := map[string]any{properties.FieldName: *b.Bucket.BucketName()}
	set(all, properties.FieldPrefixes, b.Prefixes)
	set(all, properties.FieldPolicyConditions, b.PolicyConditions)
	if len(b.Uses) > 0 {
		var uses []any
		for _, use := range b.Uses {
			uses = append(uses, string(use))
		}
		all[properties.FieldUses] = uses
	}
	if b.BucketPolicy != "" {
		all[properties.FieldBucketPolicy] = string(b.BucketPolicy)
	}
	if arn := b.keyARN(); arn != "" {
		all[properties.FieldKmsKeyArn] = arn
	}
	return all
}

// keyARN is the ARN of the key that the bucket's objects are encrypted with; empty if none is known.
func (b Bucket) keyARN() string {
	switch key := b.Bucket.EncryptionKey(); {
	case b.EncryptionKey != nil:
		return *b.EncryptionKey.KeyArn()
	case key != nil:
		return *key.KeyArn()
	}
	return ""
}

// set adds what a pointer points to, unless it is nil.
func set[T any](all map[string]any, name string, value *T) {
	if value != nil {
		all[name] = *value
	}
}

// seconds gives a whole number where the duration is no token.
func seconds(d awscdk.Duration) any {
	if *d.IsUnresolved() {
		return d.ToSeconds(nil)
	}
	return int(*d.ToSeconds(nil))
}
