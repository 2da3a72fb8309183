package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// runtimeAPI is Lambda for one process. See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	address string
	// ready gets the time of the first call for an event.
	ready chan time.Time
	// events are handed out one by one; finished gets what the function said of each.
	events   chan string
	finished chan string

	server http.Server
	once   sync.Once
	closed chan struct{}
}

func newRuntimeAPI() (*runtimeAPI, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &runtimeAPI{
		address: listener.Addr().String(), ready: make(chan time.Time, 1), events: make(chan string), finished: make(chan string, 1),
		closed: make(chan struct{}),
	}
	a.server.Handler = http.HandlerFunc(a.handle)
	go func() { _ = a.server.Serve(listener) }()
	return a, nil
}

func (a *runtimeAPI) close() {
	close(a.closed)
	_ = a.server.Close()
}

const functionARN = "arn:aws:lambda:eu-west-1:" + accountID + ":function:provider"

func (a *runtimeAPI) handle(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/invocation/next") {
		a.next(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	outcome := ""
	if !strings.HasSuffix(r.URL.Path, "/response") {
		outcome = r.URL.Path + ": " + string(body)
	}
	w.WriteHeader(http.StatusAccepted)
	select {
	case a.finished <- outcome:
	case <-a.closed:
	}
}

func (a *runtimeAPI) next(w http.ResponseWriter) {
	now := time.Now()
	a.once.Do(func() { a.ready <- now })
	select {
	case event := <-a.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(10*time.Minute).UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", functionARN)
		w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, event)
	case <-a.closed:
	}
}
