package personalizerole

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// shareOwned has CDK add the statements to the policy of a bucket that the app makes, whichever way: CloudFormation would refuse to create
// a policy beside one that the function made, and replaces the whole policy with every change of its own. CDK says of a bucket that is
// imported that it added nothing.
func (r *serviceRole) shareOwned(b *Bucket) {
	if !isOn(b.ManageBucketPolicy) {
		return
	}
	for _, statement := range r.statements(*b) {
		added := b.Bucket.AddToResourcePolicy(statement)
		if !*added.StatementAdded {
			return
		}
		if added.PolicyDependable != nil {
			// The role is complete once Personalize may use its buckets.
			r.resource.Node().AddDependency(added.PolicyDependable)
		}
	}
	b.ManageBucketPolicy = jsii.Bool(false)
	b.RequireSourceConditions = nil
}

// statements are those that the function would merge.
func (r *serviceRole) statements(b Bucket) []awsiam.PolicyStatement {
	data := properties.Bucket{
		Name: *b.Bucket.BucketName(), Prefixes: texts(b.Prefixes),
		RequireSourceConditions: b.RequireSourceConditions != nil && *b.RequireSourceConditions,
	}
	for _, use := range b.Uses {
		data.Uses = append(data.Uses, string(use))
	}
	if len(data.Uses) == 0 {
		for _, use := range r.props.Uses {
			data.Uses = append(data.Uses, string(use))
		}
	}
	if len(data.Uses) == 0 {
		data.Uses = []string{properties.UseDatasetImport}
	}
	regions := texts(r.props.SourceRegions)
	if isOn(r.props.SourceConditions) && len(regions) == 0 {
		regions = []string{*r.Stack().Region()}
	}
	var statements []awsiam.PolicyStatement
	for _, statement := range permissions.BucketStatements(scopeOf(r.Stack()), []properties.Bucket{data}, regions) {
		statements = append(statements, awsiam.PolicyStatement_FromJson(statement))
	}
	return statements
}
