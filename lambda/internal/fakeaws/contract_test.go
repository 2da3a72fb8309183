package fakeaws_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
)

const (
	document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
		`"Principal":{"Service":"ec2.amazonaws.com"}}]}`
	managed = "arn:aws:iam::aws:policy/PowerUserAccess"
)

// outcome is the code of an error, or ok.
func outcome(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &api):
		return api.ErrorCode()
	}
	return err.Error()
}

func tagged(key, value string) []types.Tag {
	return []types.Tag{{Key: aws.String(key), Value: aws.String(value)}}
}

// contract is a history of calls with their outcomes, every operation both succeeding and failing.
func contract(ctx context.Context, c awstest.IAM, account string) []string {
	var lines []string
	note := func(what string, err error) { lines = append(lines, what+": "+outcome(err)) }
	role, none := aws.String("Role"), aws.String("None")
	ours := aws.String("arn:aws:iam::" + account + ":policy/p/Policy")
	absent := aws.String("arn:aws:iam::" + account + ":policy/None")
	createRole := func() error {
		_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, Path: aws.String("/p/"), AssumeRolePolicyDocument: aws.String(trust),
			MaxSessionDuration: aws.Int32(3600), Tags: tagged("a", "1")})
		return err
	}
	note("create role", createRole())
	note("create role again", createRole())
	createPolicy := func() error {
		_, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("Policy"), Path: aws.String("/p/"),
			PolicyDocument: aws.String(document), Tags: tagged("a", "1")})
		return err
	}
	note("create policy", createPolicy())
	note("create policy again", createPolicy())

	for _, name := range []*string{role, none} {
		on := " " + *name
		_, err := c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(trust)})
		note("update trust"+on, err)
		_, err = c.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: name, Description: aws.String("new"), MaxSessionDuration: aws.Int32(7200)})
		note("update role"+on, err)
		_, err = c.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: aws.String(managed)})
		note("put boundary"+on, err)
		_, err = c.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tagged("b", "1")})
		note("tag role"+on, err)
		_, err = c.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: tagged("B", "2")})
		note("tag role"+on, err)
		_, err = c.UntagRole(ctx, &iam.UntagRoleInput{RoleName: name, TagKeys: []string{"a", "absent"}})
		note("untag role"+on, err)
		_, err = c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: ours})
		note("attach"+on, err)
		_, err = c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: ours})
		note("attach again"+on, err)
		_, err = c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: aws.String(managed)})
		note("attach managed"+on, err)
		_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("inline"),
			PolicyDocument: aws.String(document)})
		note("put inline"+on, err)
		lines = append(lines, describeRole(ctx, c, name)...)
	}
	for _, arn := range []*string{ours, absent} {
		on := " " + (*arn)[strings.LastIndex(*arn, "/")+1:]
		_, err := c.TagPolicy(ctx, &iam.TagPolicyInput{PolicyArn: arn, Tags: tagged("b", "2")})
		note("tag policy"+on, err)
		_, err = c.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: arn, TagKeys: []string{"a"}})
		note("untag policy"+on, err)
		for range 5 {
			_, err = c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: aws.String(document),
				SetAsDefault: true})
			note("create version"+on, err)
		}
		for _, version := range []string{"v1", "v1", "v5"} {
			_, err = c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String(version)})
			note("delete version "+version+on, err)
		}
		_, err = c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: arn})
		note("delete attached policy"+on, err)
		lines = append(lines, describePolicy(ctx, c, arn)...)
	}
	return append(lines, dismantle(ctx, c, role, none, ours)...)
}

func describeRole(ctx context.Context, c awstest.IAM, name *string) []string {
	out, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	attached, err2 := c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	inline, err3 := c.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})
	if err != nil || err2 != nil || err3 != nil {
		return []string{fmt.Sprintf("read %s: %s %s %s", *name, outcome(err), outcome(err2), outcome(err3))}
	}
	r := out.Role
	tags := []string{}
	for _, t := range r.Tags {
		tags = append(tags, *t.Key+"="+*t.Value)
	}
	return []string{fmt.Sprintf("read %s: path %s, %q, %d s, %s, tags %v, %d attached, inline %v, id %s...", *name, *r.Path, *r.Description,
		*r.MaxSessionDuration,
		*r.PermissionsBoundary.PermissionsBoundaryArn, tags, len(attached.AttachedPolicies), inline.PolicyNames, (*r.RoleId)[:4])}
}

