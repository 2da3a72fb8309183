package plan

import "fmt"

// Refusal is a reason not to carry a plan out: it would change what isn't the resource's own, or lose something.
type Refusal struct {
	// Reason says what blocks the change, as a sentence without a full stop. Advice says what to do next, in whole sentences.
	Reason, Advice string
	// Cause is the error of a call that was denied. Reason and Advice are empty then.
	Cause error
	// Waivable says that the rollback of an update continues without what the refusal is about, because a failed rollback blocks the whole
	// stack.
	Waivable bool
	// Foreign says that the reason is about a role or policy that isn't the resource's own.
	Foreign bool
}

// Error returns the message of a refusal after which nothing was changed.
func (r *Refusal) Error() string { return r.Message(false) }

// Message returns the message of a refusal. changed says that an earlier plan of the same event did change something.
func (r *Refusal) Message(changed bool) string {
	switch {
	case r.Cause != nil:
		return r.Cause.Error()
	case changed:
		return r.Reason + ". " + r.Advice
	}
	return r.Reason + ". Nothing was changed. " + r.Advice
}

// Unwrap returns the error of the call that was denied.
func (r *Refusal) Unwrap() error { return r.Cause }

// Refused returns the first refusal that holds, or nil. Waivable ones don't hold during a rollback.
func (p Plan) Refused(rollingBack bool) *Refusal {
	for n := range p.Refusals {
		if r := &p.Refusals[n]; !r.Waivable || !rollingBack {
			return r
		}
	}
	return nil
}

func (b *builder) refuse(advice, format string, args ...any) {
	b.plan.Refusals = append(b.plan.Refusals, Refusal{Reason: fmt.Sprintf(format, args...), Advice: advice})
}

// refuseForeign adds a refusal whose reason is about a role or policy that isn't the resource's own.
func (b *builder) refuseForeign(advice, format string, args ...any) {
	b.plan.Refusals = append(b.plan.Refusals, Refusal{Reason: fmt.Sprintf(format, args...), Advice: advice, Foreign: true})
}

// waive adds a waivable refusal.
func (b *builder) waive(advice, format string, args ...any) {
	b.plan.Refusals = append(b.plan.Refusals, Refusal{Reason: fmt.Sprintf(format, args...), Advice: advice, Waivable: true})
}
