package personalizerole

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// replaced is a policy of the function's role that is replaced, never changed: the old one is deleted only after the custom resources were
// updated. Until then the function may still remove its statements from buckets that were dropped, and delete roles that were renamed.
// See docs/adr/0007-data-permissions-are-replaced.md.
//
// The logical ID contains a digest of the content. If the content has values that only the deployment knows, the description contains a
// digest of them, which a custom resource makes.
type replaced struct {
	function *function
	scope    constructs.Construct
	id       string
	policy   awsiam.CfnManagedPolicy
	needed   func() []permissions.Statement
	// digest is the resource that makes a digest of the variable values; nil as long as there are none.
	digest awscdk.CfnResource
	// variable has the texts that were looked at.
	variable map[string]bool
}

// permit adds a policy to the function's role.
func (f *function) permit(scope constructs.Construct, id string, needed func() []permissions.Statement) *replaced {
	f.policies++
	p := &replaced{function: f, scope: scope, id: id, needed: needed, variable: map[string]bool{}}
	p.policy = awsiam.NewCfnManagedPolicy(scope, &id, &awsiam.CfnManagedPolicyProps{
		Description:    lazyText(p.description),
		Roles:          &[]any{f.role.Ref()},
		PolicyDocument: lazy(p.document),
	})
	base := *awscdk.Stack_Of(scope).GetLogicalId(p.policy)
	p.policy.OverrideLogicalId(awscdk.Lazy_UncachedString(&volatileText{func() *string { return jsii.String(base + p.literalDigest()) }}, nil))
	awscdk.Aspects_Of(p.policy).Add(&distinctName{p}, &awscdk.AspectOptions{Priority: awscdk.AspectPriority_READONLY()})
	p.policy.Node().AddValidation(p)
	suppress(p.policy, "The function changes only roles and policies that carry its ownership tag, by the prefix of derived names; "+
		"s3:ListAllMyBuckets has no resource", ofIAM, anyResource)
	return p
}

func (p *replaced) document() any { return permissions.Decoded(p.needed()) }

func (p *replaced) description() *string {
	text := "Permissions of the function that provisions the Amazon Personalize service role"
	if p.digest != nil {
		text += ", content " + *p.digest.Ref()
	}
	return &text
}

// literalDigest is a digest of what is known at synthesis.
func (p *replaced) literalDigest() string {
	text, err := json.Marshal(awscdk.Stack_Of(p.scope).Resolve(p.document()))
	if err != nil {
		panic(fmt.Sprintf("make a digest of the permissions of %s: %v", *p.function.construct.Node().Path(), err))
	}
	return fmt.Sprintf("%X", sha256.Sum256(text))[:8]
}

// vary adds the resource that makes a digest of variable values, once there are some.
func (p *replaced) vary() {
	if p.digest != nil || len(p.variables()) == 0 {
		return
	}
	p.digest = awscdk.NewCfnResource(p.scope, jsii.String(p.id+"Digest"), &awscdk.CfnResourceProps{
		Type: jsii.String(properties.DigestType),
		Properties: &map[string]any{
			"ServiceToken": p.function.token, "ServiceTimeout": serviceTimeout,
			properties.NameContent: lazy(func() any { return p.variables() }),
		},
	})
}

// variables returns the resources of statements whose values only the deployment knows. Statements that only read are left out, because
// the function removes nothing from what it may only read.
func (p *replaced) variables() []any {
	var found []any
	seen := map[string]bool{}
	for _, s := range p.needed() {
		for _, resource := range s.Resources {
			if !seen[resource] && !s.IsReadOnly() && p.isVariable(resource) {
				seen[resource] = true
				found = append(found, resource)
			}
		}
	}
	return found
}

// own matches references to the stack's own account, Region and partition, which don't change.
var own = regexp.MustCompile(`\{"Ref":"AWS::[A-Za-z]+"\}`)

// isVariable reports whether a text depends on values that only the deployment knows.
func (p *replaced) isVariable(text string) bool {
	if known, ok := p.variable[text]; ok {
		return known
	}
	resolved, err := json.Marshal(awscdk.Stack_Of(p.scope).Resolve(&text))
	rest := strings.ReplaceAll(own.ReplaceAllString(string(resolved), ""), "Fn::Join", "")
	p.variable[text] = err != nil || strings.Contains(rest, `"Ref"`) || strings.Contains(rest, "Fn::")
	return p.variable[text]
}

// distinctName appends digests to a name that an aspect of the app has set, because CloudFormation does not replace a resource by one of
// the same name.
type distinctName struct{ policy *replaced }

// maxPolicyName is the length of a policy's name. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxPolicyName = 128

// Visit is what CDK calls, after the aspects that change something.
func (d *distinctName) Visit(constructs.IConstruct) {
	p := d.policy
	name := p.policy.ManagedPolicyName()
	if name == nil {
		return
	}
	suffix, length := "-"+p.literalDigest(), 9
	if p.digest != nil {
		suffix, length = suffix+"-"+*p.digest.Ref(), length+1+properties.DigestLength
	}
	if text := *name; !hasToken(text) && len(text) > maxPolicyName-length {
		name = jsii.String(text[:maxPolicyName-length])
	}
	p.policy.SetManagedPolicyName(jsii.String(*name + suffix))
}
