package main

import (
	"context"
	_ "embed"
	"fmt"

	"personalize-role/infra/local"
)

// consumerTemplate is a stack of somebody else, which uses the role through its export.
//
//go:embed consumer.yaml
var consumerTemplate string

// story is what the demo tells.
type story struct {
	deployer *local.Deployer
	viewer   *local.Viewer
	template string
	role     string
}

// begin creates the role and a stack that uses it.
func (s *story) begin(ctx context.Context) (err error) {
	if err := s.deployer.CreateBucket(ctx, data); err != nil {
		return err
	}
	chapter("Building the function, uploading it, creating stack %s from template.yaml", stack)
	if s.template, err = s.deployer.Package(ctx); err != nil {
		return err
	}
	if err := s.deployer.Create(ctx, stack, s.template, parameters("arn:aws:s3:::"+data)); err != nil {
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
	p := parameters("arn:aws:s3:::" + data + "," + data + "-2")
	p["FullAccess"], p["CloudWatchAccess"] = "false", "CloudWatchFullAccessV2"
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
	chapter("What is left in IAM")
	return s.viewer.Nothing(ctx)
}

func parameters(buckets string) local.Parameters {
	return local.Parameters{"BucketNames": buckets, "SettleSeconds": "1"}
}
