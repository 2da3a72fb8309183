package handler

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/findings"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// reportDrift logs what a check came to, and publishes it as metrics. A check that was left out publishes none.
func (h *Handler) reportDrift(ctx context.Context, log *slog.Logger, event cfn.Event, r result) {
	found := r.drift
	if found == nil {
		found = &drift{}
	}
	left, certain := 0, 0
	for _, d := range found.differences {
		logDifference(ctx, log, d)
		if !d.repaired {
			left++
		}
	}
	for _, f := range found.findings {
		logFinding(ctx, log, f)
		if f.Severity == findings.Error {
			certain++
		}
	}
	switch {
	case r.err != nil:
		log.ErrorContext(ctx, "the drift check failed", "cause", asSentence(errors.New(event.Redact(r.err.Error()))))
		values := map[string]int{properties.MetricCheckFailed: 1, properties.MetricProblems: 1 + left + certain}
		if found.compared {
			values[properties.MetricDrift] = left
		}
		publish(ctx, log, event, h.Provisioner.Now(), values)
	case found.skipped != "":
		log.InfoContext(ctx, "no drift check", "cause", found.skipped)
	default:
		publish(ctx, log, event, h.Provisioner.Now(), map[string]int{properties.MetricCheckFailed: 0, properties.MetricDrift: left,
			properties.MetricFindings: len(found.findings), properties.MetricProblems: left + certain})
	}
}

// publish logs metrics in the form that CloudWatch reads. See
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func publish(ctx context.Context, log *slog.Logger, event cfn.Event, now time.Time, values map[string]int) {
	if _, err := servicerole.NewIdentity(event.StackID, event.LogicalResourceID); err != nil {
		// Names that CloudFormation never uses get no metrics.
		return
	}
	type metric struct {
		Name string `json:"Name"`
		Unit string `json:"Unit"`
	}
	type directive struct {
		Namespace  string     `json:"Namespace"`
		Dimensions [][]string `json:"Dimensions"`
		Metrics    []metric   `json:"Metrics"`
	}
	type metadata struct {
		Timestamp         int64       `json:"Timestamp"`
		CloudWatchMetrics []directive `json:"CloudWatchMetrics"`
	}
	of := directive{Namespace: properties.MetricNamespace, Dimensions: [][]string{{properties.DimensionStack, properties.DimensionLogicalID}}}
	attributes := []any{properties.DimensionStack, stackName(event.StackID), properties.DimensionLogicalID, event.LogicalResourceID}
	for _, name := range []string{properties.MetricDrift, properties.MetricFindings, properties.MetricCheckFailed, properties.MetricProblems} {
		if value, known := values[name]; known {
			of.Metrics = append(of.Metrics, metric{name, "Count"})
			attributes = append(attributes, name, value)
		}
	}
	log.InfoContext(ctx, "drift check", append(attributes, "_aws", metadata{now.UnixMilli(), []directive{of}})...)
}

// stackName is the name in the ARN of a stack.
func stackName(stackID string) string {
	if parts := strings.Split(stackID, "/"); len(parts) > 1 {
		return parts[1]
	}
	return stackID
}

func logDifference(ctx context.Context, log *slog.Logger, d difference) {
	problem := map[plan.Action]string{plan.Create: "is missing", plan.Update: "is not as deployed",
		plan.Delete: "should not be there"}[d.action]
	what := d.kind + " " + d.name
	if d.attribute != "" {
		what = "the " + d.attribute + " of " + what
	}
	log.LogAttrs(ctx, slog.LevelWarn, "drift", slog.String("problem", what+" "+problem+"."),
		slog.String("resource", d.kind+" "+d.name), slog.String("attribute", d.attribute), slog.String("found", d.found),
		slog.String("wanted", d.wanted), slog.Time("since", d.since), slog.Bool("repaired", d.repaired))
}
