package permissions

import (
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// ReserveTags returns the statements of a service control policy that reserves the function's tags for its roles, which are ARNs or
// patterns. The keys of a role's tags ignore case, but StringLike doesn't: the ownership tags are therefore named one by one. See
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func ReserveTags(functionRoles []string) []Statement {
	deny := func(sid, operator string, keys ...string) Statement {
		return Statement{
			Sid: sid, Deny: true, Resources: []string{"*"},
			Actions: []string{"iam:CreatePolicy", "iam:CreateRole", "iam:TagPolicy", "iam:TagRole", "iam:UntagPolicy", "iam:UntagRole"},
			Conditions: map[string]map[string][]string{
				"ForAnyValue:" + operator: {"aws:TagKeys": keys}, "ArnNotLike": {"aws:PrincipalArn": functionRoles},
			},
		}
	}
	return []Statement{
		deny("ReserveOwnership", "StringEqualsIgnoreCase", servicerole.TagStackID, servicerole.TagLogicalID, servicerole.TagVersion),
		deny("ReserveTags", "StringLike", properties.OwnTagPrefix+"*"),
	}
}

// OnlyServices returns the statements of a resource control policy that lets only AWS services assume roles, which are ARNs or patterns:
// no condition key of IAM bounds what a trust policy says. See
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html and
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice
func OnlyServices(roles []string) []Statement {
	return []Statement{{
		Sid: "OnlyServicesAssumeServiceRoles", Deny: true, Principal: "*", Resources: roles,
		Actions:    []string{"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"},
		Conditions: map[string]map[string][]string{"BoolIfExists": {"aws:PrincipalIsAWSService": {"false"}}},
	}}
}
