package fakeaws

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
)

// IAM is one account's IAM. It answers the calls that provision makes.
type IAM struct {
	*Account
	roles    map[string]*role
	policies map[string]*managedPolicy
	created  int
}

type role struct {
	name, path, id, description, boundary, trust string
	session                                      int32
	tags                                         map[string]string
	attached                                     []string
	inline                                       map[string]string
}

type managedPolicy struct {
	name, path, arn, id string
	tags                map[string]string
	documents           map[int]string
	inForce, newest     int
}

// state describes roles and policies; unique ids are left out.
func (f *IAM) state(state map[string]string) {
	for _, r := range f.roles {
		state[f.roleARN(r)] = fmt.Sprintf("trust=%s description=%q session=%d boundary=%s tags=%v attached=%v inline=%v",
			r.trust, r.description, r.session, r.boundary, r.tags, slices.Sorted(slices.Values(r.attached)), r.inline)
	}
	for _, p := range f.policies {
		state[p.arn] = fmt.Sprintf("document=%s tags=%v", p.documents[p.inForce], p.tags)
	}
}

func (f *IAM) roleARN(r *role) string {
	return fmt.Sprintf("arn:aws:iam::%s:role%s%s", f.AccountID, r.path, r.name)
}

// find looks a role up as IAM does, without regard to case.
func (f *IAM) find(name *string) (*role, error) {
	if r, ok := f.roles[strings.ToLower(aws.ToString(name))]; ok {
		return r, nil
	}
	return nil, apiError("NoSuchEntity", "The role with name %s cannot be found.", aws.ToString(name))
}

func (f *IAM) findPolicy(arn *string) (*managedPolicy, error) {
	if p, ok := f.policies[aws.ToString(arn)]; ok {
		return p, nil
	}
	return nil, apiError("NoSuchEntity", "Policy %s does not exist or is not attachable.", aws.ToString(arn))
}

func (f *IAM) uses(arn string) int32 {
	var n int32
	for _, r := range f.roles {
		if slices.Contains(r.attached, arn) {
			n++
		}
	}
	return n
}

func (f *IAM) newID(prefix string) string {
	f.created++
	return fmt.Sprintf("%s%017d", prefix, f.created)
}

func (f *IAM) describe(r *role) *types.Role {
	out := &types.Role{
		Arn: aws.String(f.roleARN(r)), Path: aws.String(r.path), RoleName: aws.String(r.name), RoleId: aws.String(r.id),
		Description: aws.String(r.description), MaxSessionDuration: aws.Int32(r.session),
		AssumeRolePolicyDocument: aws.String(url.PathEscape(r.trust)), Tags: tagList(r.tags),
	}
	if r.boundary != "" {
		out.PermissionsBoundary = &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: aws.String(r.boundary)}
	}
	return out
}

func apiError(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...)}
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return list
}

// tagRole adds tags to a role: a key that differs in case only from one that is there replaces it. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func tagRole(tags map[string]string, list []types.Tag) error {
	sum := maps.Clone(tags)
	for _, t := range list {
		untagRole(sum, aws.ToString(t.Key))
		sum[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if len(sum) > 50 {
		return apiError("LimitExceeded", "Cannot exceed quota for TagsPerRole: 50")
	}
	clear(tags)
	maps.Copy(tags, sum)
	return nil
}

func untagRole(tags map[string]string, key string) {
	maps.DeleteFunc(tags, func(has, _ string) bool { return strings.EqualFold(has, key) })
}

func addTags(tags map[string]string, list []types.Tag) error {
	sum := maps.Clone(tags)
	for _, t := range list {
		sum[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	if len(sum) > 50 {
		return apiError("LimitExceeded", "Cannot exceed quota for TagsPerPolicy: 50")
	}
	maps.Copy(tags, sum)
	return nil
}
