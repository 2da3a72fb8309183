//go:build emulator

package e2e

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/deployer"
	"personalize-role/infra/emulator"
	"personalize-role/infra/stacks"
	"personalize-role/lambda/permissions"
)

// person deploys with the permissions of docs/policies/deploy.json.
type person struct {
	account  *account
	name     string
	deployer *emulator.Deployer
	scope    deployer.Scope
	bucket   string
	id, key  string
}

// config is what the person calls AWS with.
func (p *person) config() aws.Config {
	cfg := p.account.config.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(p.id, p.key, "")
	return cfg
}

func newPerson(t *testing.T, id string) *person {
	a := open(t, id)
	p := &person{account: a, name: "deployer", bucket: a.bucket(t, "one", theirPolicy), scope: deployer.Scope{
		Partition: "aws", Region: emulator.Region, AccountID: id, Stack: "personalize-role",
		Release:   "arn:aws:s3:::" + a.deployer.Artifacts + "/*",
		Parameter: "personalize/role-arn",
	}}
	_, err := a.iam.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(p.name)})
	check(t, err)
	key, err := a.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(p.name)})
	check(t, err)
	p.id, p.key = aws.ToString(key.AccessKey.AccessKeyId), aws.ToString(key.AccessKey.SecretAccessKey)
	p.deployer = emulator.NewDeployer(p.config(), io.Discard)
	return p
}

// allow replaces the person's policy.
func (p *person) allow(t *testing.T, statements []permissions.Statement) {
	t.Helper()
	_, err := p.account.iam.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: aws.String(p.name), PolicyName: aws.String("Deploy"), PolicyDocument: aws.String(permissions.Document(statements)),
	})
	check(t, err)
}

func (p *person) parameters() stacks.Parameters {
	all := stacks.Parameters{"BucketNames": p.bucket, "DriftCheckSchedule": "rate(1 day)", "PropagationDelaySeconds": "0",
		"RoleArnParameterName": "/personalize/role-arn",
		"AlarmTopicArn":        "arn:aws:sns:" + emulator.Region + ":" + p.account.id + ":alarms"}
	if p.scope.Boundary == "" {
		all["CreateOperatorPolicy"] = "Operate"
	}
	return all
}

// life looks at the template as the console does, and creates, updates and deletes the stack. The update changes every resource.
func (p *person) life(ctx context.Context) error {
	cfn, template := p.deployer.CloudFormation, p.account.template
	if _, err := cfn.GetTemplateSummary(ctx, &cloudformation.GetTemplateSummaryInput{TemplateBody: aws.String(template)}); err != nil {
		return err
	}
	if _, err := cfn.ListStacks(ctx, &cloudformation.ListStacksInput{}); err != nil {
		return err
	}
	parameters := p.parameters()
	if err := p.deployer.Create(ctx, p.scope.Stack, template, parameters); err != nil {
		return err
	}
	parameters["LogRetentionInDays"], parameters["BucketNames"], parameters["AdditionalRoleNames"], parameters["Description"] = "7", "",
		"Other-*", "new"
	changed := strings.NewReplacer(
		"MemorySize: 256", "MemorySize: 512", "Action: personalize:*", "Action: personalize:Get*",
		"Description: ARN of the Amazon Personalize service role\n      Name:", "Description: new\n      Name:",
	).Replace(template)
	if err := p.deployer.Update(ctx, p.scope.Stack, changed, parameters); err != nil {
		return err
	}
	return p.deployer.Delete(ctx, p.scope.Stack)
}

// clear deletes the stack that a life left.
func (p *person) clear(t *testing.T, before string) {
	t.Helper()
	if _, err := p.account.deployer.Outputs(t.Context(), p.scope.Stack); err == nil {
		check(t, p.account.deployer.Delete(t.Context(), p.scope.Stack))
	}
	if diff := cmp.Diff(before, p.account.left(t)); diff != "" {
		t.Errorf("-before +left:\n%s", diff)
	}
}

