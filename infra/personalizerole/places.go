package personalizerole

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"personalize-role/lambda/properties"
)

// wrongPlaces returns the faults of buckets in another Region, of buckets whose name and ARN differ, and of keys that are aliases.
func (r *serviceRole) wrongPlaces() []string {
	var faults []string
	region := *r.Stack().Region()
	for n, b := range r.props.Buckets {
		name, of := fmt.Sprintf("Buckets[%d]", n), *b.Bucket.Node().Path()
		if home := *b.Bucket.Env().Region; !hasToken(home) && !hasToken(region) && home != region {
			faults = append(faults, fmt.Sprintf("%s %s is in %s, and Personalize can read only buckets in its own Region, %s", name, of, home,
				region))
		}
		arn, bucket := *b.Bucket.BucketArn(), *b.Bucket.BucketName()
		if _, named, ok := strings.Cut(arn, ":s3:::"); ok && !hasToken(arn) && !hasToken(bucket) && named != bucket {
			faults = append(faults, fmt.Sprintf("%s %s has the name %s and the ARN %s: correct one of them", name, of, bucket, arn))
		}
	}
	for _, arn := range r.keyARNs() {
		// What hides in a token shows once it is resolved.
		resolved, err := json.Marshal(r.Stack().Resolve(arn))
		if err == nil && strings.Contains(string(resolved), ":alias/") {
			faults = append(faults, "Keys must be keys, not aliases, which neither Personalize nor IAM policies take: use awskms.Key_FromLookup or "+
				"Key_FromKeyArn")
		}
	}
	return faults
}

// circles returns the faults of bucket policies that name the role, which waits for them: CloudFormation would refuse the stack.
func (r *serviceRole) circles() []string {
	id, err := json.Marshal(*r.Stack().GetLogicalId(r.resource))
	if err != nil {
		return []string{err.Error()}
	}
	var faults []string
	for _, s := range r.shared {
		if s.policies == 0 {
			continue
		}
		for _, policy := range policiesOf(s.bucket) {
			if awscdk.Stack_Of(policy) != r.Stack() {
				continue
			}
			document, err := json.Marshal(r.Stack().Resolve(policy.PolicyDocument()))
			if err == nil && strings.Contains(string(document), `:[`+string(id)+`,`) {
				faults = append(faults, fmt.Sprintf("the policy %s names the role, which waits for that policy: name it by a literal RoleName, or set "+
					"%s of the bucket to false and add the statements of RequiredBucketPolicyStatements", *policy.Node().Path(),
					properties.FieldManageBucketPolicy))
			}
		}
	}
	return faults
}
