package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Operation is one write: a call, or the merging of a statement into a policy that others own. The set is closed: provision has
// a case for each, and a test holds it to that.
type Operation interface {
	// Actions are the IAM actions of the write, such as iam:CreateRole.
	Actions() []string
	// Target is the ARN of what the call changes.
	Target() string
	// String says in a few words what the call does, for plans and for messages.
	String() string

	sealed()
}

// CreateRole creates the role with everything that the call can set.
type CreateRole struct{ Role servicerole.Role }

// UpdateTrust replaces the trust policy.
type UpdateTrust struct {
	Role     servicerole.RoleRef
	Document string
}

// UpdateRole sets the description and the maximum session duration, in seconds.
type UpdateRole struct {
	Role               servicerole.RoleRef
	Description        string
	MaxSessionDuration int
}

// PutBoundary sets the permissions boundary.
type PutBoundary struct {
	Role     servicerole.RoleRef
	Boundary string
}

// DeleteBoundary takes the permissions boundary away.
type DeleteBoundary struct{ Role servicerole.RoleRef }

// TagRole adds tags, or changes their values.
type TagRole struct {
	Role servicerole.RoleRef
	Tags map[string]string
}

// UntagRole removes tags.
type UntagRole struct {
	Role servicerole.RoleRef
	Keys []string
}

// AttachPolicy attaches a managed policy.
type AttachPolicy struct {
	Role   servicerole.RoleRef
	Policy string
}

// DetachPolicy detaches a managed policy.
type DetachPolicy struct {
	Role   servicerole.RoleRef
	Policy string
}

// DeleteInlinePolicy deletes an inline policy that others put into the role.
type DeleteInlinePolicy struct {
	Role servicerole.RoleRef
	Name string
}

// DeleteRole deletes the role.
type DeleteRole struct{ Role servicerole.RoleRef }

// CreatePolicy creates the customer managed policy.
type CreatePolicy struct{ Policy servicerole.Policy }

// CreatePolicyVersion puts a document in force as a new version.
type CreatePolicyVersion struct {
	Policy   servicerole.PolicyRef
	Document string
}

// DeletePolicyVersion deletes a version that isn't in force.
type DeletePolicyVersion struct {
	Policy  servicerole.PolicyRef
	Version string
}

// RecordDocument records which version has which document; an empty version is the one that the same plan creates.
type RecordDocument struct {
	Policy          servicerole.PolicyRef
	Version, Digest string
}

// TagPolicy adds tags, or changes their values.
type TagPolicy struct {
	Policy servicerole.PolicyRef
	Tags   map[string]string
}

// UntagPolicy removes tags.
type UntagPolicy struct {
	Policy servicerole.PolicyRef
	Keys   []string
}

// DeletePolicy deletes the customer managed policy.
type DeletePolicy struct{ Policy servicerole.PolicyRef }

// PutBucketStatements merges the function's statements into the policy of a bucket.
type PutBucketStatements struct {
	Bucket servicerole.BucketRef
	// Sid is the family of the statements' Sids.
	Sid        string
	Statements []policy.Statement
}

// RemoveBucketStatements removes the function's statements from the policy of a bucket. It deletes the policy if nothing else is in it.
type RemoveBucketStatements struct {
	Bucket servicerole.BucketRef
	Sid    string
}

// PutKeyStatement merges the function's statement into the policy of a KMS key.
type PutKeyStatement struct {
	Key       string
	Statement policy.Statement
	// FormerSids are those of other roles of the resource. A statement is removed if its role was deleted.
	FormerSids []string
}

// RemoveKeyStatement removes the function's statement from the policy of a KMS key.
type RemoveKeyStatement struct{ Key, Sid string }

// Kinds has one value of each kind of operation, in the order of this file.
func Kinds() []Operation {
	return []Operation{
		CreateRole{}, UpdateTrust{}, UpdateRole{}, PutBoundary{}, DeleteBoundary{}, TagRole{}, UntagRole{}, AttachPolicy{},
		DetachPolicy{}, DeleteInlinePolicy{}, DeleteRole{}, CreatePolicy{}, CreatePolicyVersion{}, DeletePolicyVersion{},
		RecordDocument{}, TagPolicy{}, UntagPolicy{}, DeletePolicy{}, PutBucketStatements{}, RemoveBucketStatements{}, PutKeyStatement{},
		RemoveKeyStatement{},
	}
}

