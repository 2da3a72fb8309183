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
		if len(created.Tags) < servicerole.MaxTags && !c.desired.HasDefaultKeys {
			created.Tags[servicerole.TagDocument] = servicerole.DocumentRecord(firstVersion, policy.Digest(want.Document))
		}
		c.policyReady = c.add(CreatePolicy{Policy: created})
		return
	}
	c.tagPolicy(*found)
	if isInForce(want.Document, *found) {
		return
	}
	var pruned []int
	if len(found.OtherVersions) >= maxOtherVersions {
		pruned = c.add(DeletePolicyVersion{Policy: want.PolicyRef, Version: found.OtherVersions[0]})
	}
	c.newVersion = c.add(CreatePolicyVersion{Policy: want.PolicyRef, Document: want.Document}, pruned...)
}

// firstVersion is the ID of the version that a policy is created with.
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
	if want == nil || c.desired.HasDefaultKeys {
		return
	}
	found := c.observed.Policy(want.ARN)
	if found == nil {
		return
	}
	all := maps.Clone(found.Tags)
	maps.Copy(all, want.Tags)
	// The record takes a tag only if the tags of the user leave one.
	all[servicerole.TagDocument] = ""
	switch digest := policy.Digest(want.Document); {
	case len(all) > servicerole.MaxTags:
	case c.newVersion != nil:
		c.add(RecordDocument{Policy: want.PolicyRef, Digest: digest}, c.newVersion...)
	case found.Recorded == "":
		c.add(RecordDocument{Policy: want.PolicyRef, Version: found.DefaultVersion, Digest: digest})
	}
}

// maxOtherVersions is what IAM allows beside the version in force: five in all.
const maxOtherVersions = 4

// deletePolicy adds the deletion of a policy and its versions.
func (b *builder) deletePolicy(p servicerole.ObservedPolicy, after []int) []int {
	before := slices.Clone(after)
	for _, version := range p.OtherVersions {
		before = append(before, b.add(DeletePolicyVersion{Policy: p.PolicyRef, Version: version}, after...)...)
	}
	return b.add(DeletePolicy{Policy: p.PolicyRef}, before...)
}
