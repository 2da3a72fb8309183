package personalizerole

import (
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// sharing is how a bucket came to its statements, or is to come to them.
type sharing struct {
	bucket awss3.IBucket
	// policies is how many policies the app had for the bucket.
	policies int
}

// shareOwned adds the statements to the policy of a bucket that the app creates. The function can't add them: CloudFormation would refuse
// to create a policy if the function had made one, and it replaces the whole policy with each change of its own. For an imported bucket,
// CDK adds nothing: the function merges the statements, unless the app has a policy for the bucket.
func (r *serviceRole) shareOwned(b *Bucket) {
	if !isOn(b.ManageBucketPolicy) {
		return
	}
	for _, statement := range r.statements(*b) {
		policy, added := addToPolicy(b.Bucket, statement)
		if !added {
			r.shared = append(r.shared, sharing{b.Bucket, 0})
			return
		}
		if policy != nil {
			// The role is complete once Personalize may use its buckets.
			r.resource.Node().AddDependency(policy)
		}
	}
	r.shared = append(r.shared, sharing{b.Bucket, 1})
	b.ManageBucketPolicy = jsii.Bool(false)
	b.RequireSourceConditions = nil
}

// addToPolicy adds a statement to the policy that the app makes for a bucket, and returns that policy, if it can be depended upon.
func addToPolicy(bucket awss3.IBucket, statement map[string]any) (policy constructs.IDependable, added bool) {
	for _, own := range policiesOf(bucket) {
		switch document := own.PolicyDocument().(type) {
		case awsiam.PolicyDocument:
			document.AddStatements(awsiam.PolicyStatement_FromJson(statement))
			return own, true
		case map[string]any:
			own.SetPolicyDocument(withStatement(document, statement))
			return own, true
		}
		awscdk.Annotations_Of(own).AddError(jsii.String("The document of this policy is known at deployment only. Add the statement for " +
			"Amazon Personalize to it, and set ManageBucketPolicy of the bucket to false"))
		return own, true
	}
	result := bucket.AddToResourcePolicy(awsiam.PolicyStatement_FromJson(statement))
	return result.PolicyDependable, *result.StatementAdded
}

// withStatement returns a literal document with one more statement. Its own statements are left as they are.
func withStatement(document, statement map[string]any) map[string]any {
	document = maps.Clone(document)
	switch present := document["Statement"].(type) {
	case nil:
		document["Statement"] = []any{statement}
	case []any:
		document["Statement"] = append(present, statement)
	default:
		document["Statement"] = []any{present, statement}
	}
	return document
}

// policiesOf returns the policies that the app makes for a bucket.
func policiesOf(bucket awss3.IBucket) []awss3.CfnBucketPolicy {
	return about(bucket, bucketPolicies(bucket.Node().Root()))
}

// bucketPolicies returns the policies that an app makes for buckets.
func bucketPolicies(app constructs.IConstruct) []awss3.CfnBucketPolicy {
	var found []awss3.CfnBucketPolicy
	for _, node := range *app.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		if policy, ok := node.(awss3.CfnBucketPolicy); ok {
			found = append(found, policy)
		}
	}
	return found
}

// about returns those that are for one bucket.
func about(bucket awss3.IBucket, policies []awss3.CfnBucketPolicy) []awss3.CfnBucketPolicy {
	var found []awss3.CfnBucketPolicy
	stack := bucket.Stack()
	for _, policy := range policies {
		if reflect.DeepEqual(stack.Resolve(policy.Bucket()), stack.Resolve(bucket.BucketName())) {
			found = append(found, policy)
		}
	}
	return found
}

// doublePolicies are the faults of buckets that came to another policy in the app after they were given to the role.
func (r *serviceRole) doublePolicies() []string {
	var faults []string
	all := bucketPolicies(r.Node().Root())
	for _, s := range r.shared {
		policies := about(s.bucket, all)
		if len(policies) <= s.policies {
			continue
		}
		var paths []string
		for _, policy := range policies {
			paths = append(paths, *policy.Node().Path())
		}
		faults = append(faults, fmt.Sprintf("%s was given to the role before the app made a policy for it (%s): construct that before, or call "+
			"AddBucket afterwards, so that the statement for Amazon Personalize gets into it", *s.bucket.Node().Path(), strings.Join(paths, ", ")))
	}
	return faults
}

// statements are those that the function would merge; with a role of another account, also those that it would ask for.
func (r *serviceRole) statements(b Bucket) []map[string]any {
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
	var regions []string
	if isOn(r.props.SourceConditions) {
		if regions = texts(r.props.SourceRegions); len(regions) == 0 {
			regions = []string{*r.Stack().Region()}
		}
	}
	statements := permissions.BucketStatements(scopeOf(r.Stack()), []properties.Bucket{data}, regions)
	if r.isForeign(b.Bucket) {
		statements = append(statements, permissions.OfRole(statements, r.arn("root"), r.arn("role"+r.path()+text(r.props.RoleName, "")))...)
	}
	return statements
}

// isForeign reports whether another stack of the app makes the bucket in another account.
func (r *serviceRole) isForeign(bucket awss3.IBucket) bool {
	mine, others := *r.Stack().Account(), *bucket.Env().Account
	return !hasToken(mine) && !hasToken(others) && mine != others
}

// arn returns an ARN of IAM in the role's account.
func (r *serviceRole) arn(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", *r.Stack().Partition(), *r.Stack().Account(), resource)
}

func (r *serviceRole) path() string { return text(r.props.Path, properties.DefaultPath) }

// namelessRole returns a fault if the policy of a bucket in another account must name the role, and the role has no literal name.
func (r *serviceRole) namelessRole() []string {
	name := text(r.props.RoleName, "")
	if name != "" && !hasToken(name) && !hasToken(r.path()) {
		return nil
	}
	for _, s := range r.shared {
		if s.policies > 0 && r.isForeign(s.bucket) {
			return []string{fmt.Sprintf("RoleName must be a literal name, since %s is in another account and its policy names the role before "+
				"that exists", *s.bucket.Node().Path())}
		}
	}
	return nil
}
