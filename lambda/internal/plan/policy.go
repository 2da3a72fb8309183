package plan

import (
	"maps"
	"slices"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

func (c *converger) policy() {
	want := c.desired.Policy
	if want == nil {
		return
	}
	found := c.observed.Policy(want.ARN)
	if found == nil {
		created := *want
		created.Tags = maps.Clone(want.Tags)
		if len(created.Tags) < maxTags {
			created.Tags[servicerole.TagDocument] = servicerole.DocumentRecord(firstVersion, policy.Digest(want.Document))
		}
		c.policyReady = c.add(CreatePolicy{Policy: created})
		return
	}
	if tags := changedTags(want.Tags, found.Tags); len(tags) > 0 {
		c.add(TagPolicy{Policy: want.PolicyName, Tags: tags})
	}
	if isInForce(want.Document, *found) {
		return
	}
	var pruned []int
	if len(found.OtherVersions) >= maxOtherVersions {
		pruned = c.add(DeletePolicyVersion{Policy: want.PolicyName, Version: found.OtherVersions[0]})
	}
	c.newVersion = c.add(CreatePolicyVersion{Policy: want.PolicyName, Document: want.Document}, pruned...)
}

// maxTags is what IAM allows on a policy. The record is worth a tag only where there is room.
const maxTags = 50

// firstVersion is the id that IAM gives the version that a policy is created with.
const firstVersion = "v1"

func isInForce(document string, found servicerole.ObservedPolicy) bool {
	if found.Recorded != "" {
		return found.Recorded == policy.Digest(document)
	}
	return policy.Equivalent(document, found.Document)
}

// record has the next event find out which document is in force without reading it. Nothing waits for that.
func (c *converger) record() {
	want := c.desired.Policy
	if want == nil {
		return
	}
	found := c.observed.Policy(want.ARN)
	switch digest := policy.Digest(want.Document); {
	case c.newVersion != nil:
		c.add(RecordDocument{Policy: want.PolicyName, Digest: digest}, c.newVersion...)
	case found != nil && found.Recorded == "" && len(found.Tags) < maxTags:
		c.add(RecordDocument{Policy: want.PolicyName, Version: found.DefaultVersion, Digest: digest})
	}
}

// maxOtherVersions is what IAM allows beside the version in force: five in all.
const maxOtherVersions = 4

// deletePolicy adds the deletion of a policy and its versions.
func (b *builder) deletePolicy(p servicerole.ObservedPolicy, after []int) []int {
	before := slices.Clone(after)
	for _, version := range p.OtherVersions {
		before = append(before, b.add(DeletePolicyVersion{Policy: p.PolicyName, Version: version}, after...)...)
	}
	return b.add(DeletePolicy{Policy: p.PolicyName}, before...)
}
