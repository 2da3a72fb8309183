package findings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// enabled is the state of a key that can be used.
const enabled = "Enabled"

// OfSharedPolicies returns a warning for each bucket and key whose policy isn't as the role needs it.
func OfSharedPolicies(d servicerole.Desired, o servicerole.Observed) []string {
	var warnings []string
	warn := func(format string, args ...any) { warnings = append(warnings, fmt.Sprintf(format, args...)) }
	for _, b := range d.Buckets {
		switch found := o.Buckets[b.Name]; found.Presence {
		case servicerole.InAnotherAccount:
			warn("bucket %s belongs to another account. Its owner must add the statement in attribute %s to the bucket policy.", b.Name,
				properties.AttrRequiredBucketPolicyStatements)
		case servicerole.Missing:
			warn("bucket %s no longer exists. Remove it from %s.", b.Name, properties.NameBuckets)
		case servicerole.InAnotherRegion:
			warn("bucket %s is now in %s. Personalize can't read it from this Region.", b.Name, found.Region)
		case servicerole.Present:
			need := policy.Need{Role: d.Role.ARN, Account: d.Identity.AccountID}
			for _, s := range b.Statements {
				need.Actions, need.Resources = append(need.Actions, s.Action...), append(need.Resources, s.Resource...)
			}
			for _, condition := range policy.Closed(found.Policy, need) {
				warn("the policy of bucket %s denies access by %s, which can block Personalize. Exclude the role (aws:PrincipalArn %s) and the "+
					"service (aws:PrincipalServiceName personalize.amazonaws.com) from that Deny.", b.Name, condition, d.Role.ARN)
			}
		}
	}
	warnings = append(warnings, ofDefaultKeys(d, o)...)
	for _, key := range d.Keys {
		switch {
		case key.OfOthers:
			warn("KMS key %s belongs to another account. Its owner must add the statement in attribute %s to the key policy.", key.ARN,
				properties.AttrRequiredKeyPolicyStatements)
		case o.Keys[key.ARN].Presence == servicerole.Missing, o.Keys[key.ARN].IsDoomed():
			warn("KMS key %s no longer exists or is pending deletion. Remove it from the properties.", key.ARN)
		case o.Keys[key.ARN].State != "" && o.Keys[key.ARN].State != enabled:
			warn("KMS key %s is %s, so it can't encrypt or decrypt. Enable it.", key.ARN, o.Keys[key.ARN].State)
		}
	}
	for name := range found(o.Buckets, servicerole.Denied) {
		warn("the policy of bucket %s can't be read and was not changed: %v.", name, o.Buckets[name].Denial)
	}
	for arn := range found(o.Keys, servicerole.Denied) {
		if slices.ContainsFunc(d.Keys, func(key servicerole.KeyGrant) bool { return key.ARN == arn && key.Found }) {
			continue
		}
		warn("the policy of KMS key %s can't be read and was not changed: %v.", arn, o.Keys[arn].Denial)
	}
	return warnings
}

// found returns the names of those of one presence, in their order.
func found(all map[string]servicerole.ObservedShared, presence servicerole.Presence) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if all[name].Presence == presence && !yield(name) {
				return
			}
		}
	}
}

// Abandoned is the warning about statements of this kind whose role is gone.
func Abandoned(of string, sids []string) string {
	return fmt.Sprintf("the policy of %s has statements for roles that no longer exist: %s. Remove them if no stack needs them.", of,
		strings.Join(sids, ", "))
}
