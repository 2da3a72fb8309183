package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/template"
	"personalize-role/lambda/properties"
)

// fromTemplate returns the requests for every resource of the type in a template, and for those that leave the deployed stack.
func fromTemplate(t *template.Template, to target) (requests, error) {
	if slices.ContainsFunc(t.IDs, func(id string) bool { return strings.HasPrefix(id, "Fn::") }) {
		return requests{}, errors.New("functions such as Fn::ForEach that create resources are not evaluated. Use the processed template: " +
			"aws cloudformation get-template --template-stage Processed")
	}
	resolver, err := to.resolver(t)
	if err != nil {
		return requests{}, err
	}
	to.physical = physicalIDs(t, to.deployed.physical)
	resolver.Name(to.physical)
	found := requests{boundary: boundaryOf(t, resolver)}
	found.declared, found.notes = declared(t, resolver, to.deployed.physical)
	var ids []string
	made := map[string]bool{}
	for _, id := range t.IDs {
		if t.Resources[id].Type != properties.ResourceType {
			continue
		}
		ids = append(ids, id)
		isMade, known := resolver.Made(id)
		if made[id] = isMade || !known; !made[id] || !to.isAsked(id) {
			continue
		}
		forget := func() {}
		if !known {
			forget = resolver.Suppose(t.Resources[id].Condition)
		}
		given := resolver.Value(t.Resources[id].Properties)
		forget()
		if given == nil {
			given = map[string]any{}
		}
		r, err := to.request(id, given)
		if err != nil {
			return found, err
		}
		r.keepsFormer = t.Resources[id].UpdateReplacePolicy == "Retain"
		if !known {
			r.assumed = append(r.assumed, assumption{Property: "Condition", Of: "condition " + t.Resources[id].Condition, Assumed: "true"})
		}
		found.all = append(found.all, r)
	}
	if faults := resolver.Faults(); len(faults) > 0 {
		return found, fmt.Errorf("%s. Correct the template", strings.Join(faults, "; "))
	}
	for _, id := range to.deployed.ids {
		if !made[id] && to.isAsked(id) && to.deployed.resources[id].isThere() {
			ids = append(ids, id)
			found.all = append(found.all, to.removal(id))
		}
	}
	switch {
	case len(ids) == 0:
		return found, fmt.Errorf("it has no resource of type %s", properties.ResourceType)
	case to.resource != "" && !slices.Contains(ids, to.resource):
		return found, fmt.Errorf("it has no resource %s of type %s. It has %s", to.resource, properties.ResourceType, strings.Join(ids, ", "))
	case len(found.all) == 0:
		return found, fmt.Errorf("the conditions of the template exclude every resource of type %s: %s", properties.ResourceType,
			strings.Join(ids, ", "))
	}
	return found, nil
}

// boundaryOf is the boundary that the function of a template requires, as its environment has it; empty if there is none.
func boundaryOf(t *template.Template, r *template.Resolver) string {
	for _, id := range t.IDs {
		if t.Resources[id].Type != "AWS::Lambda::Function" {
			continue
		}
		function, _ := r.Value(t.Resources[id].Properties).(map[string]any)
		environment, _ := function["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		if boundary, ok := variables[properties.RequiredBoundaryVariable].(string); ok {
			return boundary
		}
	}
	return ""
}

func (to target) isAsked(id string) bool { return to.resource == "" || to.resource == id }

// resolver evaluates a template with the parameters that are given, and those of the deployed stack.
func (to target) resolver(t *template.Template) (*template.Resolver, error) {
	given := maps.Clone(map[string]string(to.parameters))
	for name, value := range given {
		previous, deployed := to.deployed.parameters[name]
		switch {
		case value != usePrevious:
		case deployed:
			given[name] = previous
		default:
			return nil, fmt.Errorf("parameter %s has UsePreviousValue, and no deployed stack has a value of it. Use -stack, or give a value", name)
		}
	}
	for name, value := range to.deployed.parameters {
		if _, ok := given[name]; !ok && t.Parameters[name].Type != "" {
			given[name] = value
		}
	}
	// What isn't known has nothing to check.
	var hidden []string
	maps.DeleteFunc(given, func(name, value string) bool {
		if value == hiddenValue {
			hidden = append(hidden, name)
		}
		return value == hiddenValue
	})
	resolver, err := t.Resolve(given, to.pseudo())
	if err != nil {
		return nil, err
	}
	for name, value := range to.deployed.resolved {
		if given[name] == to.deployed.parameters[name] && t.Parameters[name].Type != "" {
			resolver.Set(name, value)
		}
	}
	for _, name := range hidden {
		resolver.Set(name, template.Unknown{Of: "parameter " + name + ", which has NoEcho"})
	}
	return resolver, nil
}
