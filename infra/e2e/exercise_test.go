//go:build emulator

package e2e

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
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/stacks"
	"personalize-role/lambda/permissions"
)

// newExercise deploys a provider into an account of its own, and checks that template.yaml allows it what it needs.
func newExercise(t *testing.T, id string) *exercise {
	a := open(t, id)
	ctx := t.Context()
	x := &exercise{account: a, key: a.key(t), defaultKey: a.key(t)}
	var err error
	x.keyPolicy, err = a.viewer.KeyPolicy(ctx, x.key)
	check(t, err)
	for n := range 6 {
		x.buckets = append(x.buckets, a.bucket(t, fmt.Sprintf("data-%d", n), ""))
		check(t, x.restore(ctx, n, x.buckets[n]))
	}
	check(t, a.encrypt(ctx, x.buckets[0], "alias/data", x.defaultKey))
	theirs := open(t, "10000000002"+id[len(id)-1:])
	x.foreign = theirs.bucket(t, "foreign", "")
	all := append(slices.Clone(x.buckets), x.foreign)
	check(t, a.deployer.Create(ctx, "provider", a.template, stacks.Parameters{
		"PropagationDelaySeconds": "0", "AdditionalBucketNames": strings.Join(all, ","), "AdditionalKmsKeyArns": x.key + "," + x.defaultKey,
	}))
	x.token, x.role = a.serviceToken(ctx, t, "provider"), a.functionRole(ctx, t)
	x.statements = permissions.Statements(scope(id, all, []string{x.key, x.defaultKey}))
	if diff := cmp.Diff(bySid(append(slices.Clone(x.statements), permissions.GuardStatement())), a.granted(t, x.role)); diff != "" {
		t.Fatalf("-needed +granted by template.yaml:\n%s", diff)
	}
	check(t, a.own(ctx, x.role))
	check(t, a.grant(ctx, x.role, x.statements))
	if err := x.run(ctx); err != nil {
		t.Fatalf("with all permissions: %v", err)
	}
	return x
}

// exercise is a life of two roles that takes every permission.
type exercise struct {
	account     *account
	token, role string
	statements  []permissions.Statement
	// buckets are the account's own, the first without a policy; foreign is another account's.
	buckets        []string
	foreign        string
	key, keyPolicy string
	// defaultKey is that of the first bucket's default encryption, which names an alias of it.
	defaultKey string
	n          int
}

const (
	created = "PersonalizeRole-Created"
	adopted = "PersonalizeRole-Adopted"
	powers  = "arn:aws:iam::aws:policy/PowerUserAccess"
)

func (x *exercise) run(ctx context.Context) error {
	x.n++
	if err := x.adopt(ctx); err != nil {
		return err
	}
	stack := fmt.Sprintf("life-%d", x.n)
	p := map[string]any{
		"RoleName": created, "PermissionsBoundary": powers, "Buckets": []string{x.buckets[0], x.foreign}, "ForceDetachPolicies": true,
		"KmsKeyArns": []string{x.key},
		"Tags":       []map[string]string{{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}},
	}
	d := x.account.deployer
	if err := d.Create(ctx, stack, resource(x.token, p), nil); err != nil {
		return err
	}
	if err := errors.Join(x.isMerged(ctx, stack), x.isChecked(ctx, stack)); err != nil {
		return err
	}
	p["SourceConditions"], p["Description"], p["PersonalizeAccess"] = false, "new", "None"
	p["Tags"] = []map[string]string{{"Key": "a", "Value": "2"}}
	delete(p, "PermissionsBoundary")
	for version := 1; version <= 5; version++ {
		// The other bucket's policy is left alone: it isn't what the versions of the managed policy are about.
		other := map[string]any{"Name": x.buckets[version], "ManageBucketPolicy": false}
		p["Buckets"] = []any{x.buckets[1], other}[:min(version, 2)]
		// Only before a merge does Block Public Access count.
		p["Findings"] = []string{"Fail", "Warn"}[min(version-1, 1)]
		if err := d.Update(ctx, stack, resource(x.token, p), nil); err != nil {
			return err
		}
		if err := x.isChecked(ctx, stack); err != nil {
			return err
		}
	}
	if err := x.lend(ctx); err != nil {
		return err
	}
	if err := x.forget(ctx); err != nil {
		return err
	}
	p["PermissionsBoundary"] = powers
	if err := d.Update(ctx, stack, resource(x.token, p), nil); err != nil {
		return err
	}
	if err := x.takeBack(ctx); err != nil {
		return err
	}
	if err := d.Delete(ctx, stack); err != nil {
		return err
	}
	if left := x.left(ctx); left != "" {
		return fmt.Errorf("left behind: %s", left)
	}
	return nil
}

