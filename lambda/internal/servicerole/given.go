package servicerole

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// Given returns what is desired in view of what was found:
//
//   - The role's own policy requires that a bucket of this account belongs to it. If the owner isn't known, the policy keeps what it said.
//   - The key of a bucket's default encryption counts as the bucket's, unless the properties name one.
//   - The role and its policy get the tags of the stack.
//   - The role's own policy keeps a key that is no longer the default while the key's own policy may have the statement: the next
//     event finds the key there.
func (d Desired) Given(o Observed) Desired {
	d.tag(o)
	access := d.Identity.access(d.properties)
	inForce := d.Identity.documents(o)
	for n := range access.Buckets {
		b, owner := &access.Buckets[n], d.Identity.expectedOwner(d.properties)
		found, bucketARN := o.Buckets[b.Name], d.Identity.Bucket(b.Name).ARN
		expected := func(d policy.Document) bool { return d.ExpectsOwner(bucketARN, owner) }
		if found.Presence == Present || found.Presence.isOwnerUnknown() && slices.ContainsFunc(inForce, expected) {
			b.Account = owner
		}
		if key, ok := d.Identity.defaultKey(d.properties, b.Name, o); ok {
			for _, g := range b.Grants {
				key.Reads, key.Writes = key.Reads || policy.Reads(g.Uses), key.Writes || policy.Writes(g.Uses)
			}
			addKey(&access, key)
		}
	}
	d.Keys = d.Identity.keyGrants(d.properties, d.Role.RoleRef, access.Keys)
	d.Retained = nil
	for _, arn := range defaultKeys(inForce) {
		found := o.Keys[arn]
		named := slices.ContainsFunc(access.Keys, func(key policy.Key) bool { return key.ARN == arn })
		if !named && (found.Presence == Denied || found.HasStatement(d.Sid)) {
			d.Retained = append(d.Retained, arn)
			access.Keys = append(access.Keys, policy.Key{ARN: arn, InRole: true, Managed: true, Found: true})
		}
	}
	d.Formerly.Keys = distinct(slices.Concat(d.Formerly.Keys, d.Retained))
	d.HasDefaultKeys = slices.ContainsFunc(access.Keys, func(key policy.Key) bool { return key.Found && key.Managed })
	slices.SortFunc(access.Keys, func(a, b policy.Key) int { return strings.Compare(a.ARN, b.ARN) })
	d.allow(access)
	return d
}

// PolicySize is the size of the role's own policy as IAM counts it; 0 without one.
func (d Desired) PolicySize() int {
	if d.Policy == nil {
		return 0
	}
	return policy.Size(d.Policy.Document)
}

// defaultKey returns the key of a bucket's default encryption, as far as it is of use: one of this account and Region that can encrypt.
func (i Identity) defaultKey(p properties.Properties, bucket string, o Observed) (policy.Key, bool) {
	found := o.Buckets[bucket].DefaultKey
	if found == nil || !i.IsUsable(*found) {
		return policy.Key{}, false
	}
	key := o.Keys[found.ARN]
	if key.Presence == Missing || key.IsDoomed() || key.AWSManaged {
		return policy.Key{}, false
	}
	return policy.Key{ARN: found.ARN, InRole: true, Managed: p.ManageKeyPolicies && key.Presence == Present, Found: true},
		true
}

// IsUsable reports whether the key of a bucket's default encryption is known, and of this account and Region.
func (i Identity) IsUsable(key DefaultKey) bool {
	return !key.AWSManaged && strings.HasPrefix(key.ARN, fmt.Sprintf("arn:%s:kms:%s:%s:key/", i.Partition, i.Region, i.AccountID))
}

// Given returns the removal in view of what was found: the resource's own policies name the keys that were merged for a bucket's default
// encryption.
func (r Removal) Given(o Observed) Removal {
	keys := defaultKeys(r.Identity.documents(o))
	r.Keys, r.Managed = distinct(slices.Concat(r.Keys, keys)), distinct(slices.Concat(r.Managed, keys))
	return r
}

// documents returns those of the resource's own policies that were read. An update that renames the policy finds two.
func (i Identity) documents(o Observed) []policy.Document {
	var documents []policy.Document
	for _, found := range o.Policies {
		if i.OwnerOf(found.Tags) == ThisResource {
			documents = append(documents, policy.ParseDocument(found.Document))
		}
	}
	return documents
}

func defaultKeys(documents []policy.Document) []string {
	var keys []string
	for _, document := range documents {
		keys = append(keys, document.DefaultKeys()...)
	}
	return distinct(keys)
}
