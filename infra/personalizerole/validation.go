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
	var wrong *properties.Error
	if _, err := properties.Parse(raw); errors.As(err, &wrong) {
		for _, fault := range wrong.Faults {
			faults = append(faults, jsii.String(fault))
		}
	}
	for _, arn := range v.role.keyARNs() {
		if strings.Contains(arn, ":alias/") {
			faults = append(faults, jsii.String("Keys must be keys, not aliases, which neither Personalize nor IAM policies take: use "+
				"awskms.Key_FromLookup or Key_FromKeyArn"))
		}
	}
	for _, fault := range slices.Concat(v.role.doublePolicies(), v.role.namelessRole()) {
		faults = append(faults, jsii.String(fault))
	}
	return &faults
}

// literals puts placeholders in the place of tokens, which only the function can check: whatever depends on one counts as right.
func literals(all map[string]any) map[string]any {
	known := map[string]any{}
	for name, value := range all {
		if name == properties.NameBuckets {
			known[name] = literalBuckets(value)
			continue
		}
		if !hasToken(value) {
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
			if hasToken(field) {
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
	case bool, int:
		return false
	}
	return *awscdk.Token_IsUnresolved(value)
}
