package personalizerole

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"personalize-role/lambda/permissions/permissionstest"
)

// deployed gives tokens the values that a deployment would.
func deployedValue(value any) any {
	switch v := value.(type) {
	case []any:
		var list []any
		for _, e := range v {
			list = append(list, deployedValue(e))
		}
		return list
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok {
			return deployedRef(ref)
		}
		if get, ok := v["Fn::GetAtt"].([]any); ok {
			id, _ := get[0].(string)
			switch {
			case strings.HasPrefix(id, "Made"), strings.HasPrefix(id, "Named"), strings.HasPrefix(id, "Encrypted") && !strings.Contains(id, "Key"):
				return "arn:aws:s3:::" + strings.ToLower(id)
			case strings.Contains(id, "Key"):
				return "arn:aws:kms:" + someRegion + ":" + someAccount + ":key/" + strings.ToLower(id)
			}
			return "arn:aws:lambda:" + someRegion + ":" + someAccount + ":function:" + id
		}
		if join, ok := v["Fn::Join"].([]any); ok {
			var parts []string
			list, _ := deployedValue(join[1]).([]any)
			for _, part := range list {
				parts = append(parts, fmt.Sprint(part))
			}
			return strings.Join(parts, fmt.Sprint(join[0]))
		}
		if split, ok := v["Fn::Split"].([]any); ok {
			var list []any
			for part := range strings.SplitSeq(fmt.Sprint(deployedValue(split[1])), fmt.Sprint(split[0])) {
				list = append(list, part)
			}
			return list
		}
		all := map[string]any{}
		for key, e := range v {
			all[key] = deployedValue(e)
		}
		return all
	}
	return value
}

func deployedRef(id string) any {
	switch {
	case id == "AWS::Partition":
		return "aws"
	case id == "AWS::Region":
		return someRegion
	case id == "AWS::AccountId":
		return someAccount
	case strings.HasPrefix(id, "Quoted"):
		return `a "quoted" \ text`
	case strings.HasPrefix(id, "Seconds"):
		return "7200"
	case strings.HasPrefix(id, "Regions"):
		return []any{someRegion, "us-east-1"}
	case strings.HasPrefix(id, "Prefixes"):
		return []any{"of-list/"}
	case strings.HasPrefix(id, "Path"):
		return "/of/token/"
	case strings.HasPrefix(id, "Prefix"):
		return "of-token/"
	}
	return strings.ToLower(id)
}

// grants reports whether a statement allows an action on a resource, conditions aside.
func grants(statement map[string]any, need permissionstest.Need) bool {
	matches := func(pattern string) bool {
		// A * of IAM matches slashes too.
		matched, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(need.Resource, "/", "|"))
		return err == nil && matched
	}
	return slices.Contains(manyOf(statement["Action"]), need.Action) && slices.ContainsFunc(manyOf(statement["Resource"]), matches)
}

func manyOf(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, fmt.Sprint(e))
		}
		return list
	}
	return nil
}
