package personalizerole

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// maxPolicySize is the number of characters of a managed policy, without white space. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxPolicySize = 6144

// maxPolicies is the number of managed policies of a role, by IAM's default quota.
const maxPolicies = 10

// Validate is what CDK calls: it refuses a function for more stacks than its role can have policies.
func (f *function) Validate() *[]*string {
	if f.policies <= maxPolicies {
		return &[]*string{}
	}
	return &[]*string{jsii.String(fmt.Sprintf("IAM allows %d managed policies on a role, and that of the function would have %d, one for "+
		"each stack with roles: give some of the stacks a provider of their own, or ask for a higher quota", maxPolicies, f.policies))}
}

// Validate is what CDK calls: it refuses permissions that IAM would refuse for their size.
func (p *replaced) Validate() *[]*string {
	faults := []*string{}
	if size := leastSize(awscdk.Stack_Of(p.scope).Resolve(p.document())); size > maxPolicySize {
		faults = append(faults, jsii.String(fmt.Sprintf("The permissions of the function for the roles of this stack have at least %d "+
			"characters, "+
			"above IAM's %d for a managed policy: spread the roles over several stacks, which have policies of their own", size, maxPolicySize)))
	}
	return &faults
}

// leastSize is the least number of characters that a value of a template has once it is deployed, as JSON without white space. Values that
// only the deployment knows count as empty.
func leastSize(value any) int {
	const quotes, brackets, colon = 2, 2, 1
	switch v := value.(type) {
	case string:
		return len(v) + quotes
	case []any:
		size := brackets + max(0, len(v)-1)
		for _, element := range v {
			size += leastSize(element)
		}
		return size
	case map[string]any:
		if text, ok := leastText(v); ok {
			return text + quotes
		}
		size := brackets + max(0, len(v)-1)
		for key, member := range v {
			size += len(key) + quotes + colon + leastSize(member)
		}
		return size
	}
	return 1
}

// leastText returns the least length of the text that an intrinsic function returns, and false if the value is not an intrinsic function.
func leastText(v map[string]any) (int, bool) {
	if len(v) != 1 {
		return 0, false
	}
	for name, argument := range v {
		switch name {
		case "Ref":
			// The shortest of all partitions, Regions and accounts.
			return map[any]int{"AWS::Partition": 3, "AWS::Region": 9, "AWS::AccountId": 12}[argument], true
		case "Fn::Join":
			length := 0
			list, _ := argument.([]any)
			if len(list) != 2 {
				return 0, true
			}
			parts, _ := list[1].([]any)
			for _, part := range parts {
				switch part := part.(type) {
				case string:
					length += len(part)
				case map[string]any:
					text, _ := leastText(part)
					length += text
				}
			}
			return length, true
		case "Fn::GetAtt", "Fn::ImportValue", "Fn::Sub", "Fn::Select", "Fn::FindInMap", "Fn::If":
			return 0, true
		}
	}
	return 0, false
}