func (CreateRole) Actions() []string          { return []string{"iam:CreateRole"} }
func (UpdateTrust) Actions() []string         { return []string{"iam:UpdateAssumeRolePolicy"} }
func (UpdateRole) Actions() []string          { return []string{"iam:UpdateRole"} }
func (PutBoundary) Actions() []string         { return []string{"iam:PutRolePermissionsBoundary"} }
func (DeleteBoundary) Actions() []string      { return []string{"iam:DeleteRolePermissionsBoundary"} }
func (TagRole) Actions() []string             { return []string{"iam:TagRole"} }
func (UntagRole) Actions() []string           { return []string{"iam:UntagRole"} }
func (AttachPolicy) Actions() []string        { return []string{"iam:AttachRolePolicy"} }
func (DetachPolicy) Actions() []string        { return []string{"iam:DetachRolePolicy"} }
func (DeleteInlinePolicy) Actions() []string  { return []string{"iam:DeleteRolePolicy"} }
func (DeleteRole) Actions() []string          { return []string{"iam:DeleteRole"} }
func (CreatePolicy) Actions() []string        { return []string{"iam:CreatePolicy"} }
func (CreatePolicyVersion) Actions() []string { return []string{"iam:CreatePolicyVersion"} }
func (DeletePolicyVersion) Actions() []string { return []string{"iam:DeletePolicyVersion"} }
func (RecordDocument) Actions() []string      { return []string{"iam:TagPolicy"} }
func (TagPolicy) Actions() []string           { return []string{"iam:TagPolicy"} }
func (UntagPolicy) Actions() []string         { return []string{"iam:UntagPolicy"} }
func (DeletePolicy) Actions() []string        { return []string{"iam:DeletePolicy"} }
func (PutBucketStatements) Actions() []string {
	return []string{"s3:GetBucketPolicy", "s3:PutBucketPolicy"}
}
func (RemoveBucketStatements) Actions() []string {
	return []string{"s3:DeleteBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy"}
}
func (PutKeyStatement) Actions() []string    { return []string{"kms:GetKeyPolicy", "kms:PutKeyPolicy"} }
func (RemoveKeyStatement) Actions() []string { return []string{"kms:GetKeyPolicy", "kms:PutKeyPolicy"} }

func (o CreateRole) Target() string             { return o.Role.ARN }
func (o UpdateTrust) Target() string            { return o.Role.ARN }
func (o UpdateRole) Target() string             { return o.Role.ARN }
func (o PutBoundary) Target() string            { return o.Role.ARN }
func (o DeleteBoundary) Target() string         { return o.Role.ARN }
func (o TagRole) Target() string                { return o.Role.ARN }
func (o UntagRole) Target() string              { return o.Role.ARN }
func (o AttachPolicy) Target() string           { return o.Role.ARN }
func (o DetachPolicy) Target() string           { return o.Role.ARN }
func (o DeleteInlinePolicy) Target() string     { return o.Role.ARN }
func (o DeleteRole) Target() string             { return o.Role.ARN }
func (o CreatePolicy) Target() string           { return o.Policy.ARN }
func (o CreatePolicyVersion) Target() string    { return o.Policy.ARN }
func (o DeletePolicyVersion) Target() string    { return o.Policy.ARN }
func (o RecordDocument) Target() string         { return o.Policy.ARN }
func (o TagPolicy) Target() string              { return o.Policy.ARN }
func (o UntagPolicy) Target() string            { return o.Policy.ARN }
func (o DeletePolicy) Target() string           { return o.Policy.ARN }
func (o PutBucketStatements) Target() string    { return o.Bucket.ARN }
func (o RemoveBucketStatements) Target() string { return o.Bucket.ARN }
func (o PutKeyStatement) Target() string        { return o.Key }
func (o RemoveKeyStatement) Target() string     { return o.Key }