// Whoever has the statements of docs/policies/deploy.json can deploy, and none of these is there for nothing. That their actions are
// those that CloudFormation makes is the matter of the tests of infra/deployer.
func TestDeployerHasExactlyTheNeededStatements(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "100000000050")
	statements, before := deployer.Statements(p.scope), p.account.left(t)
	p.allow(t, statements)
	if err := p.life(t.Context()); err != nil {
		t.Fatalf("with all permissions: %v", err)
	}
	p.clear(t, before)
	for n, s := range statements {
		t.Run(s.Sid, func(t *testing.T) {
			p.allow(t, slices.Delete(slices.Clone(statements), n, n+1))
			err := p.life(t.Context())
			if err == nil || !slices.ContainsFunc(s.Actions, func(action string) bool { return strings.Contains(err.Error(), action) }) {
				t.Errorf("got %v, want a failure that names one of %s", err, s.Actions)
			}
			p.clear(t, before)
		})
	}
	t.Run("other stack", func(t *testing.T) {
		p.allow(t, statements)
		err := p.deployer.Create(t.Context(), "other", p.account.template, p.parameters())
		if err == nil || !strings.Contains(err.Error(), "cloudformation:CreateStack") {
			t.Errorf("got %v, want a failure that names cloudformation:CreateStack", err)
		}
	})
}

// Whoever may give the function's role permissions below a boundary only has to name it, and the function works below it.
func TestDeployerBelowABoundary(t *testing.T) {
	t.Parallel()
	p := newPerson(t, "100000000051")
	ctx, a := t.Context(), p.account
	function := append(permissions.Statements(permissions.Scope{
		Partition: "aws", Region: emulator.Region, AccountID: a.id, RoleNames: []string{permissions.DefaultRoleNames},
		PolicyNames: []string{permissions.DefaultPolicyNames}, Buckets: []string{"arn:aws:s3:::" + p.bucket},
	}), permissions.LogStatement(fmt.Sprintf("arn:aws:logs:%s:%s:log-group:*", emulator.Region, a.id)))
	created, err := a.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("PersonalizeRoleFunction"), PolicyDocument: aws.String(permissions.Document(function)),
	})
	check(t, err)
	p.scope.Boundary = aws.ToString(created.Policy.Arn)
	before := a.left(t)
	p.allow(t, deployer.Statements(p.scope))
	parameters := p.parameters()
	err = p.deployer.Create(ctx, p.scope.Stack, a.template, parameters)
	if err == nil || !strings.Contains(err.Error(), "iam:CreateRole") {
		t.Errorf("without the boundary: got %v, want a failure that names iam:CreateRole", err)
	}
	p.clear(t, before)
	parameters["FunctionPermissionsBoundary"] = p.scope.Boundary
	check(t, p.deployer.Create(ctx, p.scope.Stack, a.template, parameters))
	for _, c := range []struct{ boundary, action string }{
		{"", "iam:DeleteRolePermissionsBoundary"},
		{"arn:aws:iam::aws:policy/AdministratorAccess", "iam:PutRolePermissionsBoundary"},
	} {
		parameters["FunctionPermissionsBoundary"] = c.boundary
		if err := p.deployer.Update(ctx, p.scope.Stack, a.template, parameters); err == nil || !strings.Contains(err.Error(), c.action) {
			t.Errorf("boundary changed to %q: got %v, want a failure that names %s", c.boundary, err, c.action)
		}
	}
	parameters["FunctionPermissionsBoundary"], parameters["BucketNames"] = p.scope.Boundary, a.bucket(t, "beyond", theirPolicy)
	if err := p.deployer.Update(ctx, p.scope.Stack, a.template, parameters); err == nil ||
		!strings.Contains(err.Error(), "s3:GetBucketPolicy") {
		t.Errorf("a bucket that the boundary lacks: got %v, want a failure that names s3:GetBucketPolicy", err)
	}
	parameters["BucketNames"], parameters["Description"] = p.bucket, "new"
	check(t, p.deployer.Update(ctx, p.scope.Stack, a.template, parameters))
	check(t, p.deployer.Delete(ctx, p.scope.Stack))
	p.clear(t, before)
}
