package properties

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Error lists everything that is wrong with the properties of an event, so that one deployment reports everything.
type Error struct {
	// Faults are whole sentences without a full stop, each starting with the property's name.
	Faults []string
}

func (e *Error) Error() string {
	count := "an error"
	if len(e.Faults) > 1 {
		count = fmt.Sprint(len(e.Faults), " errors")
	}
	return fmt.Sprintf("the properties have %s: %s. Nothing was changed. Correct the template, then deploy again", count,
		strings.Join(e.Faults, "; "))
}

// Parse reads the ResourceProperties of an event. Scalars may be strings, as CloudFormation sends them, or native JSON.
// Empty strings, and lists of one empty string, count as left out, as template parameters need it. The error is an
// *Error.
func Parse(raw json.RawMessage) (Properties, error) {
	r, err := newReader(raw)
	if err != nil {
		return Properties{}, &Error{Faults: []string{err.Error()}}
	}
	r.unknown(ResourceType, append(Names(), nameServiceToken, nameServiceTimeout))
	uses := r.uses(NameUses, []string{UseDatasetImport})
	p := Properties{
		RoleName:                r.text(NameRoleName, "", roleName),
		Path:                    r.text(NamePath, DefaultPath, path),
		Description:             r.text(NameDescription, DefaultDescription, description),
		MaxSessionDuration:      r.integer(NameMaxSessionDuration, DefaultMaxSessionDuration, 3600, 43200),
		PermissionsBoundary:     r.text(NamePermissionsBoundary, "", boundary),
		Tags:                    r.tags(NameTags),
		StackTags:               r.boolean(NameStackTags, true),
		PersonalizeAccess:       r.text(NamePersonalizeAccess, PersonalizeFullAccess, personalizeAccess),
		CloudWatchAccess:        r.text(NameCloudWatchAccess, CloudWatchNone, cloudWatchAccess),
		PolicyName:              r.text(NamePolicyName, "", policyName),
		Buckets:                 r.buckets(NameBuckets, uses),
		Uses:                    uses,
		KmsKeyArns:              r.keys(NameKmsKeyArns),
		ManageKeyPolicies:       r.boolean(NameManageKeyPolicies, true),
		SourceConditions:        r.boolean(NameSourceConditions, true),
		SourceRegions:           r.regions(NameSourceRegions),
		ForceDetachPolicies:     r.boolean(NameForceDetachPolicies, false),
		AdoptExistingRole:       r.boolean(NameAdoptExistingRole, false),
		PropagationDelaySeconds: r.integer(NamePropagationDelaySeconds, DefaultPropagationDelaySeconds, 0, 240),
		Findings:                r.text(NameFindings, FindingsWarn, findings),
		OrganizationID:          r.text(NameOrganizationID, "", organizationID),
		DriftCheckSchedule:      r.text(NameDriftCheckSchedule, "", schedule),
		RepairDrift:             r.boolean(NameRepairDrift, false),
		Revision:                r.text(NameRevision, "", revision),
	}
	r.combinations(p)
	if len(r.faults) > 0 {
		return Properties{}, &Error{Faults: r.faults}
	}
	return p, nil
}

// Salvage reads what it can, for a Delete: stacks keep sending properties of older schemas, which must not keep a stack from being deleted.
// Properties that are wrong or unknown count as left out.
func Salvage(raw json.RawMessage) Properties {
	r, err := newReader(raw)
	if err != nil {
		return Properties{Path: DefaultPath}
	}
	return Properties{
		RoleName:            r.text(NameRoleName, "", roleName),
		Path:                r.text(NamePath, DefaultPath, path),
		PolicyName:          r.text(NamePolicyName, "", policyName),
		Tags:                r.tags(NameTags),
		ForceDetachPolicies: r.boolean(NameForceDetachPolicies, false),
		AdoptExistingRole:   r.boolean(NameAdoptExistingRole, false),
		PersonalizeAccess:   r.text(NamePersonalizeAccess, "", personalizeAccess),
		CloudWatchAccess:    r.text(NameCloudWatchAccess, "", cloudWatchAccess),
		Uses:                r.uses(NameUses, nil),
		Buckets:             r.buckets(NameBuckets, nil),
		KmsKeyArns:          r.keys(NameKmsKeyArns),
		ManageKeyPolicies:   r.boolean(NameManageKeyPolicies, true),
	}
}

// reader takes values out of the decoded properties and collects what is wrong with them.
type reader struct {
	values map[string]any
	faults []string
}

func newReader(raw json.RawMessage) (*reader, error) {
	r := &reader{values: map[string]any{}}
	if len(bytes.TrimSpace(raw)) == 0 {
		return r, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&r.values); err != nil {
		return nil, fmt.Errorf("ResourceProperties must be a JSON object of properties")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("ResourceProperties must be one JSON object")
	}
	return r, nil
}

func (r *reader) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *reader) unknown(of string, known []string) {
	var names []string
	for name := range r.values {
		if !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		r.fault("%s is not a property of %s; the nearest one is %s", quote(name), of, Nearest(name, known))
	}
}

// combinations checks rules that involve several properties.
func (r *reader) combinations(p Properties) {
	if p.AdoptExistingRole && p.RoleName == "" {
		r.fault("%s needs %s, the name of the existing role to adopt", NameAdoptExistingRole, NameRoleName)
	}
	if n := utf8.RuneCountInString(p.Description); p.AdoptExistingRole && n > maxAdoptedDescription {
		r.fault("%s has %d characters; at most %d are possible with %s, because the function marks an adopted role in its description",
			NameDescription, n,
			maxAdoptedDescription, NameAdoptExistingRole)
	}
	for _, b := range p.Buckets {
		if b.RequireSourceConditions && !p.SourceConditions {
			r.fault("%s of bucket %s has no effect while %s is false; leave one of them out", FieldRequireSourceConditions, b.Name,
				NameSourceConditions)
		}
	}
	if p.RepairDrift && p.DriftCheckSchedule == "" {
		r.fault("%s has no effect without %s; set both or neither", NameRepairDrift, NameDriftCheckSchedule)
	}
	if len(p.SourceRegions) > 0 && !p.SourceConditions {
		r.fault("%s has no effect while %s is false; leave one of them out", NameSourceRegions, NameSourceConditions)
	}
}

// quote shortens a value for a message: a reason that CloudFormation accepts is short.
func quote(s string) string {
	const most = 70
	runes := []rune(s)
	if short := runes[:min(len(runes), most)]; len(short) < len(runes) {
		s = string(short) + "..."
	}
	return fmt.Sprintf("%q", s)
}
