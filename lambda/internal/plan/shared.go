package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// refuseShared refuses buckets and keys whose policy can't get our statement, or can't lose it. What earlier properties named may
// have been deleted since; and nothing of it stands in the way of taking an update back.
func refuseShared(d servicerole.Desired, o servicerole.Observed) error {
	if d.Rollback {
		return nil
	}
	for _, b := range d.Buckets {
		if isGoneSince(d.Formerly.Buckets, b.Name, o.Buckets[b.Name]) {
			continue
		}
		if err := refuseBucket(d, b, o.Buckets[b.Name]); err != nil {
			return err
		}
	}
	for _, key := range d.Keys {
		if key.OfOthers || isGoneSince(d.Formerly.Keys, key.ARN, o.Keys[key.ARN]) {
			continue
		}
		if err := refuseKey(key, o.Keys[key.ARN]); err != nil {
			return err
		}
	}
	managed := managed(d)
	for _, name := range d.Formerly.Managed {
		for _, found := range []servicerole.ObservedShared{o.Buckets[name], o.Keys[name]} {
			if found.Presence == servicerole.Denied && !managed[name] {
				return found.Denial
			}
		}
	}
	return nil
}

func isGoneSince(formerly []string, name string, found servicerole.ObservedShared) bool {
	gone := found.Presence == servicerole.Missing || found.Presence == servicerole.InAnotherRegion || found.IsDoomed()
	return gone && slices.Contains(formerly, name)
}

// managed gives the buckets and keys whose policies are to have our statement.
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

func refuseBucket(d servicerole.Desired, b servicerole.BucketGrant, found servicerole.ObservedShared) error {
	switch found.Presence {
	case servicerole.Missing:
		return refuse("Create the bucket first, or correct the name.", "bucket %s doesn't exist", b.Name)
	case servicerole.InAnotherRegion:
		return refuse(fmt.Sprintf("Deploy the stack in %s too, or use a bucket in %s.", found.Region, d.Identity.Region),
			"bucket %s is in %s, and Personalize reads only buckets of its own Region, here %s", b.Name, found.Region, d.Identity.Region)
	case servicerole.InAnotherAccount:
		return nil
	}
	switch {
	case !b.Managed:
		return nil
	case found.Presence == servicerole.Denied:
		return found.Denial
	}
	return refuseDocument(found, b.Statement, policy.MaxBucketPolicySize, "bucket "+b.Name, "Name fewer Prefixes, set BucketPolicy to None and merge "+
		"statements by hand, or remove statements that nobody needs.")
}

func refuseKey(key servicerole.KeyGrant, found servicerole.ObservedShared) error {
	switch {
	case found.Presence == servicerole.Missing, found.IsDoomed():
		return refuse("Create the key first, cancel its deletion, or correct the ARN.", "KMS key %s doesn't exist, or is pending deletion", key.ARN)
	case !key.Managed:
		return nil
	case found.Presence == servicerole.Denied:
		return found.Denial
	}
	return refuseDocument(found, key.Statement, policy.MaxKeyPolicySize, "KMS key "+key.ARN, "Remove statements that nobody needs, or set KeyPolicy to "+
		"None and merge statements by hand.")
}

// refuseDocument refuses a policy that can't be read, or would grow beyond its service's limit.
func refuseDocument(found servicerole.ObservedShared, statement policy.Statement, limit int, of, narrow string) error {
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return refuse("Correct the policy by hand; it must not get lost.", "the policy of %s can't be read: %v", of, err)
	}
	put, changed := shared.Put(statement)
	if size := put.Size(); changed && size > limit {
		return refuse(narrow, "the policy of %s would have %d bytes, above the limit of %d; our statement takes %d of them", of, size, limit,
			len(statement.String()))
	}
	return nil
}

// mergeStatements adds what the policies of buckets and keys lack. A key's policy names the role, which must exist; a
// bucket's doesn't.
func (c *converger) mergeStatements() {
	for _, b := range c.desired.Buckets {
		found := c.observed.Buckets[b.Name]
		if b.Managed && lacks(found, b.Statement) && refuseBucket(c.desired, b, found) == nil {
			c.add(PutBucketStatement{Bucket: c.desired.Identity.Bucket(b.Name), Statement: b.Statement})
		}
	}
	for _, key := range c.desired.Keys {
		found := c.observed.Keys[key.ARN]
		if key.Managed && lacks(found, key.Statement) && refuseKey(key, found) == nil {
			c.add(PutKeyStatement{Key: key.ARN, Statement: key.Statement}, c.roleReady...)
		}
	}
}

func lacks(found servicerole.ObservedShared, statement policy.Statement) bool {
	if found.Presence != servicerole.Present {
		return false
	}
	shared, err := policy.ParseShared(found.Policy)
	if err != nil {
		return false
	}
	_, changed := shared.Put(statement)
	return changed
}

// dropStatements takes out what earlier properties asked for, and these don't.
func (c *converger) dropStatements(added []int) {
	managed := managed(c.desired)
	for _, name := range c.desired.Formerly.Buckets {
		if !managed[name] && has(c.observed.Buckets[name], c.desired.Sid) {
			c.add(RemoveBucketStatement{Bucket: c.desired.Identity.Bucket(name), Sid: c.desired.Sid}, added...)
		}
	}
	for _, arn := range c.desired.Formerly.Keys {
		if !managed[arn] && has(c.observed.Keys[arn], c.desired.Sid) {
			c.add(RemoveKeyStatement{Key: arn, Sid: c.desired.Sid}, added...)
		}
	}
}

func has(found servicerole.ObservedShared, sid string) bool {
	shared, err := policy.ParseShared(found.Policy)
	return found.Presence == servicerole.Present && err == nil && slices.Contains(shared.Sids(), sid)
}

// takeOut takes our statements out of the policies of buckets and keys. Their Sid is this resource's alone, whoever owns the
// role. A policy of ours to extend that may not be read stands in the way, but only while the role does: before it exists, and
// after it is gone, nothing of ours is elsewhere.
func (d *destroyer) takeOut() ([]int, error) {
	var steps []int
	for _, name := range d.target.Buckets {
		found := d.observed.Buckets[name]
		if err := d.unreadable(found, name, "bucket "+name); err != nil {
			return nil, err
		}
		if has(found, d.target.Sid) {
			steps = append(steps, d.add(RemoveBucketStatement{Bucket: d.target.Identity.Bucket(name), Sid: d.target.Sid})...)
		}
	}
	for _, arn := range d.target.Keys {
		found := d.observed.Keys[arn]
		if err := d.unreadable(found, arn, "KMS key "+arn); err != nil {
			return nil, err
		}
		if has(found, d.target.Sid) {
			steps = append(steps, d.add(RemoveKeyStatement{Key: arn, Sid: d.target.Sid})...)
		}
	}
	return steps, nil
}

func (d *destroyer) unreadable(found servicerole.ObservedShared, name, of string) error {
	if found.Presence == servicerole.Denied && d.found() != nil && slices.Contains(d.target.Managed, name) {
		return found.Denial
	}
	if found.Presence != servicerole.Present || !strings.Contains(found.Policy, d.target.Sid) {
		return nil
	}
	if _, err := policy.ParseShared(found.Policy); err != nil {
		return refuse(fmt.Sprintf("Take statement %s out by hand, then delete again.", d.target.Sid), "the policy of %s can't be read: %v", of, err)
	}
	return nil
}
