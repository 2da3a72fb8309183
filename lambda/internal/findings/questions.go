package findings

import (
	"slices"

	"personalize-role/lambda/internal/access"
	"personalize-role/lambda/internal/servicerole"
)

// Foreseen returns those questions that can be asked before anything was observed. They may turn out to be needless.
func Foreseen(d servicerole.Desired) servicerole.Questions {
	q := servicerole.Questions{Boundary: d.Role.Boundary}
	for _, b := range d.Buckets {
		q.Payment = append(q.Payment, b.Name)
	}
	return q
}

// Questions returns what else must be read for the findings. It leaves out reads that can't change a finding.
func (s State) Questions() servicerole.Questions {
	q := servicerole.Questions{Boundary: s.Desired.Role.Boundary}
	for _, b := range s.Desired.Buckets {
		found := s.Observed.Buckets[b.Name]
		document, err := access.Parse(found.Policy)
		if found.Presence != servicerole.Present || err != nil {
			continue
		}
		q.Payment = append(q.Payment, b.Name)
		if len(document.OtherWriters(s.Desired.Identity.AccountID, b.Name)) > 0 {
			q.Ownership = append(q.Ownership, b.Name)
		}
		if _, public := document.PublicStatement(); public && slices.Contains(s.Merges, b.Name) {
			q.PublicAccess = append(q.PublicAccess, b.Name)
		}
	}
	return q
}
