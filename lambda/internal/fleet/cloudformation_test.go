package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/properties"
)

// faults say how often what goes wrong, of 100.
type faults struct{ duplicates, crashes, denials int }

// counts are what happened.
type counts struct {
	mutex                         sync.Mutex
	duplicates, crashes, failures int
}

func (c *counts) add(which *int) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	*which++
}

// instance is a stack instance of the StackSet: one stack in one Region of one account.
type instance struct {
	*member
	region string
	faults faults
	counts *counts
	// stackID changes with every new attempt; physicalID is the role's ARN, once there is one.
	stackID, physicalID string
	attempts, requests  int
	properties          map[string]any
}

// Lambda delivers an event again one and two minutes after a failure.
var redeliveries = []time.Duration{time.Minute, 2 * time.Minute}

// functionTime is the function's Timeout, patience its ServiceTimeout.
const (
	functionTime = 5 * time.Minute
	patience     = 12 * time.Minute
)

// create creates the stack, and takes it back if that fails.
func (s *instance) create(wanted map[string]any) error {
	s.attempts++
	s.stackID = fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/StackSet-personalize-role/%08d", s.region, s.id, s.attempts)
	s.physicalID = ""
	s.say("CREATE_IN_PROGRESS", "")
	answer := s.send("Create", "", wanted, nil)
	if answer != nil && answer.Status == cfn.Success {
		s.physicalID, s.properties = answer.PhysicalResourceID, wanted
		s.say("CREATE_COMPLETE", s.physicalID)
		return nil
	}
	s.counts.add(&s.counts.failures)
	id := "StackSet-personalize-role-ServiceRole-1A2B3C"
	if answer != nil {
		id = answer.PhysicalResourceID
	}
	s.say("DELETE_IN_PROGRESS", id)
	if removed := s.send("Delete", id, wanted, nil); removed == nil || removed.Status != cfn.Success {
		return fmt.Errorf("%s in %s: not taken back: %+v", s.id, s.region, removed)
	}
	s.say("DELETE_COMPLETE", id)
	return fmt.Errorf("%s in %s: %+v", s.id, s.region, answer)
}

func (s *instance) update(wanted map[string]any) error {
	s.say("UPDATE_IN_PROGRESS", s.physicalID)
	answer := s.send("Update", s.physicalID, wanted, s.properties)
	if answer == nil || answer.Status != cfn.Success || answer.PhysicalResourceID != s.physicalID {
		return fmt.Errorf("%s in %s: update: %+v", s.id, s.region, answer)
	}
	s.properties = wanted
	s.say("UPDATE_COMPLETE", s.physicalID)
	return nil
}

func (s *instance) remove() error {
	s.say("DELETE_IN_PROGRESS", s.physicalID)
	if answer := s.send("Delete", s.physicalID, s.properties, nil); answer == nil || answer.Status != cfn.Success {
		return fmt.Errorf("%s in %s: delete: %+v", s.id, s.region, answer)
	}
	s.say("DELETE_COMPLETE", s.physicalID)
	return nil
}

func (s *instance) say(status, physicalID string) { s.cfn.SayFor(s.stackID, status, physicalID) }

// send sends an event, with the faults of delivery, and waits for the first answer; nil if none came.
func (s *instance) send(request, id string, now, old map[string]any) *cfn.Response {
	s.requests++
	event := map[string]any{
		"RequestType": request, "ResponseURL": "https://answers.example.com/x", "StackId": s.stackID, "RequestId": fmt.Sprint("r-", s.requests),
		"ResourceType": properties.ResourceType, "LogicalResourceId": "ServiceRole", "ServiceToken": "arn:aws:lambda:::function:f",
		"ResourceProperties": now,
	}
	if id != "" {
		event["PhysicalResourceId"] = id
	}
	if old != nil {
		event["OldResourceProperties"] = old
	}
	raw, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	answers := make(chan *cfn.Response, 10)
	var deliveries sync.WaitGroup
	deliveries.Go(func() { s.deliver(raw, answers, rand.N(100) < s.faults.crashes) })
	if rand.N(100) < s.faults.duplicates {
		s.counts.add(&s.counts.duplicates)
		deliveries.Go(func() {
			time.Sleep(rand.N(3 * time.Second))
			s.deliver(raw, answers, false)
		})
	}
	// CloudFormation continues at the first answer; a stack that follows doesn't wait for a duplicate that is under way.
	select {
	case a := <-answers:
		s.leave(&deliveries)
		return a
	case <-time.After(patience):
		s.leave(&deliveries)
		return nil
	}
}

// leave has the deliveries end in the background; all that is left of them is waited for at the end.
func (s *instance) leave(deliveries *sync.WaitGroup) { s.background.Go(deliveries.Wait) }

// deliver runs the function until it succeeds, as Lambda does with asynchronous events.
func (s *instance) deliver(raw json.RawMessage, answers chan<- *cfn.Response, crashes bool) {
	for attempt := 0; ; attempt++ {
		dies := 0
		if crashes && attempt == 0 {
			s.counts.add(&s.counts.crashes)
			dies = 1 + rand.N(14)
		}
		if s.execute(raw, answers, dies) || attempt == len(redeliveries) {
			return
		}
		time.Sleep(redeliveries[attempt])
	}
}

// execute runs the function once, and reports whether Lambda takes the event as done.
func (s *instance) execute(raw json.RawMessage, answers chan<- *cfn.Response, dies int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), functionTime)
	defer cancel()
	p := &process{member: s.member, region: s.region, dies: dies, kill: cancel}
	log := slog.New(slog.DiscardHandler)
	sender := cfn.NewSender(log, cfn.Hosts{Any: true}, asItIs)
	sender.Client = &http.Client{Transport: answering{p, answers}}
	h := &handler.Handler{
		Provisioner: provision.New(p.clients(), log), Sender: sender, Log: log, AccountID: func(context.Context) string { return s.id },
	}
	err := h.Handle(ctx, raw)
	return err == nil && !p.isDead()
}

// answering takes answers, unless the process is dead.
type answering struct {
	process *process
	answers chan<- *cfn.Response
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.process.isDead() {
		return nil, context.Canceled
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var answer cfn.Response
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	a.answers <- &answer
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

func asItIs(*http.Transport) {}
