package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/plan"
)

// result is the plan for one resource.
type result struct {
	request
	preview *handler.Preview
	// action is what happens to the role; empty if nothing happens to anything.
	action plan.Action
	// notes say what of the template isn't evaluated.
	notes []string
}

func resultOf(r request, p *handler.Preview, notes []string) result {
	out := result{request: r, preview: p, notes: notes}
	for _, c := range out.changes() {
		switch {
		case c.Kind == plan.KindRole:
			out.action = c.Action
		case out.action == "":
			out.action = plan.Update
		}
	}
	return out
}

// refusals are the reasons why nothing is done, with what to do.
func (r result) refusals() []string {
	var all []string
	for _, refusal := range r.preview.Plan.Refusals {
		all = append(all, refusal.Message(false))
	}
	return all
}

// unfound are the refusals that no finding repeats: with Findings: Fail, a finding is a refusal too.
func (r result) unfound() []string {
	var all []string
	for _, refusal := range r.preview.Plan.Refusals {
		repeats := func(f findings.Finding) bool {
			reason, _ := f.Refusal()
			return reason == refusal.Reason
		}
		if !slices.ContainsFunc(r.preview.Findings, repeats) {
			all = append(all, refusal.Message(false))
		}
	}
	return all
}

// warnings returns the plan's warnings, the notes about the template, and why drift remains or a replaced role is not deleted.
func (r result) warnings() []string {
	all := slices.Concat(r.preview.Plan.Warnings, r.notes)
	if r.isUnchanged && len(r.preview.Changes()) > 0 {
		all = append(all, "the account differs from the properties, which stay the same, so that CloudFormation sends no event. Use -stack "+
			"without a file to see the drift, and change Revision to have it restored")
	}
	if r.keepsFormer && r.event["PhysicalResourceId"] != nil && r.event["PhysicalResourceId"] != r.preview.Role.ARN {
		all = append(all, fmt.Sprintf("the former role %s stays (UpdateReplacePolicy: Retain)", r.event["PhysicalResourceId"]))
	}
	if r.preview.CleanUp != nil {
		for _, refusal := range r.preview.CleanUp.Plan.Refusals {
			all = append(all, "the former role could not be deleted: "+refusal.Message(false))
		}
	}
	return all
}

// changes are those of the plan; none where CloudFormation sends no event.
func (r result) changes() []plan.Change {
	if r.isUnchanged {
		return nil
	}
	return r.preview.Changes()
}

// allChanges are those of the plan and of the deletion that follows a replacement.
func (r result) allChanges() []plan.Change {
	if len(r.refusals()) > 0 {
		return nil
	}
	all := r.changes()
	if r.preview.CleanUp != nil {
		all = append(all, r.preview.CleanUp.Changes()...)
	}
	return all
}

// fails reports whether a finding is at least as severe as a limit.
func (r result) fails(limit findings.Severity) bool {
	return slices.ContainsFunc(r.preview.Findings, func(f findings.Finding) bool { return limit != "" && f.Severity.AtLeast(limit) })
}

// schemaVersion grows when a field changes its meaning or goes. New fields don't change it.
const schemaVersion = 1

// The form of -json, which docs/roleplan.md describes.
type (
	jsonPlan struct {
		SchemaVersion int            `json:"schemaVersion"`
		Resources     []jsonResource `json:"resources"`
	}
	jsonResource struct {
		LogicalID string        `json:"logicalId"`
		RoleARN   string        `json:"roleArn"`
		Action    string        `json:"action"`
		Assumed   []assumption  `json:"knownAfterDeployment"`
		IsExample bool          `json:"namesAreExamples"`
		Refusals  []string      `json:"refusals"`
		Changes   []jsonChange  `json:"changes"`
		CleanUp   []jsonChange  `json:"cleanUp"`
		Findings  []jsonFinding `json:"findings"`
		Warnings  []string      `json:"warnings"`
		Explained []permission  `json:"permissions,omitempty"`
	}
	jsonChange struct {
		Action     plan.Action     `json:"action"`
		Kind       string          `json:"kind"`
		Name       string          `json:"name"`
		Attributes []jsonAttribute `json:"attributes"`
	}
	jsonAttribute struct {
		Name   string `json:"name"`
		Before string `json:"before"`
		After  string `json:"after"`
	}
	jsonFinding struct {
		Code       findings.Code     `json:"code"`
		Severity   findings.Severity `json:"severity"`
		Resource   string            `json:"resource"`
		Identities []string          `json:"identities"`
		Actions    []string          `json:"actions"`
		Statement  string            `json:"statement"`
		DependsOn  []string          `json:"dependsOn"`
		Problem    string            `json:"problem"`
		Remedy     string            `json:"remedy"`
		Fix        string            `json:"fix"`
	}
)

func jsonChanges(changes []plan.Change) []jsonChange {
	all := []jsonChange{}
	for _, c := range changes {
		list := []jsonAttribute{}
		for _, a := range c.Attributes {
			list = append(list, jsonAttribute(a))
		}
		all = append(all, jsonChange{c.Action, c.Kind, c.Name, list})
	}
	return all
}

// list is an empty list for none, which consumers of JSON can walk.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

func writeJSON(out io.Writer, results []result, explain bool) error {
	p := jsonPlan{SchemaVersion: schemaVersion, Resources: []jsonResource{}}
	for _, r := range results {
		resource := jsonResource{LogicalID: r.resource, RoleARN: r.preview.Role.ARN, Action: "none", Assumed: list(r.assumed),
			IsExample: r.isExample, Refusals: list(r.refusals()), Changes: []jsonChange{}, CleanUp: []jsonChange{}, Findings: []jsonFinding{},
			Warnings: list(r.warnings())}
		switch {
		case len(r.refusals()) > 0:
			resource.Action = "refused"
		case r.isRetained:
			resource.Action = "retain"
		case r.preview.CleanUp != nil:
			resource.Action = "replace"
		case r.action != "":
			resource.Action = string(r.action)
		}
		if len(r.refusals()) == 0 {
			resource.Changes = jsonChanges(r.changes())
			if r.preview.CleanUp != nil {
				resource.CleanUp = jsonChanges(r.preview.CleanUp.Changes())
			}
		}
		for _, f := range r.preview.Findings {
			resource.Findings = append(resource.Findings, jsonFinding{f.Code, f.Severity, f.Resource, list(f.Identities), list(f.Actions),
				f.Statement, list(f.DependsOn), f.Problem, f.Remedy, f.Fix})
		}
		if explain {
			resource.Explained = list(permissionsOf(r.preview))
		}
		p.Resources = append(p.Resources, resource)
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(p); err != nil {
		return fmt.Errorf("write the plan as JSON: %w", err)
	}
	return nil
}
