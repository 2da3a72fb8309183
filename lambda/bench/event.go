package main

import (
	"encoding/json"

	"personalize-role/lambda/properties"
)

const stackID = "arn:aws:cloudformation:eu-west-1:" + accountID + ":stack/bench/5f9f7a30-0000-11f0-8000-0a58a9feac02"

// desired are the properties of an event, of which the peers read Buckets only.
type desired struct {
	buckets []string
	// readOnly leaves the policies of the buckets to others.
	readOnly bool
	uses     []string
	// description shows in nothing that a role may do.
	description string
	session     string
	// regions are those that the role trusts.
	regions []string
}

func (d desired) properties() map[string]any {
	p := map[string]any{"ServiceToken": functionARN, "PropagationDelaySeconds": "0", "Buckets": d.buckets}
	if d.readOnly {
		var list []map[string]any
		for _, name := range d.buckets {
			list = append(list, map[string]any{"Name": name, properties.FieldManageBucketPolicy: false})
		}
		p["Buckets"] = list
	}
	if d.uses != nil {
		p["Uses"] = d.uses
	}
	if d.description != "" {
		p["Description"] = d.description
	}
	if d.regions != nil {
		p["SourceRegions"] = d.regions
	}
	if d.session != "" {
		p["MaxSessionDuration"] = d.session
	}
	return p
}

// event returns an event, and has CloudFormation say that it is under way.
func (c *cloud) event(request string, id string, now desired, old *desired) string {
	status := map[string]string{"Create": "CREATE_IN_PROGRESS", "Update": "UPDATE_IN_PROGRESS", "Delete": "DELETE_IN_PROGRESS"}[request]
	c.cfn.Say(status, id, status)
	e := map[string]any{
		"RequestType": request, "ResponseURL": c.responseURL, "StackId": stackID, "RequestId": "r-1",
		"ResourceType": properties.ResourceType, "LogicalResourceId": "Role", "ServiceToken": functionARN,
		"ResourceProperties": now.properties(),
	}
	if id != "" {
		e["PhysicalResourceId"] = id
	}
	if old != nil {
		e["OldResourceProperties"] = old.properties()
	}
	text, err := json.Marshal(e)
	if err != nil {
		// Strings, lists and maps only.
		panic(err)
	}
	return string(text)
}

// bucketNames are the names of the first buckets.
func bucketNames(count int) []string {
	names := []string{}
	for n := range count {
		names = append(names, bucketName(n))
	}
	return names
}
