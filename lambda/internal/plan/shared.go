package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// refuseShared refuses buckets and keys if the statement can't be added to their policy, or can't be removed from it. Buckets and keys of
// earlier properties may have been deleted since. A rollback continues despite these refusals.
func (c *converger) refuseShared() {
	d, o := c.desired, c.observed
	for _, b := range d.Buckets {
		if found := o.Buckets[b.Name]; !isGoneSince(d.Formerly.Buckets, b.Name, found) {
			c.refuseAll(refuseBucket(d, b, found))
		}
	}
	for _, key := range d.Keys {
		if found := o.Keys[key.ARN]; !key.OfOthers && !isGoneSince(d.Formerly.Keys, key.ARN, found) {
			c.refuseAll(refuseKey(d, key, found))
		}
	}
	managed := managed(d)
	for _, name := range d.Formerly.Managed {
		for _, found := range []servicerole.ObservedShared{o.Buckets[name], o.Keys[name]} {
			if found.Presence == servicerole.Denied && !managed[name] {
				c.refuseAll(&Refusal{Cause: found.Denial})
			}
		}
	}
}

func (c *converger) refuseAll(r *Refusal) {
	if r != nil {
		r.Waivable = true
		c.plan.Refusals = append(c.plan.Refusals, *r)
	}
}

func isGoneSince(formerly []string, name string, found servicerole.ObservedShared) bool {
	gone := found.Presence == servicerole.Missing || found.Presence == servicerole.InAnotherRegion || found.IsDoomed()
	return gone && slices.Contains(formerly, name)
}

// managed returns the buckets and keys whose policies are to have the statement.
func managed(d servicerole.Desired) map[string]bool {
	names := map[string]bool{}
	for _, b := range d.Buckets {
		if b.Managed {
			names[b.Name] = true
		}
	}
	for _, k := range d.Keys {
		if k.Managed {
			names[k.ARN] = true
		}
	}
	return names
}

func refuseBucket(d servicerole.Desired, b servicerole.BucketGrant, found servicerole.ObservedShared) *Refusal {
	switch found.Presence {
	case servicerole.Missing:
		return refusal("Create the bucket first, or correct the name.", "bucket %s does not exist", b.Name)
	case servicerole.InAnotherRegion:
		return refusal(fmt.Sprintf("Deploy the stack in the Region of the bucket too, or use a bucket in %s.", d.Identity.Region),
			"bucket %s is in %s, and Personalize can read only buckets in its own Region, %s", b.Name, found.RegionName(), d.Identity.Region)
	case servicerole.InAnotherAccount:
		return nil
	}
	switch {
	case !b.Managed:
		return nil
	case found.Presence == servicerole.Denied:
		return &Refusal{Cause: found.Denial}
	}
	return refuseDocument(found, d.Sid, b.Statements, nil, policy.MaxBucketPolicySize, "bucket "+b.Name,
		"Name fewer Prefixes, set ManageBucketPolicy to false and merge "+
			"statements by hand, or remove statements that are no longer needed.")
}

func refuseKey(d servicerole.Desired, key servicerole.KeyGrant, found servicerole.ObservedShared) *Refusal {
	switch {
	case found.Presence == servicerole.Missing, found.IsDoomed():
		return refusal("Create the key first, cancel its deletion, or correct the ARN.", "KMS key %s does not exist or is pending deletion",
			key.ARN)
	case !key.Managed:
		return nil
	case found.Presence == servicerole.Denied:
		return &Refusal{Cause: found.Denial}
	}
	return refuseDocument(found, d.Sid, []policy.Statement{key.Statement}, d.FormerSids, policy.MaxKeyPolicySize, "KMS key "+key.ARN,
		"Remove statements that are no longer needed, or set ManageKeyPolicies to false and merge statements by hand.")
}

func refusal(advice, format string, args ...any) *Refusal {
	return &Refusal{Reason: fmt.Sprintf(format, args...), Advice: advice}
}

// refuseDocument refuses a policy that can't be read, or would grow beyond its service's limit.
func refuseDocument(found servicerole.ObservedShared, sid string, statements []policy.Statement, former []string, limit int,
	of, narrow string) *Refusal {
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return refusal("Correct the policy by hand.", "the policy of %s can't be read: %v", of, err)
	}
	put, changed := shared.Put(sid, statements, former...)
	if size := put.Size(); changed && size > limit {
		return refusal(narrow, "the policy of %s would have %d bytes, above the limit of %d. The statements take %d of them", of, size, limit,
			sizeOf(statements))
	}
	return nil
}