// forget takes off the managed policy what says which document is in force, so that the document has to be read.
func (x *exercise) forget(ctx context.Context) error {
	attached, err := x.account.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(created)})
	if err != nil {
		return err
	}
	for _, p := range attached.AttachedPolicies {
		if strings.HasPrefix(aws.ToString(p.PolicyName), "PersonalizeS3BucketAccessPolicy-") {
			_, err := x.account.iam.UntagPolicy(ctx, &iam.UntagPolicyInput{PolicyArn: p.PolicyArn, TagKeys: []string{"personalize-role:document"}})
			return err
		}
	}
	return errors.New("the role has no managed policy")
}

// adopt adopts a role, and restores it.
func (x *exercise) adopt(ctx context.Context) error {
	i := x.account.iam
	if _, err := i.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(adopted),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"Service":"ec2.amazonaws.com"}}]}`)}); err != nil && !is[*types.EntityAlreadyExistsException](err) {
		return err
	}
	stack := fmt.Sprintf("adopting-%d", x.n)
	if err := x.account.deployer.Create(ctx, stack, resource(x.token, map[string]any{"RoleName": adopted, "AdoptExistingRole": true}),
		nil); err != nil {
		return err
	}
	if err := x.account.deployer.Delete(ctx, stack); err != nil {
		return err
	}
	if _, err := i.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(adopted)}); err != nil && !is[*types.NoSuchEntityException](err) {
		return err
	}
	return nil
}

// lend has others use the role's policy, and put one of theirs into the role.
func (x *exercise) lend(ctx context.Context) error {
	i := x.account.iam
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
	if _, err := i.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(created), PolicyName: aws.String("theirs"),
		PolicyDocument: aws.String(document)}); err != nil {
		return err
	}
	return x.user(ctx, func(user, policy string) error {
		// The SDK repeats a call whose answer got lost: what is done already is done.
		if _, err := i.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(user)}); err != nil &&
			!is[*types.EntityAlreadyExistsException](err) {
			return err
		}
		_, err := i.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(user), PolicyArn: aws.String(policy)})
		return err
	})
}

func (x *exercise) takeBack(ctx context.Context) error {
	i := x.account.iam
	return x.user(ctx, func(user, policy string) error {
		if _, err := i.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String(user),
			PolicyArn: aws.String(policy)}); err != nil && !is[*types.NoSuchEntityException](err) {
			return err
		}
		if _, err := i.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String(user)}); err != nil && !is[*types.NoSuchEntityException](err) {
			return err
		}
		return nil
	})
}

// is reports whether an error is of a type.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func (x *exercise) user(ctx context.Context, do func(user, policy string) error) error {
	policies, err := x.account.iam.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return err
	}
	for _, p := range policies.Policies {
		if err := do("borrower", aws.ToString(p.Arn)); err != nil {
			return err
		}
	}
	return nil
}

func (x *exercise) left(ctx context.Context) string {
	arns, err := x.account.viewer.Left(ctx)
	if err != nil {
		return err.Error()
	}
	var left []string
	for _, arn := range arns {
		if !strings.Contains(arn, ":iam:") || strings.HasSuffix(arn, "/"+created) || strings.HasSuffix(arn, "/"+adopted) ||
			strings.Contains(arn, ":policy/") {
			left = append(left, arn)
		}
	}
	return strings.Join(left, " ")
}

// clear deletes what a failed run left: the emulator, unlike AWS, sends no Delete after a Create that failed.
func (x *exercise) clear(ctx context.Context) error {
	if err := x.takeBack(ctx); err != nil {
		return err
	}
	for _, stack := range []string{"adopting", "life"} {
		// Those that are gone already can't be deleted.
		_ = x.account.deployer.Delete(ctx, fmt.Sprintf("%s-%d", stack, x.n))
	}
	i := x.account.iam
	for _, role := range []string{created, adopted} {
		attached, err := i.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(role)})
		if err != nil {
			continue
		}
		for _, p := range attached.AttachedPolicies {
			if _, err := i.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(role), PolicyArn: p.PolicyArn}); err != nil {
				return err
			}
		}
		if _, err := i.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(role)}); err != nil {
			return err
		}
	}
	policies, err := i.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	if err != nil {
		return err
	}
	for _, p := range policies.Policies {
		versions, err := i.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: p.Arn})
		if err != nil {
			return err
		}
		for _, v := range versions.Versions {
			if !v.IsDefaultVersion {
				if _, err := i.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: p.Arn, VersionId: v.VersionId}); err != nil {
					return err
				}
			}
		}
		if _, err := i.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: p.Arn}); err != nil {
			return err
		}
	}
	for n, name := range x.buckets {
		if err := x.restore(ctx, n, name); err != nil {
			return err
		}
	}
	for _, key := range []string{x.key, x.defaultKey} {
		if _, err := x.account.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: aws.String(key),
			Policy: aws.String(x.keyPolicy)}); err != nil {
			return err
		}
	}
	if left := x.left(ctx); left != "" {
		return fmt.Errorf("left behind although every permission is back: %s", left)
	}
	return nil
}
