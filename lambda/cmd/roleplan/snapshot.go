package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"personalize-role/lambda/internal/servicerole"
)

// snapshot is an account in a file, as far as it concerns the planned resources. docs/roleplan.md describes it. What isn't in it doesn't
// exist.
type snapshot struct {
	Roles    []snapshotRole            `json:"roles,omitempty"`
	Policies []snapshotPolicy          `json:"policies,omitempty"`
	Buckets  map[string]snapshotBucket `json:"buckets,omitempty"`
	Keys     map[string]snapshotKey    `json:"keys,omitempty"`
	// StackTags are the tags of the stack.
	StackTags map[string]string `json:"stackTags,omitempty"`
}

type snapshotRole struct {
	ARN                string            `json:"arn"`
	ID                 string            `json:"id,omitempty"`
	Description        string            `json:"description,omitempty"`
	MaxSessionDuration int               `json:"maxSessionDuration,omitempty"`
	Boundary           string            `json:"permissionsBoundary,omitempty"`
	Trust              document          `json:"trustPolicy"`
	Attached           []string          `json:"attachedPolicies,omitempty"`
	Inline             []string          `json:"inlinePolicies,omitempty"`
	Tags               map[string]string `json:"tags,omitempty"`
}

type snapshotPolicy struct {
	ARN      string            `json:"arn"`
	Document document          `json:"document"`
	Version  string            `json:"version,omitempty"`
	Others   []string          `json:"otherVersions,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
	Users    []string          `json:"otherUsers,omitempty"`
}

type snapshotBucket struct {
	Policy document `json:"policy,omitempty"`
	// Region and Account are those of the planned stack if they are left out.
	Region            string `json:"region,omitempty"`
	Account           string `json:"account,omitempty"`
	KmsKey            string `json:"kmsKey,omitempty"`
	RequesterPays     bool   `json:"requesterPays,omitempty"`
	ObjectOwnership   string `json:"objectOwnership,omitempty"`
	BlockPublicPolicy bool   `json:"blockPublicPolicy,omitempty"`
}

type snapshotKey struct {
	Policy     document `json:"policy"`
	State      string   `json:"state,omitempty"`
	AWSManaged bool     `json:"awsManaged,omitempty"`
}

// document is a policy document, kept byte for byte.
type document string

func (d *document) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		return err
	}
	*d = document(b.String())
	return nil
}

func (d document) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	if !json.Valid([]byte(d)) {
		return nil, fmt.Errorf("a policy document is not JSON: %.40q", string(d))
	}
	return []byte(d), nil
}

func readSnapshot(file string) (snapshot, error) {
	var s snapshot
	text, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, byteOrderMark)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, fmt.Errorf("read snapshot %s: %w. docs/roleplan.md describes the format", file, err)
	}
	for _, r := range s.Roles {
		if !strings.Contains(r.ARN, ":role/") {
			return s, fmt.Errorf("read snapshot %s: %q is not the ARN of a role", file, r.ARN)
		}
	}
	for name, b := range s.Buckets {
		if b.KmsKey != "" && b.KmsKey != awsManagedKey && !strings.Contains(b.KmsKey, ":key/") {
			return s, fmt.Errorf("read snapshot %s: kmsKey %q of bucket %s must be the ARN of a key, or %s", file, b.KmsKey, name, awsManagedKey)
		}
	}
	return s, nil
}

const objectWriter = "ObjectWriter"

// awsManagedKey is the key aws/s3, as a snapshot has it.
const awsManagedKey = "alias/aws/s3"

// Observe returns of the snapshot what a scope names.
func (s snapshot) Observe(_ context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	o := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{}, Keys: map[string]servicerole.ObservedShared{}}
	if scope.StackTags {
		o.StackTags = s.StackTags
	}
	for _, r := range s.Roles {
		if ref := refOf(r.ARN); strings.EqualFold(ref.name, scope.Role.Name) {
			o.Role = &servicerole.ObservedRole{RoleRef: servicerole.RoleRef{ARN: r.ARN, Path: ref.path, Name: ref.name}, ID: r.ID,
				Description: r.Description, MaxSessionDuration: r.MaxSessionDuration, Boundary: r.Boundary, Trust: string(r.Trust), Tags: r.Tags,
				Attached: slices.Sorted(slices.Values(r.Attached)), Inline: slices.Sorted(slices.Values(r.Inline))}
		}
	}
	for _, p := range s.Policies {
		named := slices.ContainsFunc(scope.Policies, func(ref servicerole.PolicyRef) bool { return strings.EqualFold(ref.ARN, p.ARN) })
		attached := o.Role != nil && slices.Contains(o.Role.Attached, p.ARN) && i.OwnerOf(p.Tags) == servicerole.ThisResource
		if named || attached {
			ref := refOf(p.ARN)
			o.Policies = append(o.Policies, servicerole.ObservedPolicy{
				PolicyRef: servicerole.PolicyRef{ARN: p.ARN, Path: ref.path, Name: ref.name}, Tags: p.Tags,
				Document: string(p.Document), DefaultVersion: p.Version, OtherVersions: p.Others, Users: p.Users})
		}
	}
	for _, name := range scope.Buckets {
		o.Buckets[name] = s.bucket(i, name)
	}
	keys := slices.Clone(scope.Keys)
	for _, b := range o.Buckets {
		if b.DefaultKey != nil && i.IsUsable(*b.DefaultKey) {
			keys = append(keys, b.DefaultKey.ARN)
		}
	}
	for _, arn := range append(keys, servicerole.Removal{Identity: i}.Given(o).Keys...) {
		if key, ok := s.Keys[arn]; ok {
			state := key.State
			if state == "" {
				state = "Enabled"
			}
			o.Keys[arn] = servicerole.ObservedShared{Presence: servicerole.Present, Policy: string(key.Policy), State: state,
				AWSManaged: key.AWSManaged}
		} else {
			o.Keys[arn] = servicerole.ObservedShared{}
		}
	}
	return o, nil
}

func (s snapshot) bucket(i servicerole.Identity, name string) servicerole.ObservedShared {
	b, ok := s.Buckets[name]
	switch {
	case !ok:
		return servicerole.ObservedShared{Presence: servicerole.Missing}
	case b.Account != "" && b.Account != i.AccountID:
		return servicerole.ObservedShared{Presence: servicerole.InAnotherAccount}
	case b.Region != "" && b.Region != i.Region:
		return servicerole.ObservedShared{Presence: servicerole.InAnotherRegion, Region: b.Region}
	}
	found := servicerole.ObservedShared{Presence: servicerole.Present, Policy: string(b.Policy)}
	if b.KmsKey != "" {
		found.DefaultKey = &servicerole.DefaultKey{ID: b.KmsKey, AWSManaged: strings.HasSuffix(b.KmsKey, awsManagedKey)}
		if !found.DefaultKey.AWSManaged {
			found.DefaultKey.ARN = b.KmsKey
		}
	}
	return found
}

// Inspect answers what the snapshot has; the documents of boundaries are those of its policies.
func (s snapshot) Inspect(_ context.Context, _ servicerole.Identity, q servicerole.Questions,
	_ servicerole.Inspected) servicerole.Inspected {
	found := servicerole.Inspected{Answered: q, Buckets: map[string]servicerole.BucketSettings{}}
	for name, b := range s.Buckets {
		found.Buckets[name] = servicerole.BucketSettings{RequesterPays: b.RequesterPays, ObjectWriter: b.ObjectOwnership == objectWriter,
			BlocksPublicPolicy: b.BlockPublicPolicy}
	}
	for _, p := range s.Policies {
		if p.ARN == q.Boundary {
			found.Boundary = string(p.Document)
		}
	}
	return found
}

type ref struct{ path, name string }

// refOf returns the path and the name in the ARN of a role or a policy.
func refOf(arn string) ref {
	resource := arn[strings.LastIndex(arn, ":")+1:]
	_, rest, _ := strings.Cut(resource, "/")
	slash := strings.LastIndex(rest, "/")
	return ref{path: "/" + rest[:slash+1], name: rest[slash+1:]}
}

// add records what was observed for one resource.
func (s *snapshot) add(o servicerole.Observed) {
	if s.Buckets == nil {
		s.Buckets, s.Keys = map[string]snapshotBucket{}, map[string]snapshotKey{}
	}
	if o.StackTags != nil {
		s.StackTags = o.StackTags
	}
	if r := o.Role; r != nil && !slices.ContainsFunc(s.Roles, func(other snapshotRole) bool { return other.ARN == r.ARN }) {
		s.Roles = append(s.Roles, snapshotRole{ARN: r.ARN, ID: r.ID, Description: r.Description, MaxSessionDuration: r.MaxSessionDuration,
			Boundary: r.Boundary, Trust: document(r.Trust), Attached: r.Attached, Inline: r.Inline, Tags: r.Tags})
	}
	for _, p := range o.Policies {
		if !slices.ContainsFunc(s.Policies, func(other snapshotPolicy) bool { return other.ARN == p.ARN }) {
			s.Policies = append(s.Policies, snapshotPolicy{ARN: p.ARN, Document: document(p.Document), Version: p.DefaultVersion,
				Others: p.OtherVersions, Tags: p.Tags, Users: p.Users})
		}
	}
	for name, b := range o.Buckets {
		found := snapshotBucket{Policy: document(b.Policy)}
		switch b.Presence {
		case servicerole.Missing, servicerole.Denied:
			continue
		case servicerole.InAnotherAccount:
			found.Account = "another"
		case servicerole.InAnotherRegion:
			found.Region = b.RegionName()
		case servicerole.Present:
		}
		if key := b.DefaultKey; key != nil {
			if found.KmsKey = key.ARN; key.AWSManaged || key.ARN == "" {
				found.KmsKey = key.ID
			}
			if key.AWSManaged && key.ID == "" {
				found.KmsKey = awsManagedKey
			}
		}
		s.Buckets[name] = found
	}
	for arn, key := range o.Keys {
		if key.Presence == servicerole.Present {
			s.Keys[arn] = snapshotKey{Policy: document(key.Policy), State: key.State, AWSManaged: key.AWSManaged}
		}
	}
}

// inspect records what only findings need.
func (s *snapshot) inspect(in servicerole.Inspected) {
	for name, settings := range in.Buckets {
		found, ok := s.Buckets[name]
		if !ok {
			continue
		}
		found.RequesterPays, found.BlockPublicPolicy = settings.RequesterPays, settings.BlocksPublicPolicy
		if settings.ObjectWriter {
			found.ObjectOwnership = objectWriter
		}
		s.Buckets[name] = found
	}
	boundary := in.Answered.Boundary
	if in.Boundary != "" && boundary != "" &&
		!slices.ContainsFunc(s.Policies, func(other snapshotPolicy) bool { return other.ARN == boundary }) {
		s.Policies = append(s.Policies, snapshotPolicy{ARN: boundary, Document: document(in.Boundary)})
	}
}

func (s *snapshot) write(name string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write snapshot %s: %w", name, err)
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}
