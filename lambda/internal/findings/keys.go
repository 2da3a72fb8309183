package findings

import (
	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// enabled is the state of a key that can be used.
const enabled = "Enabled"

func (s State) ofKeys() []Finding {
	var all []Finding
	for _, key := range s.Desired.Keys {
		found := s.Observed.Keys[key.ARN]
		f := Finding{Severity: Error, Resource: "KMS key " + key.ARN}
		add := properties.AttrRequiredKeyPolicyStatements
		switch {
		case key.OfOthers:
			f.Code, f.Severity = KeyOfAnotherAccount, Warning
			f.Problem = sentence("KMS key %s belongs to another account, so its policy was neither read nor changed", key.ARN)
			f.Remedy = sentence("Have its owner add the statement in attribute %s to the key policy", add)
		case found.Presence == servicerole.Missing, found.IsDoomed():
			f.Code, f.Problem = KeyMissing, sentence("KMS key %s no longer exists or is pending deletion", key.ARN)
			f.Remedy = "Cancel its deletion, or remove it from the properties."
		case found.Presence == servicerole.Denied && key.Found:
			// The finding about the default encryption says so.
			continue
		case found.Presence == servicerole.Denied:
			f.Code, f.Severity = KeyPolicyUnreadable, Warning
			f.Problem = sentence("the policy of KMS key %s can't be read and was not changed: %v", key.ARN, found.Denial)
			f.Remedy = sentence("Have its owner add the statement that a stack with %s false shows in attribute %s",
				properties.NameManageKeyPolicies, add)
		case found.State != "" && found.State != enabled:
			f.Code, f.Problem = KeyNotEnabled, sentence("KMS key %s is %s, so it can't encrypt or decrypt", key.ARN, found.State)
			f.Remedy = "Enable the key."
			if key.Found {
				// Objects may be encrypted otherwise than the bucket's default says.
				f.Severity = Warning
			}
		default:
			all = append(all, s.ofKey(key, found.Policy)...)
			continue
		}
		all = append(all, f)
	}
	return all
}

// ofKey is about a key whose policy is known.
func (s State) ofKey(key servicerole.KeyGrant, text string) []Finding {
	j := judged{state: s, resource: "KMS key " + key.ARN, text: text, delegated: true, denies: KeyPolicyDenies, lacks: KeyPolicyLacksStatement}
	for _, action := range key.Direct {
		j.calls = append(j.calls, access.Call{Action: action, Resource: key.ARN})
	}
	for _, action := range key.ByS3 {
		j.calls = append(j.calls, access.Call{Action: action, Resource: key.ARN, ByS3: true})
	}
	if key.Found {
		// Objects may be encrypted otherwise than the bucket's default says.
		j.atMost = Warning
	}
	j.lack = func(f Finding) Finding {
		f.Remedy = sentence("Add the statement in attribute %s to it", properties.AttrRequiredKeyPolicyStatements)
		return f
	}
	return j.findings()
}
