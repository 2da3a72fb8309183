package provision

import (
	"context"
	"fmt"

	"personalize-role/lambda/internal/servicerole"
)

// Verify reads the changed policies of buckets and keys again, until each has been unchanged for long enough with the edit in it. If
// another writer has overwritten the edit, it merges again, but only while the event is wanted, and reports that it did. The error is a
// *Failure.
func (s *Session) Verify(ctx context.Context, wanted func() bool) (rewrote bool, err error) {
	verified, err := s.writer().Verify(ctx, s.edits, wanted)
	if !verified.Added.IsZero() {
		s.settles(verified.Added)
	}
	for _, loss := range verified.Lost {
		// The writers of statements of this kind see to their own.
		if _, ours := servicerole.RoleOfSid(loss.Statement); ours {
			continue
		}
		warning := fmt.Sprintf("statement %s disappeared from the policy of %s while this stack's statement was merged, because another "+
			"process changed the policy at the same time. Check the policy.", loss.Statement, loss.Document)
		s.Log.WarnContext(ctx, warning)
		s.Warnings = append(s.Warnings, warning)
	}
	return verified.Rewrote, err
}
