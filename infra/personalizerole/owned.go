package personalizerole

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// shareOwned has CDK add the statement to the policy of a bucket that CDK makes: CloudFormation would refuse to create a policy
// beside one that the function made, and replaces the whole policy with every change of its own.
func (r *serviceRole) shareOwned(b *Bucket) {
	owned, ok := b.Bucket.(awss3.Bucket)
	if !ok || !isOn(b.ManageBucketPolicy) {
		return
	}
	if added := owned.AddToResourcePolicy(r.statement(*b)); !*added.StatementAdded {
		return
	}
	b.ManageBucketPolicy = jsii.Bool(false)
	b.RequireSourceConditions = nil
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
		uses = []string{properties.UseDatasetImport}
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
	if b.RequireSourceConditions != nil && *b.RequireSourceConditions {
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
