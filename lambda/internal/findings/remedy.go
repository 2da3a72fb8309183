package findings

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
)

// change is a policy with one statement changed.
type change struct{ document, statement string }

// exception is a condition that keeps a statement from being about an identity.
type exception struct {
	// operators are those below which the key may be in a statement already; the first one is for a new condition.
	operators  []string
	key, value string
}

// exceptions are those for both identities. An identity that the key of the other one isn't about keeps being denied by it: a negated
// operator matches where its key is absent.
func exceptions(who []string, roleARN string) []exception {
	var all []exception
	if slices.Contains(who, Role) {
		all = append(all, exception{[]string{"ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike"}, "aws:PrincipalArn", roleARN})
	}
	if slices.Contains(who, Service) {
		all = append(all, exception{[]string{"StringNotEquals", "StringNotLike"}, "aws:PrincipalServiceName", policy.ServicePrincipal})
	}
	return all
}

// except returns what to add to the condition of a statement so that it isn't about some identities, and the policy with it. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func except(text string, index int, who []string, roleARN string) (string, change) {
	var document map[string]any
	if json.Unmarshal([]byte(text), &document) != nil {
		return "", change{}
	}
	statement, _ := document["Statement"].(map[string]any)
	if list, ok := document["Statement"].([]any); ok && index < len(list) {
		statement, _ = list[index].(map[string]any)
	}
	if statement == nil {
		return "", change{}
	}
	conditions, _ := statement["Condition"].(map[string]any)
	if conditions == nil {
		conditions = map[string]any{}
		statement["Condition"] = conditions
	}
	var additions []string
	for _, e := range exceptions(who, roleARN) {
		e.addTo(conditions)
		additions = append(additions, `"`+e.operators[0]+`":{"`+e.key+`":"`+e.value+`"}`)
	}
	return strings.Join(additions, ","), change{encode(document), inOrder(statement)}
}

// addTo adds the exception to conditions, to a list of exceptions where there is one.
func (e exception) addTo(conditions map[string]any) {
	for operator, value := range conditions {
		keys, ok := value.(map[string]any)
		base := strings.TrimSuffix(strings.ToLower(operator), "ifexists")
		if !ok || !slices.ContainsFunc(e.operators, func(name string) bool { return strings.EqualFold(name, base) }) {
			continue
		}
		for key, values := range keys {
			if strings.EqualFold(key, e.key) {
				list, isList := values.([]any)
				if !isList {
					list = []any{values}
				}
				keys[key] = append(list, e.value)
				return
			}
		}
	}
	keys, ok := conditions[e.operators[0]].(map[string]any)
	if !ok {
		keys = map[string]any{}
		conditions[e.operators[0]] = keys
	}
	keys[e.key] = e.value
}

// inOrder is a statement in the order in which people write it.
func inOrder(statement map[string]any) string {
	var b strings.Builder
	for _, name := range []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
		"Condition"} {
		if value, ok := statement[name]; ok {
			b.WriteString(`,"` + name + `":` + encode(value))
		}
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// What was JSON is.
	_ = e.Encode(v)
	return strings.TrimSpace(b.String())
}
