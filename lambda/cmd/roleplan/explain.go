package main

import (
	"slices"
	"strings"

	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// permission is one action that a document allows, and why.
type permission struct {
	// Document is the ARN of the policy or the role, or the name of the bucket or key, that has the statement.
	Document  string   `json:"document"`
	Statement string   `json:"statement"`
	Action    string   `json:"action"`
	Resources []string `json:"resources"`
	// For says what needs it: uses, or a property.
	For  []string `json:"for"`
	Page string   `json:"page"`
}

// The pages of AWS that say what is needed.
const (
	pagesOfPersonalize = "https://docs.aws.amazon.com/personalize/latest/dg/"
	pageSetUp          = pagesOfPersonalize + "set-up-required-permissions.html"
	pageDeputy         = pagesOfPersonalize + "cross-service-confused-deputy-prevention.html"
	pageS3             = pagesOfPersonalize + "granting-personalize-s3-access.html"
	pageKeys           = pagesOfPersonalize + "granting-personalize-key-access.html"
	pageMetrics        = pagesOfPersonalize + "metric-attribution-requirements.html"
	pageMonitoring     = pagesOfPersonalize + "personalize-monitoring.html"
)

// permissionsOf explains each action of each document that the plan is about.
func permissionsOf(p *handler.Preview) []permission {
	d := p.Desired
	if d == nil {
		return nil
	}
	var all []permission
	add := func(of string, statements ...policy.Statement) {
		for _, s := range statements {
			for _, action := range s.Action {
				why, page := reason(d.Properties(), action, s.Resource)
				resources := decisive(action, s.Resource)
				if len(resources) == 0 {
					resources = []string{of}
				}
				all = append(all, permission{Document: of, Statement: s.Sid, Action: action, Resources: resources, For: why, Page: page})
			}
		}
	}
	add(d.Role.ARN, policy.ParseDocument(d.Role.Trust).Statement...)
	for _, arn := range d.AWSManaged {
		name := arn[strings.LastIndex(arn, "/")+1:]
		why, page := properties.NamePersonalizeAccess, pageSetUp
		if name != properties.PersonalizeFullAccess {
			why, page = properties.NameCloudWatchAccess, pageMonitoring
		}
		all = append(all, permission{Document: arn, Action: "(all of " + name + ")", Resources: []string{"*"}, For: []string{why}, Page: page})
	}
	if d.Policy != nil {
		add(d.Policy.ARN, policy.ParseDocument(d.Policy.Document).Statement...)
	}
	for _, b := range d.Buckets {
		if b.Managed {
			add(b.Name, b.Statements...)
		}
	}
	for _, key := range d.Keys {
		if key.Managed {
			add(key.ARN, key.Statement)
		}
	}
	return all
}

// reason returns what an action on resources is for, and the page of AWS that says so.
func reason(p properties.Properties, action string, resources []string) (why []string, page string) {
	switch {
	case action == "sts:AssumeRole":
		return []string{"every use"}, pageDeputy
	case strings.HasPrefix(action, "kms:"):
		return []string{"what is encrypted with the key"}, pageKeys
	case action == "cloudwatch:PutMetricData":
		return []string{properties.UseMetricAttribution}, pageMetrics
	case strings.HasPrefix(action, "personalize:"):
		return []string{properties.NamePersonalizeAccess}, pageSetUp
	}
	page = pageS3
	for _, use := range properties.Uses() {
		if !slices.Contains(properties.UsesOf(action), use) {
			continue
		}
		if slices.ContainsFunc(p.Buckets, func(b properties.Bucket) bool { return slices.Contains(b.Uses, use) && isOn(b.Name, resources) }) {
			why = append(why, use)
		}
	}
	if len(why) == 1 && why[0] == properties.UseMetricAttribution {
		page = pageMetrics
	}
	return why, page
}

// decisive are the resources that an action is about, of those of its statement: listing is about the bucket, the others about objects.
func decisive(action string, resources []string) []string {
	all := list([]string(nil))
	for _, arn := range resources {
		_, inS3, isS3 := strings.Cut(arn, ":s3:::")
		if !isS3 || strings.Contains(inS3, "/") != (action == properties.ActionList) {
			all = append(all, arn)
		}
	}
	return all
}

// isOn reports whether resources are a bucket, or objects of it.
func isOn(bucket string, resources []string) bool {
	return slices.ContainsFunc(resources, func(arn string) bool {
		_, name, _ := strings.Cut(arn, ":s3:::")
		name, _, _ = strings.Cut(name, "/")
		return name == bucket
	})
}

func (p printer) explain(r result) {
	p.line(bold, "Permissions of %s, and what they are for:", r.resource)
	for _, x := range permissionsOf(r.preview) {
		p.line("", "  %s on %s", x.Action, strings.Join(x.Resources, ", "))
		p.line("", "      for %s, in %s (%s)", strings.Join(x.For, ", "), x.Document, x.Page)
	}
}
