package plan

import (
	"maps"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// Reached returns what was found, with the policies of buckets and keys as a plan for what is desired leaves them.
func Reached(d servicerole.Desired, o servicerole.Observed) servicerole.Observed {
	o.Buckets, o.Keys = maps.Clone(o.Buckets), maps.Clone(o.Keys)
	merge := func(in map[string]servicerole.ObservedShared, name string, managed bool, statements ...policy.Statement) {
		found := in[name]
		shared, err := policy.ParseShared(found.Policy)
		if !managed || found.Presence != servicerole.Present || err != nil {
			return
		}
		merged, _ := shared.Put(d.Sid, statements, d.FormerSids...)
		found.Policy = merged.String()
		in[name] = found
	}
	for _, b := range d.Buckets {
		merge(o.Buckets, b.Name, b.Managed, b.Statements...)
	}
	for _, key := range d.Keys {
		merge(o.Keys, key.ARN, key.Managed, key.Statement)
	}
	return o
}

// Merges returns the names of the buckets whose policies the plan changes.
func (p Plan) Merges() []string {
	var names []string
	for _, s := range p.Steps {
		if op, ok := s.Op.(PutBucketStatements); ok {
			names = append(names, op.Bucket.Name)
		}
	}
	return names
}

// Waive adds a refusal that a rollback passes over.
func (p *Plan) Waive(reason, advice string) {
	p.Refusals = append(p.Refusals, Refusal{Reason: reason, Advice: advice, Waivable: true})
}
