// Command serial provisions the role as a Go function of the usual kind does: on cfn.LambdaWrap, one call after the other.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const fullAccess = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"

type object = map[string]any

var (
	roles   *iam.Client
	buckets *s3.Client
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	roles, buckets = iam.NewFromConfig(cfg), s3.NewFromConfig(cfg)
	lambda.Start(cfn.LambdaWrap(handle))
}

func handle(ctx context.Context, event cfn.Event) (string, map[string]any, error) {
	account := strings.Split(event.StackID, ":")[4]
	name := "PersonalizeRole-" + event.LogicalResourceID
	roleARN := "arn:aws:iam::" + account + ":role/" + name
	policyARN := "arn:aws:iam::" + account + ":policy/" + name
	var err error
	switch event.RequestType {
	case cfn.RequestCreate:
		err = create(ctx, name, policyARN, account, names(event.ResourceProperties))
	case cfn.RequestUpdate:
		err = update(ctx, name, policyARN, account, names(event.ResourceProperties), names(event.OldResourceProperties))
	case cfn.RequestDelete:
		err = remove(ctx, name, policyARN, names(event.ResourceProperties))
	}
	return roleARN, map[string]any{"RoleArn": roleARN}, err
}

func names(properties map[string]any) []string {
	var all []string
	list, _ := properties["Buckets"].([]any)
	for _, name := range list {
		all = append(all, fmt.Sprint(name))
	}
	return all
}

func create(ctx context.Context, name, policyARN, account string, data []string) error {
	if _, err := roles.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trust(account)}); err != nil {
		return err
	}
	if _, err := roles.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: access(data)}); err != nil {
		return err
	}
	for _, arn := range []string{fullAccess, policyARN} {
		if _, err := roles.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &arn}); err != nil {
			return err
		}
	}
	for _, bucket := range data {
		if err := merge(ctx, bucket, name, true); err != nil {
			return err
		}
	}
	return nil
}

func update(ctx context.Context, name, policyARN, account string, data, old []string) error {
	if _, err := roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &name,
		PolicyDocument: trust(account)}); err != nil {
		return err
	}
	versions, err := roles.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &policyARN})
	if err != nil {
		return err
	}
	if n := len(versions.Versions); n == 5 {
		if _, err := roles.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &policyARN,
			VersionId: versions.Versions[n-1].VersionId}); err != nil {
			return err
		}
	}
	if _, err := roles.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &policyARN, PolicyDocument: access(data),
		SetAsDefault: true}); err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, bucket := range data {
		wanted[bucket] = true
		if err := merge(ctx, bucket, name, true); err != nil {
			return err
		}
	}
	for _, bucket := range old {
		if !wanted[bucket] {
			if err := merge(ctx, bucket, name, false); err != nil {
				return err
			}
		}
	}
	return nil
}

func remove(ctx context.Context, name, policyARN string, data []string) error {
	for _, bucket := range data {
		if err := merge(ctx, bucket, name, false); err != nil {
			return err
		}
	}
	for _, arn := range []string{fullAccess, policyARN} {
		if _, err := roles.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &arn}); err != nil {
			return err
		}
	}
	versions, err := roles.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &policyARN})
	if err != nil {
		return err
	}
	for _, v := range versions.Versions {
		if !v.IsDefaultVersion {
			if _, err := roles.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &policyARN, VersionId: v.VersionId}); err != nil {
				return err
			}
		}
	}
	if _, err := roles.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &policyARN}); err != nil {
		return err
	}
	_, err = roles.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return err
}

// merge reads a bucket's policy, and writes it with the statement or without.
func merge(ctx context.Context, bucket, name string, with bool) error {
	document := struct {
		Version   string
		Statement []object
	}{Version: "2012-10-17"}
	found, err := buckets.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &bucket})
	switch {
	case err == nil:
		if err := json.Unmarshal([]byte(*found.Policy), &document); err != nil {
			return err
		}
	case !strings.Contains(err.Error(), "NoSuchBucketPolicy"):
		return err
	}
	sid := strings.ReplaceAll(name, "-", "")
	statements := []object{}
	for _, s := range document.Statement {
		if s["Sid"] != sid {
			statements = append(statements, s)
		}
	}
	if with {
		statements = append(statements, object{
			"Sid": sid, "Effect": "Allow", "Principal": object{"Service": "personalize.amazonaws.com"},
			"Action": []string{"s3:GetObject", "s3:ListBucket"}, "Resource": []string{"arn:aws:s3:::" + bucket, "arn:aws:s3:::" + bucket + "/*"},
		})
	}
	if len(statements) == 0 {
		_, err = buckets.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &bucket})
		return err
	}
	document.Statement = statements
	_, err = buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: encode(document)})
	return err
}

func trust(account string) *string {
	return encode(object{"Version": "2012-10-17", "Statement": []object{{
		"Effect": "Allow", "Principal": object{"Service": "personalize.amazonaws.com"}, "Action": "sts:AssumeRole",
		"Condition": object{"StringEquals": object{"aws:SourceAccount": account}},
	}}})
}

func access(data []string) *string {
	resources := []string{}
	for _, bucket := range data {
		resources = append(resources, "arn:aws:s3:::"+bucket, "arn:aws:s3:::"+bucket+"/*")
	}
	return encode(object{"Version": "2012-10-17", "Statement": []object{{
		"Effect": "Allow", "Action": []string{"s3:GetObject", "s3:ListBucket"}, "Resource": resources,
	}}})
}

func encode(v any) *string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return aws.String(string(text))
}
