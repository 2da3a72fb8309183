package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/template"
	"personalize-role/lambda/properties"
)

// assumption is a value that is known only after the deployment, and what stands for it in the plan; empty if the property is left out.
type assumption struct {
	Property string `json:"property"`
	Of       string `json:"of"`
	Assumed  string `json:"assumed,omitempty"`
}

// assumer puts values in the place of those that aren't known, which have the form that their property needs.
type assumer struct {
	identity servicerole.Identity
	made     []assumption
	// physical are the IDs of the template's buckets and keys.
	physical map[string]string
	// taken are the values by their property: lists refuse one that is there twice.
	taken map[string]bool
}

// assume returns the properties of a resource without unknown values. at is where in the properties the value is, property the name of the
// innermost one.
func (a *assumer) assume(v any, at, property string) any {
	switch v := v.(type) {
	case map[string]any:
		all := map[string]any{}
		for _, key := range sortedKeys(v) {
			inner := key
			if property == properties.NameTags {
				// The fields of a tag are none of the resource's.
				inner = properties.NameTags
			}
			if value := a.assume(v[key], strings.TrimPrefix(at+"."+key, "."), inner); value != nil {
				all[key] = value
			}
		}
		return all
	case []any:
		list := []any{}
		for n, element := range v {
			if value := a.assume(element, fmt.Sprintf("%s[%d]", at, n), property); value != nil {
				list = append(list, value)
			}
		}
		return list
	case string:
		if of, ok := a.standsFor(v); ok {
			a.made = append(a.made, assumption{Property: at, Of: of, Assumed: v})
		}
	case template.Unknown:
		stand := a.unique(v.Of, at, property)
		if property != "ServiceToken" {
			a.made = append(a.made, assumption{Property: cmp.Or(at, "Properties"), Of: v.Of, Assumed: stand})
		}
		switch {
		case at == "":
			return map[string]any{}
		case stand == "":
			return nil
		}
		lists := []string{properties.NameBuckets, properties.NameKmsKeyArns, properties.FieldPrefixes, properties.NameSourceRegions}
		if slices.Contains(lists, property) && !strings.HasSuffix(at, "]") {
			return []any{stand}
		}
		return stand
	}
	return v
}

// standsFor returns the resource of the template that a value stands for, if it is the name of one that isn't deployed.
func (a *assumer) standsFor(value string) (string, bool) {
	for id, name := range a.physical {
		if isStandIn(name) && strings.HasSuffix(value, name) {
			return id, true
		}
	}
	return "", false
}

// unique returns a value that isn't in another place of the property, since two expressions may depend on one thing; empty if there is
// none.
func (a *assumer) unique(of, at, property string) string {
	if property == properties.NameTags && !strings.Contains(at, ".") {
		// A whole tag, or all of them.
		return ""
	}
	stand := a.standIn(of, property)
	for n := 2; stand != "" && a.taken[property+" "+stand]; n++ {
		another := a.standIn(fmt.Sprintf("%d %s", n, of), property)
		if another == stand {
			// There is one Region to take, and texts may be alike.
			if property == properties.NameSourceRegions {
				return ""
			}
			return stand
		}
		stand = another
	}
	a.taken[property+" "+stand] = true
	return stand
}

const later = "known-after-deployment"

// standIn returns a value for an expression in the form that a property needs; empty if there is none, since the property has few values.
func (a *assumer) standIn(of, property string) string {
	name := standInName(strings.TrimPrefix(of, "parameter "))
	i := a.identity
	switch property {
	case properties.NameBuckets, properties.FieldName, properties.NameRoleName, properties.NamePolicyName:
		return name
	case properties.NameKmsKeyArns, properties.FieldKmsKeyArn:
		return fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", i.Partition, i.Region, i.AccountID, name)
	case properties.NamePermissionsBoundary:
		return fmt.Sprintf("arn:%s:iam::%s:policy/%s", i.Partition, i.AccountID, name)
	case properties.NamePath, properties.FieldPrefixes:
		prefix := ""
		if property == properties.NamePath {
			prefix = "/"
		}
		return prefix + name + "/"
	case properties.NameSourceRegions:
		return i.Region
	case properties.NameDescription, properties.NameTags, properties.NameRevision, "ServiceToken":
		return later
	}
	return ""
}

// standInName is a name in the place of that of an expression or a resource, in the form of a bucket's.
func standInName(of string) string {
	name := later + "-" + strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, of), "-")
	return strings.TrimRight(name[:min(len(name), 60)], "-")
}
