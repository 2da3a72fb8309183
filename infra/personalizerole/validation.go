package personalizerole

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/permissions"
	"personalize-role/lambda/properties"
)

// validation checks literal props by the function's own parser when the app is synthesised. CDK adds the construct's path.
type validation struct{ role *serviceRole }

// Validate is what CDK calls.
func (v *validation) Validate() *[]*string {
	faults := []*string{}
	all := v.role.properties()
	if tags := v.role.resource.tagList(); len(tags) > 0 {
		all[properties.NameTags] = tags
	}
	raw, err := json.Marshal(literals(all))
	if err != nil {
		return &[]*string{jsii.String(err.Error())}
	}
	parsed, err := properties.Parse(raw)
	var wrong *properties.Error
	switch {
	case errors.As(err, &wrong):
		faults = append(faults, stringList(wrong.Faults)...)
	case err == nil:
		faults = append(faults, stringList(v.faultsOfWhole(parsed))...)
	}
	for _, fault := range slices.Concat(v.role.doublePolicies(), v.role.namelessRole(), v.role.wrongPlaces(), v.role.circles()) {
		faults = append(faults, jsii.String(fault))
	}
	return &faults
}

// faultsOfWhole are the faults that the function would find in the whole. What only the deployment knows counts as short as it can be.
func (v *validation) faultsOfWhole(p properties.Properties) []string {
	stack := v.role.Stack()
	known := func(value *string, placeholder string) string {
		if hasToken(*value) {
			return placeholder
		}
		return *value
	}
	region := known(stack.Region(), properties.LegacyRegion)
	scope := permissions.Scope{Partition: known(stack.Partition(), partitionOf(region)), Region: region,
		AccountID: known(stack.Account(), "123456789012")}
	if hasToken(*stack.Region()) || hasToken(*stack.Account()) {
		// ARNs can't be compared with the stack's.
		p.PermissionsBoundary, p.KmsKeyArns = "", nil
		for n := range p.Buckets {
			p.Buckets[n].KmsKeyArn = ""
		}
	}
	return permissions.Faults(scope, known(stack.StackName(), "s"), *stack.GetLogicalId(v.role.resource), p)
}

// partitionOf returns the partition of a Region, which CDK leaves to the deployment. See
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
func partitionOf(region string) string {
	for prefix, partition := range map[string]string{
		"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b", "eu-isoe-": "aws-iso-e", "us-isof-": "aws-iso-f",
		"eusc-": "aws-eusc",
	} {
		if strings.HasPrefix(region, prefix) {
			return partition
		}
	}
	return "aws"
}

func stringList(texts []string) []*string {
	var list []*string
	for _, text := range texts {
		list = append(list, &text)
	}
	return list
}

// literals returns the properties without tokens, which only the function can check. A placeholder replaces a name that other checks need.
func literals(all map[string]any) map[string]any {
	known := map[string]any{}
	for name, value := range all {
		if name == properties.NameBuckets {
			known[name] = literalBuckets(value)
			continue
		}
		if value, ok := literal(value); ok {
			known[name] = value
		}
	}
	if _, unknown := all[properties.NameRoleName]; unknown && known[properties.NameRoleName] == nil {
		known[properties.NameRoleName] = "Token"
	}
	return known
}

func literalBuckets(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	var known []any
	placeholders := map[any]string{}
	for n, entry := range list {
		fields := maps.Clone(entry.(map[string]any))
		for name, field := range fields {
			if field, ok := literal(field); ok {
				fields[name] = field
			} else {
				delete(fields, name)
			}
		}
		if fields[properties.FieldName] == nil {
			token := entry.(map[string]any)[properties.FieldName]
			if placeholders[token] == "" {
				placeholders[token] = fmt.Sprintf("bucket-of-a-token-%d", n)
			}
			fields[properties.FieldName] = placeholders[token]
		}
		known = append(known, fields)
	}
	return known
}

// literal returns what is known of a value; of a list, its known entries. ok is false if that is nothing.
func literal(value any) (known any, ok bool) {
	var entries []any
	switch v := value.(type) {
	case []any:
		entries = v
	case []*string:
		for _, entry := range v {
			entries = append(entries, *entry)
		}
	default:
		return value, !hasToken(value)
	}
	left := slices.DeleteFunc(slices.Clone(entries), hasToken)
	return left, len(left) > 0 || len(entries) == 0
}

// hasToken reports whether a token is anywhere in a value.
func hasToken(value any) bool {
	switch v := value.(type) {
	case []any:
		return slices.ContainsFunc(v, hasToken)
	case []*string:
		return slices.ContainsFunc(v, func(s *string) bool { return hasToken(*s) })
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), hasToken)
	case string:
		return strings.Contains(v, "${Token[") || strings.Contains(v, "#{Token[")
	case bool, int, float64:
		return false
	}
	return *awscdk.Token_IsUnresolved(value)
}