func sizeOf(statements []policy.Statement) (bytes int) {
	for _, s := range statements {
		bytes += len(s.String())
	}
	return bytes
}

// mergeStatements adds what the policies of buckets and keys lack. It waits for the role: while the role exists, a Delete knows that a
// policy which it can't read may have a statement.
func (c *converger) mergeStatements() {
	for _, b := range c.desired.Buckets {
		found := c.observed.Buckets[b.Name]
		if b.Managed && lacks(found, c.desired.Sid, b.Statements, nil) && refuseBucket(c.desired, b, found) == nil {
			c.add(PutBucketStatements{Bucket: c.desired.Identity.Bucket(b.Name), Sid: c.desired.Sid, Statements: b.Statements}, c.roleReady...)
		}
	}
	for _, key := range c.desired.Keys {
		found, statements := c.observed.Keys[key.ARN], []policy.Statement{key.Statement}
		if key.Managed && lacks(found, c.desired.Sid, statements, c.desired.FormerSids) && refuseKey(c.desired, key, found) == nil {
			after := c.roleReady
			if key.Found {
				// The role's own policy is where the key is found again.
				after = slices.Concat(after, c.policyReady, c.newVersion)
			}
			c.add(PutKeyStatement{Key: key.ARN, Statement: key.Statement, FormerSids: c.desired.FormerSids}, after...)
		}
	}
}

func lacks(found servicerole.ObservedShared, sid string, statements []policy.Statement, former []string) bool {
	if found.Presence != servicerole.Present {
		return false
	}
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return false
	}
	_, changed := shared.Put(sid, statements, former...)
	return changed
}

// dropStatements removes what earlier properties asked for and these don't. It returns the steps that are about keys.
func (c *converger) dropStatements(added []int) (keys []int) {
	managed := managed(c.desired)
	for _, name := range c.desired.Formerly.Buckets {
		if !managed[name] && c.observed.Buckets[name].HasStatement(c.desired.Sid) {
			c.add(RemoveBucketStatements{Bucket: c.desired.Identity.Bucket(name), Sid: c.desired.Sid}, added...)
		}
	}
	for _, arn := range c.desired.Formerly.Keys {
		if !managed[arn] && c.observed.Keys[arn].HasStatement(c.desired.Sid) {
			keys = append(keys, c.add(RemoveKeyStatement{Key: arn, Sid: c.desired.Sid}, added...)...)
			c.plan.Unfinished = c.plan.Unfinished || slices.Contains(c.desired.Retained, arn)
		}
	}
	return keys
}

// removeStatements removes the statements from the policies of buckets and keys. Their Sid is this resource's alone, whoever owns the
// role. A policy that was extended and can't be read blocks it, but only while the role exists: before it is created, and after
// it is deleted, no statement is left.
func (d *destroyer) removeStatements() []int {
	var steps []int
	for _, name := range d.goal.Buckets {
		found := d.observed.Buckets[name]
		d.refuseUnreadable(found, name, "bucket "+name)
		if found.HasStatement(d.goal.Sid) {
			steps = append(steps, d.add(RemoveBucketStatements{Bucket: d.goal.Identity.Bucket(name), Sid: d.goal.Sid})...)
		}
	}
	for _, arn := range d.goal.Keys {
		found := d.observed.Keys[arn]
		d.refuseUnreadable(found, arn, "KMS key "+arn)
		if found.HasStatement(d.goal.Sid) {
			step := d.add(RemoveKeyStatement{Key: arn, Sid: d.goal.Sid})
			steps, d.keys = append(steps, step...), append(d.keys, step...)
		}
	}
	return steps
}

func (d *destroyer) refuseUnreadable(found servicerole.ObservedShared, name, of string) {
	if found.Presence == servicerole.Denied && d.found() != nil && slices.Contains(d.goal.Managed, name) {
		d.plan.Refusals = append(d.plan.Refusals, Refusal{Cause: found.Denial})
	}
	if found.Presence != servicerole.Present || !strings.Contains(found.Policy, d.goal.Sid) {
		return
	}
	if _, err := policy.ParseShared(found.Policy); err != nil {
		d.refuse(fmt.Sprintf("Remove statement %s by hand, then delete again.", d.goal.Sid), "the policy of %s can't be read: %v", of, err)
	}
}
