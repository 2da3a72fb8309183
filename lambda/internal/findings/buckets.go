package findings

import (
	"slices"
	"strings"

	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

func (s State) ofBuckets() []Finding {
	var all []Finding
	for _, b := range s.Desired.Buckets {
		found := s.Observed.Buckets[b.Name]
		f := Finding{Severity: Error, Resource: "bucket " + b.Name}
		switch found.Presence {
		case servicerole.Missing:
			f.Code, f.Problem = BucketMissing, sentence("bucket %s no longer exists", b.Name)
			f.Remedy = sentence("Create it again, or remove it from %s", properties.NameBuckets)
		case servicerole.InAnotherRegion:
			f.Code, f.Problem = BucketInAnotherRegion, sentence("bucket %s is in %s, and Personalize reads only buckets in its own Region, %s",
				b.Name, found.RegionName(), s.Desired.Identity.Region)
			f.Remedy = sentence("Copy the data to a bucket in %s, and name that bucket in Buckets", s.Desired.Identity.Region)
		case servicerole.InAnotherAccount:
			f.Code, f.Severity = BucketOfAnotherAccount, Warning
			f.Problem = sentence("bucket %s belongs to another account, so its policy was neither read nor changed", b.Name)
			f.Remedy = sentence("Have its owner add the statements in attribute %s to it", properties.AttrRequiredBucketPolicyStatements)
		case servicerole.Denied:
			f.Code, f.Severity = BucketPolicyUnreadable, Warning
			f.Problem = sentence("the policy of bucket %s can't be read and was not changed: %v", b.Name, found.Denial)
			f.Remedy = sentence("Have its owner add the statements that a stack with %s false shows in attribute %s",
				properties.FieldManageBucketPolicy, properties.AttrRequiredBucketPolicyStatements)
		default:
			all = append(all, s.ofBucket(b, found.Policy)...)
			continue
		}
		all = append(all, f)
	}
	return all
}

// callsTo are the calls by which Personalize uses a bucket.
func callsTo(b servicerole.BucketGrant) []access.Call {
	var calls []access.Call
	for _, s := range b.Statements {
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				if isAbout(action, resource) {
					calls = append(calls, access.Call{Action: action, Resource: resource})
				}
			}
		}
	}
	return calls
}

// isAbout reports whether an action takes a resource: of those of S3, only listing is about the bucket itself.
func isAbout(action, resource string) bool {
	isObject := strings.Contains(resource, "/")
	return !strings.HasPrefix(action, "s3:") || isObject == (action != properties.ActionList)
}

// ofBucket is about a bucket whose policy is known.
func (s State) ofBucket(b servicerole.BucketGrant, text string) []Finding {
	of := "bucket " + b.Name
	j := judged{state: s, resource: of, text: text, denies: BucketPolicyDenies, lacks: BucketPolicyLacksStatement, calls: callsTo(b)}
	j.lack = func(f Finding) Finding {
		f.Remedy = sentence("Add the statements in attribute %s to it", properties.AttrRequiredBucketPolicyStatements)
		if b.Managed {
			f.Remedy = sentence("Set %s of the bucket to false, so that a request that does not name its source is allowed too",
				properties.FieldRequireSourceConditions)
		}
		return f
	}
	all := j.findings()
	settings := s.Inspected.Buckets[b.Name]
	reads := slices.ContainsFunc(j.calls, func(c access.Call) bool { return c.Action == properties.ActionGet })
	warn := func(code Code, problem, remedy string) {
		all = append(all, Finding{Code: code, Severity: Warning, Resource: of, Problem: problem, Remedy: remedy})
	}
	document, err := access.Parse(text)
	if err != nil {
		return all
	}
	if settings.RequesterPays {
		warn(RequesterPays, sentence("bucket %s is a Requester Pays bucket, and AWS does not document that Personalize sends "+
			"x-amz-request-payer", b.Name),
			"Set the bucket's request payment to BucketOwner.")
	}
	if writers := document.OtherWriters(s.Desired.Identity.AccountID, b.Name); reads && settings.ObjectWriter && len(writers) > 0 {
		warn(ObjectsOfOtherAccounts, sentence("the policy of bucket %s lets %s write objects. That account then owns them, and neither "+
			"the bucket policy nor the role can grant access to them", b.Name, list(writers)),
			"Set the bucket's Object Ownership to BucketOwnerEnforced.")
	}
	if label, ok := document.RequiresCustomerKeys(s.personalize().AsRole, b.Name); reads && ok {
		warn(CustomerProvidedKeys, sentence("statement %s in the policy of bucket %s requires uploads to be encrypted with customer-provided "+
			"keys (SSE-C), which Personalize can't decrypt", label, b.Name),
			"Keep the data for Personalize in another bucket, encrypted with SSE-S3 or a KMS key.")
	}
	if label, public := document.PublicStatement(); public && settings.BlocksPublicPolicy && slices.Contains(s.Merges, b.Name) {
		all = append(all, Finding{Code: PublicPolicyBlocked, Severity: Error, Resource: of, Statement: label,
			Problem: sentence("the policy of bucket %s is public because of statement %s. Block Public Access of the bucket rejects public "+
				"policies, so no statement can be added", b.Name, label),
			Remedy: "Narrow that statement, or remove it: Block Public Access ignores it anyway if it restricts public buckets."})
	}
	return all
}

func (s State) ofDeadPrincipals() []Finding {
	var all []Finding
	look := func(of, name string, found servicerole.ObservedShared) {
		shared, err := policy.ParseShared(found.Policy)
		if found.Presence != servicerole.Present || err != nil {
			return
		}
		severity := Suggestion
		if slices.Contains(s.Merges, name) {
			// The merge would be rejected.
			severity = Error
		}
		for _, dead := range shared.DeadPrincipals() {
			all = append(all, Finding{Code: PrincipalDeleted, Severity: severity, Resource: of, Statement: dead,
				Problem: sentence("statement %s in the policy of %s names a deleted principal. AWS rejects every change of the policy until that "+
					"principal is removed", dead, of),
				Remedy: "Remove that principal."})
		}
	}
	for _, b := range s.Desired.Buckets {
		look("bucket "+b.Name, b.Name, s.Observed.Buckets[b.Name])
	}
	for _, key := range s.Desired.Keys {
		look("KMS key "+key.ARN, key.ARN, s.Observed.Keys[key.ARN])
	}
	return all
}
