package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"personalize-role/lambda/properties"
)

// PersonalizeServiceRole is the role that Amazon Personalize assumes. It can be used wherever CDK expects a role.
type PersonalizeServiceRole interface {
	awsiam.IRole
	// AddBucket adds a data bucket, new or imported, after construction; nil options mean the defaults.
	AddBucket(bucket awss3.IBucket, options *BucketOptions)
	// PolicyArn is the ARN of the managed policy for buckets and keys; empty at deployment if there is nothing to allow.
	PolicyArn() *string
	// RoleId is IAM's unique id of the role.
	RoleId() *string
	// Warnings are what would make Personalize fail later, a line each.
	Warnings() *string
	// FindingCount is the number of findings among the warnings.
	FindingCount() *string
	// RequiredBucketPolicyStatements and RequiredKeyPolicyStatements are the statements that the owners of buckets and keys must add to
	// policies that the function doesn't change, as JSON by bucket name and by key ARN.
	RequiredBucketPolicyStatements() *string
	RequiredKeyPolicyStatements() *string
	// GrantOperate lets a principal operate Personalize, and pass this role and no other role to it. NewOperatorPolicy makes a managed policy
	// of these permissions, or of those of the next two methods.
	GrantOperate(grantee awsiam.IGrantable) awsiam.Grant
	// GrantReadOnly lets a principal view the resources of Personalize, but not get recommendations.
	GrantReadOnly(grantee awsiam.IGrantable) awsiam.Grant
	// GrantMonitor is GrantReadOnly, and also lets a principal view CloudWatch metrics and alarms.
	GrantMonitor(grantee awsiam.IGrantable) awsiam.Grant
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
	// shared are the buckets whose policies are not left to others.
	shared []sharing
}

// NewPersonalizeServiceRole adds a role to a scope; nil props mean the defaults. Invalid literal props fail at synthesis, with the
// construct's path. The function checks tokens at deployment.
func NewPersonalizeServiceRole(scope constructs.Construct, id *string, props *PersonalizeServiceRoleProps) PersonalizeServiceRole {
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
	awscdk.NewResource_Override(r, scope, id, nil)
	checkProps(r)
	r.resource = newTaggedResource(r, "Resource", r.provider.ServiceToken(), r.properties)
	r.resource.ApplyRemovalPolicy(r.removalPolicy(), nil)
	r.provider.serve(r)
	if check := r.props.DriftCheck; check != nil {
		r.checkDrift(*check)
	}
	for _, b := range buckets {
		r.addBucket(b)
	}
	r.Node().AddValidation(&validation{r})
	return r
}

func (r *serviceRole) removalPolicy() awscdk.RemovalPolicy {
	switch p := r.props.RemovalPolicy; p {
	case "":
		return awscdk.RemovalPolicy_DESTROY
	case awscdk.RemovalPolicy_DESTROY, awscdk.RemovalPolicy_RETAIN, awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE:
		return p
	default:
		refuse(r, "RemovalPolicy is %q, and must be %s, %s or %s", p, awscdk.RemovalPolicy_DESTROY, awscdk.RemovalPolicy_RETAIN,
			awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE)
		return ""
	}
}

func (r *serviceRole) AddBucket(bucket awss3.IBucket, options *BucketOptions) {
	if options == nil {
		options = &BucketOptions{}
	}
	r.addBucket(Bucket{Bucket: bucket}.with(*options))
}

func (r *serviceRole) addBucket(b Bucket) {
	checkBucket(r, len(r.props.Buckets), b)
	r.shareOwned(&b)
	r.props.Buckets = append(r.props.Buckets, b)
	r.provider.widen(r)
}

// keyARNs returns the ARNs of all keys of the role.
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

// properties returns the properties of the custom resource, ServiceToken and tags aside.
func (r *serviceRole) properties() map[string]any {
	p := r.props
	all := map[string]any{}
	set(all, properties.NameRoleName, p.RoleName)
	set(all, properties.NamePath, p.Path)
	set(all, properties.NameDescription, p.Description)
	set(all, properties.NamePolicyName, p.PolicyName)
	set(all, properties.NameManageKeyPolicies, p.ManageKeyPolicies)
	set(all, properties.NameSourceConditions, p.SourceConditions)
	set(all, properties.NameSourceRegions, p.SourceRegions)
	set(all, properties.NameAdoptExistingRole, p.AdoptExistingRole)
	set(all, properties.NameForceDetachPolicies, p.ForceDetachPolicies)
	set(all, properties.NameStackTags, p.StackTags)
	if p.Findings != "" {
		all[properties.NameFindings] = string(p.Findings)
	}
	set(all, properties.NameOrganizationID, p.OrganizationId)
	if check := p.DriftCheck; check != nil {
		set(all, properties.NameDriftCheckSchedule, check.Schedule.ExpressionString())
		set(all, properties.NameRepairDrift, check.Repair)
	}
	set(all, properties.NameRevision, p.Revision)
	if p.MaxSessionDuration != nil {
		all[properties.NameMaxSessionDuration] = seconds(p.MaxSessionDuration)
	}
	if p.PropagationDelay != nil {
		all[properties.NamePropagationDelaySeconds] = seconds(p.PropagationDelay)
	}
	if p.PermissionsBoundary != nil {
		all[properties.NamePermissionsBoundary] = *p.PermissionsBoundary.ManagedPolicyArn()
	} else {
		set(all, properties.NamePermissionsBoundary, r.provider.requiredBoundary())
	}
	if p.PersonalizeAccess != "" {
		all[properties.NamePersonalizeAccess] = string(p.PersonalizeAccess)
	}
	if p.CloudWatchAccess != "" {
		all[properties.NameCloudWatchAccess] = string(p.CloudWatchAccess)
	}
	if len(p.Uses) > 0 {
		all[properties.NameUses] = useList(p.Uses)
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
	set(all, properties.FieldManageBucketPolicy, b.ManageBucketPolicy)
	set(all, properties.FieldRequireSourceConditions, b.RequireSourceConditions)
	if len(b.Uses) > 0 {
		all[properties.FieldUses] = useList(b.Uses)
	}
	if arn := b.keyARN(); arn != "" {
		all[properties.FieldKmsKeyArn] = arn
	}
	return all
}

func useList(uses []Use) []any {
	var list []any
	for _, use := range uses {
		list = append(list, string(use))
	}
	return list
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

// seconds returns a number where the duration is no token. The function refuses parts of a second.
func seconds(d awscdk.Duration) any {
	if *d.IsUnresolved() {
		return d.ToSeconds(nil)
	}
	return *d.ToMilliseconds(nil) / 1000
}
