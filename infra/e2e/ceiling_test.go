//go:build emulator

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"personalize-role/infra/deployer"
	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
	"personalize-role/lambda/permissions"
)

// actAs returns what calls AWS as a role, as whoever can assume it does.
func (a *account) actAs(t *testing.T, role string) aws.Config {
	t.Helper()
	arn := "arn:aws:iam::" + a.id + ":role/" + role
	out, err := sts.NewFromConfig(a.config).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String(arn), RoleSessionName: aws.String("attack")})
	check(t, err)
	cfg := a.config.Copy()
	c := out.Credentials
	cfg.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey),
		aws.ToString(c.SessionToken))
	return cfg
}

func pathStyle(o *s3.Options) { o.UsePathStyle = true }

// ceiling deploys docs/policies/boundary.yaml, as an administrator, and returns the ARN of its policy.
func (a *account) ceiling(t *testing.T, bucket string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policies/boundary.yaml")
	check(t, err)
	check(t, a.deployer.Create(t.Context(), "boundary", string(text), stacks.Parameters{"BucketNames": bucket}))
	outputs, err := a.deployer.Outputs(t.Context(), "boundary")
	check(t, err)
	return outputs["PolicyArn"]
}

// A person who deploys below boundaries, also when acting as the function, gets no more than Personalize may do with the named buckets.
// Each way is one of the published lists of IAM privilege escalations that the permissions touch.
func TestNoEscalationBelowTheCeiling(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "100000000052")
	ctx, a := t.Context(), p.account
	ceiling, key := a.ceiling(t, p.bucket), a.key(t)
	function := append(permissions.Statements(permissions.Scope{
		Partition: "aws", Region: emulator.Region, AccountID: a.id, RoleNames: []string{permissions.DefaultRoleNames},
		PolicyNames: []string{permissions.DefaultPolicyNames}, Buckets: []string{"arn:aws:s3:::" + p.bucket}, Keys: []string{key},
		RequiredBoundary: ceiling,
	}), permissions.LogStatement(fmt.Sprintf("arn:aws:logs:%s:%s:log-group:*", emulator.Region, a.id)))
	created, err := a.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("PersonalizeRoleFunction"), PolicyDocument: aws.String(permissions.Document(function)),
	})
	check(t, err)
	p.scope.Boundary = aws.ToString(created.Policy.Arn)
	p.allow(t, deployer.Statements(p.scope))
	parameters := stacks.Parameters{"BucketNames": p.bucket, "KmsKeyArns": key, "PropagationDelaySeconds": "0", "RequiredBoundary": ceiling,
		"FunctionPermissionsBoundary": p.scope.Boundary, "ManageKeyPolicies": "false"}
	check(t, p.deployer.Create(ctx, p.scope.Stack, a.template, parameters))
	outputs, err := a.deployer.Outputs(ctx, p.scope.Stack)
	check(t, err)
	service := outputs["RoleName"]
	if got := a.role(t, service); !strings.HasSuffix(got, " "+ceiling) {
		t.Errorf("the role is %s, not below %s", got, ceiling)
	}

	functionRole := a.functionRole(ctx, t)
	anyPolicy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	person := iam.NewFromConfig(p.config())
	cfg := a.actAs(t, functionRole)
	asFunction, functionS3, functionKMS := iam.NewFromConfig(cfg), s3.NewFromConfig(cfg, pathStyle), kms.NewFromConfig(cfg)
	mark := []types.Tag{{Key: aws.String("personalize-role:stack-id"),
		Value: aws.String("arn:aws:cloudformation:" + emulator.Region + ":" + a.id + ":stack/x/y")}}
	admin := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	theirs := a.bucket(t, "theirs", theirPolicy)
	_, err = a.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("PersonalizeRole-theirs"), AssumeRolePolicyDocument: &trust,
		Tags: []types.Tag{{Key: aws.String("personalize-role:stack-id"),
			Value: aws.String("arn:aws:cloudformation:us-east-1:" + a.id + ":stack/x/y")}}})
	check(t, err)

	for _, c := range []struct {
		name    string
		attempt func() error
	}{
		{"deployer: a new version of the operators' policy", func() error {
			_, err := person.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyDocument: &anyPolicy, SetAsDefault: true,
				PolicyArn: aws.String("arn:aws:iam::" + a.id + ":policy/" + p.scope.Stack + "-OperatorPolicy-1")})
			return err
		}},
		{"deployer: take the boundary of the function's role away", func() error {
			_, err := person.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &functionRole})
			return err
		}},
		{"deployer: another boundary for the function's role", func() error {
			_, err := person.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &functionRole,
				PermissionsBoundary: admin})
			return err
		}},
		{"deployer: a new version of the function's boundary", func() error {
			_, err := person.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &p.scope.Boundary, PolicyDocument: &anyPolicy})
			return err
		}},
		{"deployer: a new version of the ceiling", func() error {
			_, err := person.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &ceiling, PolicyDocument: &anyPolicy})
			return err
		}},
		{"deployer: a role of the function's name without the boundary", func() error {
			_, err := person.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(p.scope.Stack + "-FunctionRole-x"),
				AssumeRolePolicyDocument: &trust})
			return err
		}},
		{"deployer: a policy of one's own", func() error {
			_, err := person.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &p.name, PolicyName: aws.String("x"), PolicyDocument: &anyPolicy})
			return err
		}},
		{"deployer: attach a policy to oneself", func() error {
			_, err := person.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &p.name, PolicyArn: admin})
			return err
		}},
		{"deployer: an access key of another user", func() error {
			_, err := person.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("admin")})
			return err
		}},
		{"deployer: change the service role", func() error {
			_, err := person.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &service, PolicyDocument: &trust})
			return err
		}},
		{"function: a role without the ceiling", func() error {
			_, err := asFunction.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("PersonalizeRole-x"), AssumeRolePolicyDocument: &trust,
				Tags: mark})
			return err
		}},
		{"function: a role below another boundary", func() error {
			_, err := asFunction.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("PersonalizeRole-x"), AssumeRolePolicyDocument: &trust,
				Tags: mark, PermissionsBoundary: admin})
			return err
		}},
		{"function: a role of another name", func() error {
			_, err := asFunction.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: &trust, Tags: mark,
				PermissionsBoundary: &ceiling})
			return err
		}},
		{"function: take the ceiling away", func() error {
			_, err := asFunction.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &service})
			return err
		}},
		{"function: another boundary for a role", func() error {
			_, err := asFunction.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &service,
				PermissionsBoundary: admin})
			return err
		}},
		{"function: attach AdministratorAccess", func() error {
			_, err := asFunction.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &service, PolicyArn: admin})
			return err
		}},
		{"function: an inline policy", func() error {
			_, err := asFunction.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &service, PolicyName: aws.String("x"),
				PolicyDocument: &anyPolicy})
			return err
		}},
		{"function: its own role", func() error {
			_, err := asFunction.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &functionRole, PolicyArn: admin})
			return err
		}},
		{"function: the tag of a role of another Region's stack", func() error {
			_, err := asFunction.TagRole(ctx, &iam.TagRoleInput{RoleName: aws.String("PersonalizeRole-theirs"), Tags: mark})
			return err
		}},
		{"function: the trust of a role of another Region's stack", func() error {
			_, err := asFunction.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("PersonalizeRole-theirs"),
				PolicyDocument: &trust})
			return err
		}},
		{"function: a key's policy without AWS's check", func() error {
			_, err := functionKMS.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, Policy: &anyPolicy, BypassPolicyLockoutSafetyCheck: true})
			return err
		}},
		{"function: the policy of another bucket", func() error {
			_, err := functionS3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &theirs, Policy: aws.String(theirPolicy)})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.attempt(); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("got %v, want AccessDenied", err)
			}
		})
	}

	// What remains: the function may let anybody assume a service role, and may write the policy that is attached to it. The ceiling holds.
	_, err = asFunction.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &service, PolicyDocument: &trust})
	check(t, err)
	attached, err := a.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &service})
	check(t, err)
	for _, policy := range attached.AttachedPolicies {
		if strings.Contains(aws.ToString(policy.PolicyArn), a.id) {
			_, err = asFunction.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: policy.PolicyArn, PolicyDocument: &anyPolicy,
				SetAsDefault: true})
			check(t, err)
		}
	}
	cfg = a.actAs(t, service)
	asService, serviceS3 := iam.NewFromConfig(cfg), s3.NewFromConfig(cfg, pathStyle)
	if _, err := asService.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")}); err == nil {
		t.Error("a service role below the ceiling creates users")
	}
	if _, err := serviceS3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &theirs}); err == nil {
		t.Error("a service role below the ceiling reads another bucket")
	}
	if _, err := serviceS3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket}); err != nil {
		t.Errorf("a service role can't read its bucket: %v", err)
	}
	check(t, p.deployer.Delete(ctx, p.scope.Stack))
}
