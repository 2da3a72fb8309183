package plan

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// refuseShared refuses buckets and keys whose policy can't get our statement. What earlier properties named already is no
// reason to refuse: it may have been deleted since.
func refuseShared(d servicerole.Desired, o servicerole.Observed) error {
	for _, b := range d.Buckets {
		if slices.Contains(d.Formerly.Buckets, b.Name) && o.Buckets[b.Name].Presence != servicerole.Present {
			continue
		}
		if err := refuseBucket(d, b, o.Buckets[b.Name]); err != nil {
			return err
		}
	}
	for _, key := range d.Keys {
		if key.OfOthers || slices.Contains(d.Formerly.Keys, key.ARN) && o.Keys[key.ARN].Presence != servicerole.Present {
			continue
		}
		if err := refuseKey(key, o.Keys[key.ARN]); err != nil {
			return err
		}
	}
	return nil
}

func refuseBucket(d servicerole.Desired, b servicerole.BucketGrant, found servicerole.ObservedShared) error {
	switch found.Presence {
	case servicerole.Missing:
		return refuse("Create the bucket first, or correct the name.", "bucket %s doesn't exist", b.Name)
	case servicerole.InAnotherRegion:
		return refuse(fmt.Sprintf("Deploy the stack in %s too, or use a bucket in %s.", found.Region, d.Identity.Region),
			"bucket %s is in %s, and Personalize reads only buckets of its own Region, here %s", b.Name, found.Region, d.Identity.Region)
	case servicerole.Denied:
		return found.Denial
	case servicerole.InAnotherAccount:
		return nil
	}
	if !b.Managed {
		return nil
	}
	return refuseDocument(found, b.Statement, policy.MaxBucketPolicySize, "bucket "+b.Name, "Name fewer Prefixes, set BucketPolicy to None and merge "+
		"statements by hand, or remove statements that nobody needs.")
}

func refuseKey(key servicerole.KeyGrant, found servicerole.ObservedShared) error {
	switch {
	case found.Presence == servicerole.Missing:
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
		if b.Managed && lacks(c.observed.Buckets[b.Name], b.Statement) {
			c.add(PutBucketStatement{Bucket: c.desired.Identity.Bucket(b.Name), Statement: b.Statement})
		}
	}
	for _, key := range c.desired.Keys {
		if key.Managed && lacks(c.observed.Keys[key.ARN], key.Statement) {
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
	for _, name := range c.desired.Formerly.Buckets {
		wanted := slices.ContainsFunc(c.desired.Buckets, func(b servicerole.BucketGrant) bool { return b.Name == name && b.Managed })
		if !wanted && has(c.observed.Buckets[name], c.desired.Sid) {
			c.add(RemoveBucketStatement{Bucket: c.desired.Identity.Bucket(name), Sid: c.desired.Sid}, added...)
		}
	}
	for _, arn := range c.desired.Formerly.Keys {
		wanted := slices.ContainsFunc(c.desired.Keys, func(k servicerole.KeyGrant) bool { return k.ARN == arn && k.Managed })
		if !wanted && has(c.observed.Keys[arn], c.desired.Sid) {
			c.add(RemoveKeyStatement{Key: arn, Sid: c.desired.Sid}, added...)
		}
	}
}

func has(found servicerole.ObservedShared, sid string) bool {
	shared, err := policy.ParseShared(found.Policy)
	return found.Presence == servicerole.Present && err == nil && slices.Contains(shared.Sids(), sid)
}

// takeOut takes our statements out of the policies of buckets and keys. Their Sid is this resource's alone, whoever owns the
// role. A policy that may not be read stands in the way only while the role does: before it exists, and after it is gone,
// nothing of ours is elsewhere.
func (d *destroyer) takeOut() ([]int, error) {
	var steps []int
	for _, name := range d.target.Buckets {
		found := d.observed.Buckets[name]
		if err := d.unreadable(found, "bucket "+name); err != nil {
			return nil, err
		}
		if has(found, d.target.Sid) {
			steps = append(steps, d.add(RemoveBucketStatement{Bucket: d.target.Identity.Bucket(name), Sid: d.target.Sid})...)
		}
	}
	for _, arn := range d.target.Keys {
		found := d.observed.Keys[arn]
		if err := d.unreadable(found, "KMS key "+arn); err != nil {
			return nil, err
		}
		if has(found, d.target.Sid) {
			steps = append(steps, d.add(RemoveKeyStatement{Key: arn, Sid: d.target.Sid})...)
		}
	}
	return steps, nil
}

func (d *destroyer) unreadable(found servicerole.ObservedShared, of string) error {
	if found.Presence == servicerole.Denied && d.found() != nil {
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
