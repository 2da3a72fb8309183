package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

// Handler answers events.
type Handler struct {
	Provisioner *provision.Provisioner
	Sender      *cfn.Sender
	Log         *slog.Logger
	// AccountID is the account of the function, if it is known.
	AccountID func(context.Context) string
	// RequiredBoundary is the ARN of the managed policy that must bound every role; empty: none has to.
	RequiredBoundary string
}

// What is kept of the function's time: the work ends answerTime before the deadline, so that CloudFormation hears a
// reason; undoTime of it is for undoing what is no longer wanted.
const (
	answerTime = 12 * time.Second
	undoTime   = 6 * time.Second
)

// result is what an event came to.
type result struct {
	physicalID string
	data       map[string]string
	err        error
	// drift is what a drift check found.
	drift *drift
	// redeliver leaves the event unanswered and lets Lambda deliver it again: CloudFormation waits for no answer, and something
	// is left to undo.
	redeliver bool
}

// Handle answers one event, or carries a drift check out. Its error makes Lambda deliver the event again, after one and after two minutes.
// It is nil once CloudFormation has taken the answer, whatever the answer said, and after a check.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) error {
	event, err := cfn.Decode(raw)
	log := h.Log.With("stackId", event.StackID, "logicalResourceId", event.LogicalResourceID, "cfnRequestId", event.RequestID,
		"requestType", string(event.RequestType))
	if errors.Is(err, cfn.ErrNoURL) {
		log.ErrorContext(ctx, "can't answer", "cause", err.Error())
		return err
	}
	if event.RequestType == cfn.CheckDrift {
		log.InfoContext(ctx, "event", "event", event.ForLog(raw), "version", properties.Version)
		h.reportDrift(ctx, log, event, h.work(ctx, event))
		return nil
	}
	if refused := h.Sender.Check(ctx, event.ResponseURL); refused != nil {
		return refused
	}
	log.InfoContext(ctx, "event", "event", event.ForLog(raw), "version", properties.Version)
	var done result
	switch {
	case err != nil:
		done = result{physicalID: physicalID(event), err: err}
	case event.ResourceType == properties.DigestType:
		done = digest(event)
	default:
		done = h.work(ctx, event)
	}
	if done.redeliver {
		log.ErrorContext(ctx, "could not undo everything; the next delivery of the event continues", "cause", event.Redact(done.err.Error()))
		return errUndone
	}
	return h.answer(ctx, log, event, done)
}

func (h *Handler) answer(ctx context.Context, log *slog.Logger, event cfn.Event, done result) error {
	r := event.Answer(done.physicalID)
	r.Status, r.Data = cfn.Success, done.data
	if done.err != nil {
		r.Status, r.Data = cfn.Failed, nil
		r.Reason = asSentence(errors.New(event.Redact(done.err.Error())))
	}
	level := slog.LevelInfo
	if r.Status == cfn.Failed {
		level = slog.LevelError
	}
	log.Log(ctx, level, "result", "status", string(r.Status), "physicalResourceId", r.PhysicalResourceID, "reason", r.Reason,
		"data", r.Data)
	body, err := r.Encode(properties.AttrWarnings)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return h.Sender.Send(ctx, event.ResponseURL, body)
}

// work does what the event asks for, and comes back in time whatever happens.
func (h *Handler) work(ctx context.Context, event cfn.Event) result {
	t := &task{handler: h, event: event, physicalID: physicalID(event)}
	workCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	undoCtx := ctx
	if deadline, ok := ctx.Deadline(); ok {
		workCtx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
		var cancelUndo context.CancelFunc
		undoCtx, cancelUndo = context.WithDeadline(ctx, deadline.Add(undoTime-answerTime))
		defer cancelUndo()
	}
	finished := make(chan result, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				h.Log.ErrorContext(ctx, "panicked", "value", event.Redact(fmt.Sprint(v)), "stack", event.Redact(string(debug.Stack())))
				finished <- t.failed(fmt.Errorf("%s failed because of a defect in the function: %v. Report it with the function's log. "+
					"Deploy again to continue", event.RequestType, v))
			}
		}()
		finished <- t.run(workCtx, undoCtx)
	}()
	select {
	case r := <-finished:
		return r
	case <-undoCtx.Done():
		if event.RequestType == cfn.CheckDrift {
			return t.failed(errors.New("the drift check timed out. The next one starts anew. If that repeats, look into the function's log for " +
				"slow calls"))
		}
		return t.failed(fmt.Errorf("%s timed out. Deploy again to continue. If that repeats, lower PropagationDelaySeconds, or look into "+
			"the function's log for slow calls", event.RequestType))
	}
}

// errUndone makes Lambda deliver an event again. It says nothing else: the caller may not be CloudFormation.
var errUndone = errors.New("the event was not undone yet. See the function's log")

// nothingID is the physical ID of an answer if not even the stack is known.
const nothingID = "PersonalizeServiceRole-never-created"

// physicalID is the ID to answer with before anything was done: the event's own, or the ARN that the role would have.
func physicalID(e cfn.Event) string {
	if e.PhysicalResourceID != "" {
		return e.PhysicalResourceID
	}
	identity, err := servicerole.NewIdentity(e.StackID, e.LogicalResourceID)
	if err != nil {
		return nothingID
	}
	return identity.Role(properties.Salvage(e.ResourceProperties)).ARN
}

// asSentence returns an error as a sentence with a full stop.
func asSentence(err error) string {
	return strings.TrimRight(err.Error(), ".") + "."
}
