package main

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
)

// consumerTemplate is a stack of another team, which uses the role through its export.
//
//go:embed consumer.yaml
var consumerTemplate string

// theirPolicy is the policy that the data bucket has before: nothing without TLS, and an auditor who may list it.
const theirPolicy = `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*",` +
	`"Resource":["arn:aws:s3:::` + data + `","arn:aws:s3:::` + data + `/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"},` +
	`"NotIpAddress":{"aws:SourceIp":"127.0.0.0/8"}}},{"Sid":"Audit","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},` +
	`"Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + data + `"}]}`

// story is what the demo tells.
type story struct {
	deployer *emulator.Deployer
	viewer   *emulator.Viewer
	template string
	role     string
}

// begin creates the role and a stack that uses it.
func (s *story) begin(ctx context.Context) (err error) {
	for _, name := range []string{data, data + "-2"} {
		if err := s.deployer.CreateBucket(ctx, name); err != nil {
			return err
		}
	}
	if _, err := s.deployer.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(data),
		Policy: aws.String(theirPolicy)}); err != nil {
		return err
	}
	if err := s.viewer.Bucket(ctx, data); err != nil {
		return err
	}
	chapter("Building the function, uploading it, creating stack %s from template.yaml", stack)
	if s.template, err = s.deployer.Package(ctx); err != nil {
		return err
	}
	if err := s.deployer.Create(ctx, stack, s.template, parameters(data)); err != nil {
		return err
	}
	chapter("Outputs of the stack")
	outputs, err := s.deployer.Outputs(ctx, stack)
	if err != nil {
		return err
	}
	for _, name := range []string{"RoleArn", "RoleName", "ServiceToken"} {
		fmt.Printf("%-13s %s\n", name, outputs[name])
	}
	s.role = outputs["RoleName"]
	chapter("The role as IAM returns it")
	if err := s.viewer.Role(ctx, s.role); err != nil {
		return err
	}
	chapter("The bucket's policy: what others put there stands, and the statement for Personalize beside it")
	if err := s.viewer.Bucket(ctx, data); err != nil {
		return err
	}
	chapter("A second stack imports %s-RoleArn", stack)
	if err := s.deployer.Create(ctx, consumer, consumerTemplate, nil); err != nil {
		return err
	}
	imported, err := s.deployer.Outputs(ctx, consumer)
	if err != nil {
		return err
	}
	fmt.Printf("imported      %s\n", imported["Imported"])
	return nil
}

// end changes the role, deletes everything and shows that nothing is left.
func (s *story) end(ctx context.Context) error {
	chapter("Updating in place: a second bucket, no full access, CloudWatch access")
	p := parameters(data + "," + data + "-2")
	p["PersonalizeAccess"], p["CloudWatchAccess"] = "None", "CloudWatchFullAccessV2"
	if err := s.deployer.Update(ctx, stack, s.template, p); err != nil {
		return err
	}
	if err := s.viewer.Role(ctx, s.role); err != nil {
		return err
	}
	chapter("Deleting both stacks")
	for _, name := range []string{consumer, stack} {
		if err := s.deployer.Delete(ctx, name); err != nil {
			return err
		}
	}
	chapter("The bucket's policy after the deletion")
	if err := s.viewer.Bucket(ctx, data); err != nil {
		return err
	}
	policy, err := s.viewer.BucketPolicy(ctx, data)
	if err != nil {
		return err
	}
	if policy != theirPolicy {
		return fmt.Errorf("the policy of bucket %s isn't what it was: %s", data, theirPolicy)
	}
	fmt.Println("byte for byte what it was")
	chapter("What is left")
	return s.viewer.Nothing(ctx)
}

func parameters(buckets string) stacks.Parameters {
	return stacks.Parameters{"BucketNames": buckets, "PropagationDelaySeconds": "1"}
}
