//go:build emulator

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
)

// simulator is a CloudFormation that is as strict as the real one: it takes answers, says of resources what it knows, and
// stands between the function and the emulator's IAM, where it can intervene.
type simulator struct {
	t      *testing.T
	server *httptest.Server
	iam    *iam.Client
	viewer *emulator.Viewer
	binary string

	mutex     sync.Mutex
	resources map[string]*resourceState
	answers   map[string]*answer
	events    int
	// intervene, if set, runs before each call to IAM with its action; false answers 400 MalformedPolicyDocument instead.
	intervene func(action string) bool
	// refusals is how many answers get status 500 before one is taken.
	refusals int
}

// resourceState is what CloudFormation says of a resource.
type resourceState struct{ status, id, stack string }

// answer is a body as the function must PUT it.
type answer struct {
	Status, Reason, PhysicalResourceId, StackId, RequestId, LogicalResourceId string
	Data                                                                      map[string]string
}

func newSimulator(t *testing.T) *simulator {
	s := &simulator{t: t, resources: map[string]*resourceState{}, answers: map[string]*answer{}}
	endpoint := os.Getenv(emulator.EndpointVariable)
	target, err := url.Parse(endpoint)
	check(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /", s.takeAnswer)
	mux.HandleFunc("POST /cloudformation", s.describe)
	mux.HandleFunc("POST /cloudformation/", s.describe)
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) { s.forward(w, r, proxy) })
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	cfg := s.config()
	s.iam, s.viewer = iam.NewFromConfig(cfg), emulator.NewViewer(cfg, io.Discard)
	s.binary = filepath.Join(t.TempDir(), bundle.Bootstrap)
	root, err := bundle.Root()
	check(t, err)
	check(t, bundle.Build(t.Context(), root, runtime.GOARCH, s.binary))
	return s
}

// config is that of the root user of the function's account.
func (s *simulator) config() aws.Config {
	return emulator.ConfigAt(os.Getenv(emulator.EndpointVariable), emulator.Region,
		aws.Credentials{AccessKeyID: runtimeAccount, SecretAccessKey: "test"})
}

func (s *simulator) environment() *environment { return startEnvironment(s.t, s.binary, s.server.URL) }

// forward lets a call through to IAM.
func (s *simulator) forward(w http.ResponseWriter, r *http.Request, proxy *httputil.ReverseProxy) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, _ := url.ParseQuery(string(body))
	s.mutex.Lock()
	intervene := s.intervene
	s.mutex.Unlock()
	if intervene != nil && !intervene(form.Get("Action")) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>MalformedPolicyDocument</Code><Message>as the test wants</Message></Error></ErrorResponse>`)
		return
	}
	proxy.ServeHTTP(w, r)
}

// takeAnswer holds an answer to the contract, and drops it as CloudFormation does if it breaks that.
func (s *simulator) takeAnswer(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.refusals > 0 {
		s.refusals--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if _, known := s.answers[r.RequestURI]; !known {
		s.t.Errorf("PUT to %s, which was never handed out", r.RequestURI)
	}
	if r.Header.Get("Content-Type") != "" || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
		s.t.Errorf("headers %v, length %d of %d", r.Header, r.ContentLength, len(body))
	}
	if len(body) > 4096 {
		s.t.Errorf("%d bytes", len(body))
	}
	var fields map[string]any
	var a answer
	if json.Unmarshal(body, &fields) != nil || json.Unmarshal(body, &a) != nil {
		s.t.Errorf("no answer: %s", body)
	}
	for name, value := range fields {
		if value == nil {
			s.t.Errorf("%s is null", name)
		}
	}
	if a.PhysicalResourceId == "" || len(a.PhysicalResourceId) > 1024 || a.Status == "FAILED" && a.Reason == "" ||
		!strings.Contains(r.RequestURI, url.QueryEscape(a.RequestId)) || s.resources[a.StackId] == nil || a.LogicalResourceId != "Role" {
		s.t.Errorf("answer %s to %s", body, r.RequestURI)
	}
	s.answers[r.RequestURI] = &a
}

// describe answers DescribeStackResource and DescribeStacks.
func (s *simulator) describe(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	resource := s.resources[r.Form.Get("StackName")]
	switch action := r.Form.Get("Action"); {
	case resource == nil:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>`)
	case action == "DescribeStacks":
		fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>app</StackName>`+
			`<CreationTime>2026-11-25T00:00:00Z</CreationTime>`+
			`<StackStatus>%s</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, resource.stack)
	default:
		fmt.Fprintf(w, `<DescribeStackResourceResponse><DescribeStackResourceResult><StackResourceDetail>`+
			`<LogicalResourceId>Role</LogicalResourceId>`+
			`<PhysicalResourceId>%s</PhysicalResourceId><ResourceStatus>%s</ResourceStatus>`+
			`<ResourceType>Custom::PersonalizeServiceRole</ResourceType>`+
			`<LastUpdatedTimestamp>2026-11-25T00:00:00Z</LastUpdatedTimestamp>`+
			`</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>`,
			resource.id, resource.status)
	}
}

