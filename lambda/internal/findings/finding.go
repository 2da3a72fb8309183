package findings

import (
	"fmt"
	"slices"
	"strings"

	"personalize-role/lambda/properties"
)

// Severity says how sure a finding is.
type Severity string

const (
	// Error says that Personalize fails.
	Error Severity = "ERROR"
	// Warning says that Personalize may fail. It depends on something that can't be known.
	Warning Severity = "WARNING"
	// Suggestion says that something should be otherwise, and that Personalize works.
	Suggestion Severity = "SUGGESTION"
)

// severities are all, the worst one first.
var severities = []Severity{Error, Warning, Suggestion}

// Severities returns all, the worst one first.
func Severities() []Severity { return slices.Clone(severities) }

// AtLeast reports whether a severity is as bad as another one, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities, s) <= slices.Index(severities, other)
}

// Code names a kind of finding, and its paragraph in docs/findings.md.
type Code string

// The codes, in the order of docs/findings.md.
const (
	BucketPolicyDenies         Code = "BucketPolicyDenies"
	BucketPolicyLacksStatement Code = "BucketPolicyLacksStatement"
	BucketPolicyUnreadable     Code = "BucketPolicyUnreadable"
	BucketOfAnotherAccount     Code = "BucketOfAnotherAccount"
	BucketMissing              Code = "BucketMissing"
	BucketInAnotherRegion      Code = "BucketInAnotherRegion"
	RequesterPays              Code = "RequesterPays"
	ObjectsOfOtherAccounts     Code = "ObjectsOfOtherAccounts"
	CustomerProvidedKeys       Code = "CustomerProvidedKeys"
	PublicPolicyBlocked        Code = "PublicPolicyBlocked"

	KeyPolicyDenies         Code = "KeyPolicyDenies"
	KeyPolicyLacksStatement Code = "KeyPolicyLacksStatement"
	KeyPolicyUnreadable     Code = "KeyPolicyUnreadable"
	KeyOfAnotherAccount     Code = "KeyOfAnotherAccount"
	KeyMissing              Code = "KeyMissing"
	KeyNotEnabled           Code = "KeyNotEnabled"
	DefaultKeyOfAWS         Code = "DefaultKeyOfAWS"
	DefaultKeyElsewhere     Code = "DefaultKeyElsewhere"
	DefaultKeyMissing       Code = "DefaultKeyMissing"
	DefaultKeyUnknown       Code = "DefaultKeyUnknown"

	BoundaryLacksPermission Code = "BoundaryLacksPermission"
	RoleChanged             Code = "RoleChanged"
	NoPermissions           Code = "NoPermissions"
	NoSourceConditions      Code = "NoSourceConditions"
	RegionUnknown           Code = "RegionUnknown"
	PrincipalDeleted        Code = "PrincipalDeleted"
	StatementAbandoned      Code = "StatementAbandoned"
	PolicySuperseded        Code = "PolicySuperseded"
	TagsLeftOut             Code = "TagsLeftOut"
	NotChecked              Code = "NotChecked"
)

// Codes returns all codes, in the order of docs/findings.md.
func Codes() []Code {
	return []Code{BucketPolicyDenies, BucketPolicyLacksStatement, BucketPolicyUnreadable, BucketOfAnotherAccount, BucketMissing,
		BucketInAnotherRegion, RequesterPays, ObjectsOfOtherAccounts, CustomerProvidedKeys, PublicPolicyBlocked, KeyPolicyDenies,
		KeyPolicyLacksStatement, KeyPolicyUnreadable, KeyOfAnotherAccount, KeyMissing, KeyNotEnabled, DefaultKeyOfAWS, DefaultKeyElsewhere,
		DefaultKeyMissing, DefaultKeyUnknown, BoundaryLacksPermission, RoleChanged, NoPermissions, NoSourceConditions, RegionUnknown,
		PrincipalDeleted, StatementAbandoned, PolicySuperseded, TagsLeftOut, NotChecked}
}

// Finding is one thing that would make Personalize fail.
type Finding struct {
	Code     Code
	Severity Severity
	// Resource is a bucket, a key, a role or a policy, such as "bucket data".
	Resource string
	// Identities are the identities that are affected: Role, Service, or both. Actions are the actions that they can't call.
	Identities, Actions []string
	// Statement is the Sid or the text of the statement that causes the finding.
	Statement string
	// DependsOn lists the unknown facts that the finding depends on.
	DependsOn []string
	// Problem and Remedy are whole sentences.
	Problem, Remedy string
	// Fix is the JSON that the remedy is about: the statement as it should be, or one to add.
	Fix string
}

// WholeInLog says in a remedy where its Fix is, for those who see the sentence alone.
const WholeInLog = "the function's log has the whole statement"

// The identities by which Personalize may meet a bucket or a key.
const (
	Role    = "the role"
	Service = "the service principal personalize.amazonaws.com"
)

// String is the finding for a person: its severity, its code, and both sentences.
func (f Finding) String() string {
	return fmt.Sprintf("%s %s: %s %s", f.Severity, f.Code, f.Problem, f.Remedy)
}

// Refusal is the finding as the reason not to provision, and what to do.
func (f Finding) Refusal() (reason, advice string) {
	return fmt.Sprintf("%s: %s", f.Code, strings.TrimSuffix(f.Problem, ".")),
		fmt.Sprintf("%s Or set %s to %s.", f.Remedy, properties.NameFindings, properties.FindingsWarn)
}

// sorted puts the worst ones first, and leaves out what is said twice.
func sorted(all []Finding) []Finding {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
	return slices.CompactFunc(all, func(a, b Finding) bool { return a.String() == b.String() })
}

// sentence makes one of a text.
func sentence(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// list joins names as a sentence does.
func list(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
