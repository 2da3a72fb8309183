package provision

import (
	"slices"
	"sync"
	"time"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/sharedpolicy"
)

// Session carries out the plans of one event, round after round, and keeps what came of them.
type Session struct {
	*Provisioner
	Identity servicerole.Identity
	// RoleID is the unique ID of the role, such as AROA..., as far as it is known.
	RoleID string
	// Wrote says that an operation was started.
	Wrote bool
	// SettledSince is when the last operation ended that needs time to propagate. It is zero if none did.
	SettledSince time.Time
	// Warnings are about what changed in the policies of buckets and keys meanwhile.
	Warnings []string

	mutex sync.Mutex
	// version is the ID of a policy version that was put in force.
	version string
	// edits are the changes of policies of buckets and keys that aren't verified yet.
	edits []*sharedpolicy.Edit
}

// Session returns a new session.
func (p *Provisioner) Session(i servicerole.Identity) *Session {
	return &Session{Provisioner: p, Identity: i}
}

// settles has the settling begin at a time, unless it begins later already.
func (s *Session) settles(at time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if at.After(s.SettledSince) {
		s.SettledSince = at
	}
}

// Settling reports that the role got its last permission at a time before this session, or later.
func (s *Session) Settling(since time.Time) {
	if s.SettledSince.IsZero() {
		s.SettledSince = since
	}
}

// remember keeps the edits of a round, in place of earlier ones of the same documents.
func (s *Session) remember(edits []*sharedpolicy.Edit) {
	for _, e := range edits {
		if e == nil || !e.IsPending() {
			continue
		}
		s.edits = slices.DeleteFunc(s.edits, func(earlier *sharedpolicy.Edit) bool { return earlier.ARN == e.ARN })
		s.edits = append(s.edits, e)
	}
}