// stack is one stack of the simulator, with one resource called Role.
type stack struct {
	*simulator
	id string
}

func (s *simulator) stack(name string) stack {
	id := fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/guid", emulator.Region, runtimeAccount, strings.Map(letters, name))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.resources[id] = &resourceState{}
	return stack{s, id}
}

// become sets what CloudFormation says of the resource.
func (s stack) become(status, physicalID, stackStatus string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	*s.resources[s.id] = resourceState{status, physicalID, stackStatus}
}

func (s *simulator) set(intervene func(action string) bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.intervene = intervene
}

// event is an event with a ResponseURL of its own.
type event struct {
	raw []byte
	uri string
}

func (s stack) event(request, physicalID string, now, old map[string]any) event {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.events++
	requestID := fmt.Sprintf("request-%d", s.events)
	// The escapes are those of CloudFormation's own URLs.
	uri := fmt.Sprintf("/arn%%3Aaws%%3Acloudformation%%3A%s%%7CRole%%7C%s?X-Amz-Signature=%%2Babc", emulator.Region, requestID)
	s.answers[uri] = nil
	e := map[string]any{
		"RequestType": request, "ServiceToken": "arn:f", "ResponseURL": s.server.URL + uri, "StackId": s.id, "RequestId": requestID,
		"ResourceType": "Custom::PersonalizeServiceRole", "LogicalResourceId": "Role", "ResourceProperties": wire(now),
	}
	if physicalID != "" {
		e["PhysicalResourceId"] = physicalID
	}
	if old != nil {
		e["OldResourceProperties"] = wire(old)
	}
	raw, err := json.Marshal(e)
	check(s.t, err)
	return event{raw, uri}
}

func wire(properties map[string]any) map[string]any {
	all := map[string]any{"ServiceToken": "arn:f", "ServiceTimeout": "720", "PropagationDelaySeconds": "0"}
	for k, v := range properties {
		all[k] = v
	}
	return all
}

// answerTo returns the answer to an event; nil if none came.
func (s *simulator) answerTo(e event) *answer {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.answers[e.uri]
}

// run sends an event in the state that belongs to it, and returns the answer.
func (s stack) run(env *environment, request, physicalID string, now, old map[string]any) answer {
	s.t.Helper()
	s.become(strings.ToUpper(request)+"_IN_PROGRESS", physicalID, "")
	e := s.event(request, physicalID, now, old)
	check(s.t, env.invoke(e.raw))
	a := s.answerTo(e)
	if a == nil {
		s.t.Fatalf("%s wasn't answered", request)
	}
	return *a
}

// must is run for events that have to succeed.
func (s stack) must(env *environment, request, physicalID string, now, old map[string]any) string {
	s.t.Helper()
	a := s.run(env, request, physicalID, now, old)
	if a.Status != "SUCCESS" {
		s.t.Fatalf("%s: %s", request, a.Reason)
	}
	return a.PhysicalResourceId
}

// nothingLeft holds the account to being empty.
func (s *simulator) nothingLeft() {
	s.t.Helper()
	left, err := s.viewer.Left(s.t.Context())
	check(s.t, err)
	if len(left) > 0 {
		s.t.Fatalf("left behind: %v", left)
	}
}

// letters leaves out what a stack's name can't have.
func letters(r rune) rune {
	if r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}
