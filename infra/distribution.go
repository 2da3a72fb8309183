package main

import (
	"regexp"

	"personalize-role/infra/parameters"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// readersPublic lets everybody read the releases.
const readersPublic = "public"

var organisationID = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)

// buildDistribution adds the stack with one Region's bucket of releases, which make publish uploads to. Deploy it to every
// Region. The error names wrong settings.
func buildDistribution(s *settings) error {
	name, readers := s.textOr("distributionBucket", ""), s.textOr("readers", "")
	if !parameters.IsReleaseBucket(name) {
		s.fault("distributionBucket", name, "the start of the buckets' names, as make publish takes it: at most 40 lower-case letters, digits "+
			"and hyphens")
	}
	if readers != readersPublic && !organisationID.MatchString(readers) {
		s.fault("readers", readers, "public, or the id of an organisation, such as o-a1b2c3d4e5")
	}
	stackName := s.stackName("personalize-role-distribution")
	if err := s.err(); err != nil {
		return err
	}
	stack := awscdk.NewStack(s.app, &stackName, &awscdk.StackProps{
		Description: jsii.String("Bucket of the releases of personalize-role for one Region"), Env: environment(),
	})
	public := readers == readersPublic
	access := awss3.BlockPublicAccess_BLOCK_ALL()
	if public {
		// Access lists stay blocked: it is the bucket's policy that opens it.
		access = awss3.BlockPublicAccess_BLOCK_ACLS_ONLY()
	}
	// S3 may write the logs by the bucket's policy, not by an access list.
	stack.Node().SetContext(jsii.String("@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy"), true)
	logs := awss3.NewBucket(stack, jsii.String("Logs"), &awss3.BucketProps{
		EnforceSSL: jsii.Bool(true), Encryption: awss3.BucketEncryption_S3_MANAGED, BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED, RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
		LifecycleRules: &[]*awss3.LifecycleRule{{Expiration: awscdk.Duration_Days(jsii.Number(365))}},
	})
	bucket := awss3.NewBucket(stack, jsii.String("Releases"), &awss3.BucketProps{
		ServerAccessLogsBucket: logs,
		BucketName:             jsii.String(name + "-" + *stack.Region()), Versioned: jsii.Bool(true), EnforceSSL: jsii.Bool(true),
		Encryption: awss3.BucketEncryption_S3_MANAGED, BlockPublicAccess: access, ObjectOwnership: awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		// Stacks of others refer to what is in it.
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
	statement := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("ReadReleases"), Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Actions: jsii.Strings("s3:GetObject"),
		Resources: &[]*string{bucket.ArnForObjects(jsii.String("personalize-role/*"))},
	})
	if !public {
		statement.AddCondition(jsii.String("StringEquals"), map[string]any{"aws:PrincipalOrgID": readers})
	}
	bucket.AddToResourcePolicy(statement)
	for _, guard := range guards(bucket) {
		bucket.AddToResourcePolicy(guard)
	}
	awscdk.NewCfnOutput(stack, jsii.String("BucketName"), &awscdk.CfnOutputProps{Description: jsii.String("Name of the bucket of releases"),
		Value: bucket.BucketName()})
	checkDistribution(s.app, bucket, logs, public)
	return nil
}

// guards are the statements that deny every principal to delete a release, and to upload without a condition, which could replace one. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
func guards(bucket awss3.Bucket) []awsiam.PolicyStatement {
	deny := func(sid string, conditions map[string]any, actions ...string) awsiam.PolicyStatement {
		return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: &sid, Effect: awsiam.Effect_DENY, Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()}, Actions: jsii.Strings(actions...),
			Resources: &[]*string{bucket.ArnForObjects(jsii.String("personalize-role/*"))}, Conditions: &conditions,
		})
	}
	return []awsiam.PolicyStatement{
		deny("KeepReleases", nil, "s3:DeleteObject", "s3:DeleteObjectVersion"),
		deny("UploadOnce", map[string]any{
			"Null": map[string]any{"s3:if-none-match": "true"}, "Bool": map[string]any{"s3:ObjectCreationOperation": "true"},
		}, "s3:PutObject"),
	}
}

// checkDistribution has cdk-nag check the stack. What it would find and is meant is listed here, with the reason.
func checkDistribution(app awscdk.App, bucket, logs awss3.Bucket, public bool) {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	cdknag.NagSuppressions_AddResourceSuppressions(logs, &[]*cdknag.NagPackSuppression{{
		Id: jsii.String("AwsSolutions-S1"), Reason: jsii.String("This bucket has the access logs of the other one; logging it would log " +
			"its own logs"),
	}}, nil)
	if public {
		cdknag.NagSuppressions_AddResourceSuppressions(bucket, &[]*cdknag.NagPackSuppression{{Id: jsii.String("AwsSolutions-S2"),
			Reason: jsii.String("The releases are for everybody to read, by the policy of the bucket alone; access lists stay blocked")}},
			jsii.Bool(true))
	}
}