func (o CreateRole) String() string  { return "create role " + o.Role.Name }
func (o UpdateTrust) String() string { return "replace the trust policy of role " + o.Role.Name }
func (o UpdateRole) String() string {
	return "update description and session duration of role " + o.Role.Name
}
func (o PutBoundary) String() string {
	return fmt.Sprintf("set the permissions boundary of role %s to %s", o.Role.Name, o.Boundary)
}
func (o DeleteBoundary) String() string {
	return "remove the permissions boundary of role " + o.Role.Name
}
func (o TagRole) String() string {
	return fmt.Sprintf("tag role %s with %s", o.Role.Name, keys(o.Tags))
}
func (o UntagRole) String() string {
	return fmt.Sprintf("remove tags %s from role %s", strings.Join(o.Keys, ", "), o.Role.Name)
}
func (o AttachPolicy) String() string {
	return fmt.Sprintf("attach %s to role %s", o.Policy, o.Role.Name)
}
func (o DetachPolicy) String() string {
	return fmt.Sprintf("detach %s from role %s", o.Policy, o.Role.Name)
}
func (o DeleteInlinePolicy) String() string {
	return fmt.Sprintf("delete inline policy %s of role %s", o.Name, o.Role.Name)
}
func (o DeleteRole) String() string   { return "delete role " + o.Role.Name }
func (o CreatePolicy) String() string { return "create policy " + o.Policy.Name }
func (o CreatePolicyVersion) String() string {
	return "update the document of policy " + o.Policy.Name
}
func (o DeletePolicyVersion) String() string {
	return fmt.Sprintf("delete version %s of policy %s", o.Version, o.Policy.Name)
}
func (o RecordDocument) String() string {
	return "record the default version of policy " + o.Policy.Name
}
func (o TagPolicy) String() string {
	return fmt.Sprintf("tag policy %s with %s", o.Policy.Name, keys(o.Tags))
}
func (o UntagPolicy) String() string {
	return fmt.Sprintf("remove tags %s from policy %s", strings.Join(o.Keys, ", "), o.Policy.Name)
}
func (o DeletePolicy) String() string { return "delete policy " + o.Policy.Name }
func (o PutBucketStatements) String() string {
	return fmt.Sprintf("merge statement %s into the policy of bucket %s", o.Sid, o.Bucket.Name)
}
func (o RemoveBucketStatements) String() string {
	return fmt.Sprintf("remove statement %s from the policy of bucket %s", o.Sid, o.Bucket.Name)
}
func (o PutKeyStatement) String() string {
	return fmt.Sprintf("merge statement %s into the policy of key %s", o.Statement.Sid, o.Key)
}
func (o RemoveKeyStatement) String() string {
	return fmt.Sprintf("remove statement %s from the policy of key %s", o.Sid, o.Key)
}

func (CreateRole) sealed()             {}
func (UpdateTrust) sealed()            {}
func (UpdateRole) sealed()             {}
func (PutBoundary) sealed()            {}
func (DeleteBoundary) sealed()         {}
func (TagRole) sealed()                {}
func (UntagRole) sealed()              {}
func (AttachPolicy) sealed()           {}
func (DetachPolicy) sealed()           {}
func (DeleteInlinePolicy) sealed()     {}
func (DeleteRole) sealed()             {}
func (CreatePolicy) sealed()           {}
func (CreatePolicyVersion) sealed()    {}
func (DeletePolicyVersion) sealed()    {}
func (RecordDocument) sealed()         {}
func (TagPolicy) sealed()              {}
func (UntagPolicy) sealed()            {}
func (DeletePolicy) sealed()           {}
func (PutBucketStatements) sealed()    {}
func (RemoveBucketStatements) sealed() {}
func (PutKeyStatement) sealed()        {}
func (RemoveKeyStatement) sealed()     {}

func keys(tags map[string]string) string {
	var names []string
	for k := range tags {
		names = append(names, k)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
