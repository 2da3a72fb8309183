package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/response"
	"personalize-role/lambda/properties"
)

// Handler answers events.
type Handler struct {
	Provisioner *provision.Provisioner
	Sender      *response.Sender
	Log         *slog.Logger
	// AccountID is the account of the function, if it is known.
	AccountID func(context.Context) string
}

// What is kept of the function's time: the work ends answerTime before the deadline, so that CloudFormation hears a
// reason; undoTime of it is for undoing what nobody wants any more.
const (
	answerTime = 12 * time.Second
	undoTime   = 6 * time.Second
)

// result is what an event came to.
type result struct {
	physicalID string
	data       map[string]string
	err        error
	// redeliver leaves the event unanswered and lets Lambda deliver it again: nobody waits for an answer, and something
	// is left to undo.
	redeliver bool
}

// Handle answers one event. Its error makes Lambda deliver the event again, after one and after two minutes; it is nil once
// CloudFormation has taken the answer, whatever the answer said.
func (h *Handler) Handle(ctx context.Context, raw json.RawMessage) error {
	event, err := decode(raw)
	log := h.Log.With("stackId", event.StackID, "logicalResourceId", event.LogicalResourceID, "cfnRequestId", event.RequestID,
		"requestType", string(event.RequestType))
	if errors.Is(err, errNoURL) {
		log.ErrorContext(ctx, "can't answer", "cause", err.Error())
		return err
	}
	var done result
	if err != nil {
		done = result{physicalID: event.physicalID(), err: err}
	} else {
		done = h.work(ctx, event)
	}
	if done.redeliver {
		log.ErrorContext(ctx, "left something behind that nobody waits for; the next delivery goes on", "cause", event.withoutURL(done.err.Error()))
		return errors.New(event.withoutURL(done.err.Error()))
	}
	return h.answer(ctx, log, event, done)
}

func (h *Handler) answer(ctx context.Context, log *slog.Logger, event Event, done result) error {
	r := response.Response{
		Status:             response.Success,
		PhysicalResourceID: done.physicalID,
		StackID:            event.StackID,
		RequestID:          event.RequestID,
		LogicalResourceID:  event.LogicalResourceID,
		Data:               done.data,
	}
	if done.err != nil {
		r.Status, r.Data = response.Failed, nil
		r.Reason = event.withoutURL(done.err.Error())
	}
	log.InfoContext(ctx, "result", "status", string(r.Status), "physicalResourceId", r.PhysicalResourceID, "reason", r.Reason,
		"data", r.Data)
	body, err := r.Encode(properties.AttrWarnings)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return h.Sender.Send(ctx, event.ResponseURL, body)
}

// work does what the event asks for, and comes back in time whatever happens.
func (h *Handler) work(ctx context.Context, event Event) result {
	t := &task{handler: h, event: event, physicalID: event.physicalID()}
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
				h.Log.ErrorContext(ctx, "panicked", "value", event.withoutURL(fmt.Sprint(v)), "stack", event.withoutURL(string(debug.Stack())))
				finished <- t.failed(fmt.Errorf("%s: the function has a defect: %v. Report it with the function's log; nothing is "+
					"lost, and the next attempt goes on from what is there", event.RequestType, v))
			}
		}()
		finished <- t.run(workCtx, undoCtx)
	}()
	select {
	case r := <-finished:
		return r
	case <-undoCtx.Done():
		return t.failed(fmt.Errorf("%s: the function's time ran out. Deploy again; the next attempt goes on from what is there. "+
			"If it repeats, lower SettleSeconds, or look into the function's log for slow calls", event.RequestType))
	}
}