func describePolicy(ctx context.Context, c awstest.IAM, arn *string) []string {
	out, err := c.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	versions, err2 := c.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: arn})
	users, err3 := c.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: arn})
	_, err4 := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	if err != nil || err2 != nil || err3 != nil {
		return []string{fmt.Sprintf("read policy: %s %s %s %s", outcome(err), outcome(err2), outcome(err3), outcome(err4))}
	}
	var ids []string
	for _, v := range versions.Versions {
		ids = append(ids, fmt.Sprintf("%s=%v", *v.VersionId, v.IsDefaultVersion))
	}
	slices.Sort(ids)
	return []string{fmt.Sprintf("read policy: path %s, default %s of %v, %d uses, role %s, %d tags; deleted version: %s", *out.Policy.Path,
		*out.Policy.DefaultVersionId,
		ids, *out.Policy.AttachmentCount, *users.PolicyRoles[0].RoleName, len(out.Policy.Tags), outcome(err4))}
}

// dismantle deletes everything, with the conflicts that come from the wrong order.
func dismantle(ctx context.Context, c awstest.IAM, role, none, ours *string) []string {
	var lines []string
	note := func(what string, err error) { lines = append(lines, what+": "+outcome(err)) }
	deleteRole := func(name *string) error {
		_, err := c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		return err
	}
	note("delete role with attachments", deleteRole(role))
	for _, name := range []*string{role, none} {
		_, err := c.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: name})
		note("delete boundary "+*name, err)
		for _, arn := range []string{*ours, managed, managed} {
			_, err = c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String(arn)})
			note("detach "+*name, err)
		}
	}
	note("delete role with an inline policy", deleteRole(role))
	for range 2 {
		_, err := c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: aws.String("inline")})
		note("delete inline", err)
	}
	note("delete role", deleteRole(role))
	note("delete role again", deleteRole(role))
	deletePolicy := func() error {
		_, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: ours})
		return err
	}
	note("delete policy with versions", deletePolicy())
	for _, version := range []string{"v2", "v3", "v4"} {
		_, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: ours, VersionId: aws.String(version)})
		note("delete version "+version, err)
	}
	note("delete policy", deletePolicy())
	note("delete policy again", deletePolicy())
	return lines
}

const want = `create role: ok
create role again: EntityAlreadyExists
create policy: ok
create policy again: EntityAlreadyExists
update trust Role: ok
update role Role: ok
put boundary Role: ok
tag role Role: ok
tag role Role: ok
untag role Role: ok
attach Role: ok
attach again Role: ok
attach managed Role: ok
put inline Role: ok
read Role: path /p/, "new", 7200 s, arn:aws:iam::aws:policy/PowerUserAccess, tags [B=2], 2 attached, inline [inline], id AROA...
update trust None: NoSuchEntity
update role None: NoSuchEntity
put boundary None: NoSuchEntity
tag role None: NoSuchEntity
tag role None: NoSuchEntity
untag role None: NoSuchEntity
attach None: NoSuchEntity
attach again None: NoSuchEntity
attach managed None: NoSuchEntity
put inline None: NoSuchEntity
read None: NoSuchEntity NoSuchEntity NoSuchEntity
tag policy Policy: ok
untag policy Policy: ok
create version Policy: ok
create version Policy: ok
create version Policy: ok
create version Policy: ok
create version Policy: LimitExceeded
delete version v1 Policy: ok
delete version v1 Policy: NoSuchEntity
delete version v5 Policy: DeleteConflict
delete attached policy Policy: DeleteConflict
read policy: path /p/, default v5 of [v2=false v3=false v4=false v5=true], 1 uses, role Role, 1 tags; deleted version: NoSuchEntity
tag policy None: NoSuchEntity
untag policy None: NoSuchEntity
create version None: NoSuchEntity
create version None: NoSuchEntity
create version None: NoSuchEntity
create version None: NoSuchEntity
create version None: NoSuchEntity
delete version v1 None: NoSuchEntity
delete version v1 None: NoSuchEntity
delete version v5 None: NoSuchEntity
delete attached policy None: NoSuchEntity
read policy: NoSuchEntity NoSuchEntity NoSuchEntity NoSuchEntity
delete role with attachments: DeleteConflict
delete boundary Role: ok
detach Role: ok
detach Role: ok
detach Role: NoSuchEntity
delete boundary None: NoSuchEntity
detach None: NoSuchEntity
detach None: NoSuchEntity
detach None: NoSuchEntity
delete role with an inline policy: DeleteConflict
delete inline: ok
delete inline: NoSuchEntity
delete role: ok
delete role again: NoSuchEntity
delete policy with versions: DeleteConflict
delete version v2: ok
delete version v3: ok
delete version v4: ok
delete policy: ok
delete policy again: NoSuchEntity`

// The fake answers as the emulator does, operation by operation.
func TestContractInEveryWorld(t *testing.T) {
	world := awstest.KindOf(t).New(t)
	got := strings.Join(contract(t.Context(), world.IAM, world.AccountID), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
