package handler

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// check looks for what would make Personalize fail in the state that the plan leads to.
func (t *task) check(ctx context.Context, d servicerole.Desired, todo plan.Plan, out *outcome, times int) []findings.Finding {
	if d.Properties().Findings == properties.FindingsOff {
		return nil
	}
	var found, abandoned []findings.Finding
	// Neither ends the other.
	_ = parallel.Together(
		func() error {
			found = findings.Of(t.inspected(ctx, d, todo, out, nil))
			return nil
		},
		func() error {
			abandoned = t.abandoned(ctx, d, out.observed, times)
			return nil
		},
	)
	return slices.Concat(found, out.changes, abandoned)
}

// inspectEarly reads what only findings need beside what is observed where the event may change nothing: no later call is there to read it
// beside.
func (t *task) inspectEarly(ctx context.Context, g goal, out *outcome) {
	if d, ok := g.(desired); ok && t.event.RequestType == cfn.Update && d.Properties().Findings != properties.FindingsOff {
		before := out.inspected.Denials
		out.inspected = t.handler.Provisioner.Inspect(ctx, t.identity, findings.Foreseen(d.Desired), out.inspected)
		// What was asked in vain and counts after all is asked again.
		out.inspected.Denials = slices.DeleteFunc(out.inspected.Denials, func(err error) bool { return !slices.Contains(before, err) })
	}
}

// inspected returns the state that a plan leads to, with what only findings need. It reads nothing twice. merges are the buckets and the
// keys whose policies are still to be changed.
func (t *task) inspected(ctx context.Context, d servicerole.Desired, todo plan.Plan, out *outcome,
	merges []string) findings.State {
	d = d.Given(out.observed)
	s := findings.State{Desired: d, Observed: todo.After(out.observed), Merges: merges, Now: t.handler.Provisioner.Now()}
	out.inspected = t.handler.Provisioner.Inspect(ctx, t.identity, s.Questions(), out.inspected)
	s.Inspected = out.inspected
	return s
}

// guarded returns the plan with a refusal for each finding that is certain, if the properties ask for that and nothing was changed yet.
func (t *task) guarded(ctx context.Context, g goal, p plan.Plan, out *outcome) plan.Plan {
	d, converging := g.(desired)
	if !converging || d.Properties().Findings != properties.FindingsFail || out.Wrote || out.swept || p.Refused(false) != nil {
		return p
	}
	for _, f := range findings.Of(t.inspected(ctx, d.Desired, p, out, p.Merges())) {
		if f.Severity == findings.Error {
			logFinding(ctx, t.handler.Log, f)
			p.Waive(f.Refusal())
		}
	}
	return p
}

// abandoned looks for statements of roles that are gone.
func (t *task) abandoned(ctx context.Context, d servicerole.Desired, o servicerole.Observed, times int) []findings.Finding {
	found := map[string]servicerole.ObservedShared{}
	for name, b := range o.Buckets {
		found["bucket "+name] = b
	}
	for arn, key := range o.Keys {
		found["KMS key "+arn] = key
	}
	names := slices.Sorted(maps.Keys(found))
	sids := make([][]string, len(names))
	looks := make([]func() error, len(names))
	for n, name := range names {
		looks[n] = func() error {
			sids[n] = t.handler.Provisioner.Abandoned(ctx, found[name], d.Sid, times)
			return nil
		}
	}
	// None of them fails.
	_ = parallel.Together(looks...)
	var all []findings.Finding
	for n, name := range names {
		if len(sids[n]) > 0 {
			all = append(all, findings.Abandoned(name, sids[n]))
		}
	}
	return all
}

// report logs the findings, and returns them as lines.
func (t *task) report(ctx context.Context, found []findings.Finding) []string {
	var lines []string
	for _, f := range found {
		logFinding(ctx, t.handler.Log, f)
		lines = append(lines, f.String())
	}
	return lines
}

func logFinding(ctx context.Context, log *slog.Logger, f findings.Finding) {
	log.LogAttrs(ctx, slog.LevelWarn, "finding",
		slog.String("code", string(f.Code)), slog.String("severity", string(f.Severity)), slog.String("resource", f.Resource),
		slog.Any("identities", f.Identities), slog.Any("actions", f.Actions), slog.String("statement", f.Statement),
		slog.Any("dependsOn", f.DependsOn), slog.String("problem", f.Problem), slog.String("remedy", f.Remedy), slog.String("fix", f.Fix))
}
