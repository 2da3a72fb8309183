package plan

import (
	"fmt"
	"strings"
)

// Plan is a graph of operations: a step starts when those it comes after are done, and steps that don't depend on each
// other run side by side.
type Plan struct {
	Steps []Step
	// Refusals are the reasons not to carry the plan out. The steps leave out what the refusals are about.
	Refusals []Refusal
	// Warnings say where the result will differ from what was asked for.
	Warnings []string
	// Unfinished says that another plan must follow, to finish what this one begins.
	Unfinished bool
}

// Step is one operation of a plan.
type Step struct {
	Op Operation
	// After are indexes of earlier steps.
	After []int
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Steps) == 0 }

// Settles reports whether an operation changes who may assume the role or what the role may do, which takes IAM some seconds to
// propagate.
func Settles(op Operation) bool {
	switch op.(type) {
	case CreateRole, UpdateTrust, PutBoundary, DeleteBoundary, AttachPolicy, CreatePolicyVersion, PutBucketStatements, PutKeyStatement:
		return true
	}
	return false
}

// Depth is the number of operations on the longest way through the plan: what a user waits for.
func (p Plan) Depth() int {
	deepest := 0
	depths := make([]int, len(p.Steps))
	for n, s := range p.Steps {
		for _, before := range s.After {
			depths[n] = max(depths[n], depths[before])
		}
		depths[n]++
		deepest = max(deepest, depths[n])
	}
	return deepest
}

// String prints the plan, a line a step, with the numbers of the steps that each comes after.
func (p Plan) String() string {
	var b strings.Builder
	for n, s := range p.Steps {
		fmt.Fprintf(&b, "%2d  %s", n+1, s.Op)
		for k, before := range s.After {
			separator := ","
			if k == 0 {
				separator = "  after "
			}
			fmt.Fprintf(&b, "%s%d", separator, before+1)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Merges returns the names of the buckets and the ARNs of the keys whose policies the plan extends.
func (p Plan) Merges() []string {
	var names []string
	for _, s := range p.Steps {
		switch op := s.Op.(type) {
		case PutBucketStatements:
			names = append(names, op.Bucket.Name)
		case PutKeyStatement:
			names = append(names, op.Key)
		}
	}
	return names
}

// Waive adds a refusal that a rollback passes over.
func (p *Plan) Waive(reason, advice string) {
	p.Refusals = append(p.Refusals, Refusal{Reason: reason, Advice: advice, Waivable: true})
}

// builder collects steps and refusals.
type builder struct{ plan Plan }

// add appends a step and returns its index, as a list to come after.
func (b *builder) add(op Operation, after ...int) []int {
	b.plan.Steps = append(b.plan.Steps, Step{Op: op, After: after})
	return []int{len(b.plan.Steps) - 1}
}

// all returns the indexes of the steps so far.
func (b *builder) all() []int {
	var steps []int
	for n := range b.plan.Steps {
		steps = append(steps, n)
	}
	return steps
}
