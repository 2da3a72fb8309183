package cfn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// request is what a server saw.
type request struct {
	Method, URI, Body string
	ContentType       []string
	ContentLength     int64
	TransferEncoding  []string
}

// serve answers with the statuses in turn, and then with the last.
func serve(t *testing.T, statuses ...int) (url string, requests func() []request) {
	var (
		mutex sync.Mutex
		seen  []request
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mutex.Lock()
		defer mutex.Unlock()
		seen = append(seen, request{r.Method, r.RequestURI, string(body), r.Header["Content-Type"], r.ContentLength, r.TransferEncoding})
		status := statuses[min(len(seen), len(statuses))-1]
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		if status == http.StatusTemporaryRedirect {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []request {
		mutex.Lock()
		defer mutex.Unlock()
		return slices.Clone(seen)
	}
}

func quiet(s *Sender) *Sender {
	s.Pause = func(ctx context.Context, _ int) error { return ctx.Err() }
	return s
}

const path = "/arn%3Aaws%3Acloudformation%3Aeu-west-1%3A123456789012%3Astack/app/guid%7CRole%7C9f%2B" +
	"?X-Amz-Date=20261125T000000Z&X-Amz-Signature=5ecre7%2F=="

func TestSendIsByteExact(t *testing.T) {
	url, seen := serve(t, 200)
	if err := quiet(NewSender(slog.New(slog.DiscardHandler), anyHost, asItIs)).Send(t.Context(), url+path, []byte(`{"ü":1}`)); err != nil {
		t.Fatal(err)
	}
	want := []request{{Method: "PUT", URI: path, Body: `{"ü":1}`, ContentLength: 8}}
	if diff := cmp.Diff(want, seen()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSendRetries(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		tries    int
		err      string
	}{
		{"at once", []int{200}, 1, ""},
		{"after server errors", []int{500, 503, 200}, 3, ""},
		{"after throttling", []int{429, 200}, 2, ""},
		{"after a lost connection", []int{0, 200}, 2, ""},
		{"never", []int{503}, attempts, ErrUndelivered.Error()},
		{"expired", []int{403}, 1, ErrUndelivered.Error()},
		{"refused", []int{400}, 1, ErrUndelivered.Error()},
		{"the last client error", []int{499}, 1, ErrUndelivered.Error()},
		{"too slow for S3", []int{408, 200}, 2, ""},
		{"the last status of success", []int{299}, 1, ""},
		{"no success", []int{300, 200}, 2, ""},
		{"redirect", []int{307}, attempts, ErrUndelivered.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			url, seen := serve(t, c.statuses...)
			err := quiet(NewSender(slog.New(slog.DiscardHandler), anyHost, asItIs)).Send(t.Context(), url+path, []byte("{}"))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.err || len(seen()) != c.tries {
				t.Errorf("got %q after %d tries, want %q after %d", got, len(seen()), c.err, c.tries)
			}
			for _, r := range seen() {
				if r.Body != "{}" || r.URI != path {
					t.Errorf("a retry sent %q to %s", r.Body, r.URI)
				}
			}
		})
	}
}

func TestTheURLStaysSecret(t *testing.T) {
	url, _ := serve(t, 0)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{url + path, nobody + path, "ftp://example.com" + path, "http://" + path, "secret5ecre7",
		"http://exa mple" + path, "http://[::1" + path} {
		var log bytes.Buffer
		err := quiet(NewSender(slog.New(slog.NewJSONHandler(&log, nil)), anyHost, asItIs)).Send(t.Context(), target, []byte("{}"))
		if err == nil {
			t.Errorf("%s: no error", target)
			continue
		}
		for _, text := range []string{err.Error(), log.String()} {
			if strings.Contains(text, "5ecre7") || strings.Contains(text, "X-Amz") || strings.Contains(text, "guid") {
				t.Errorf("the URL shows in %q", text)
			}
		}
	}
}

func TestSendGivesUpWithTheContext(t *testing.T) {
	block := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }))
	t.Cleanup(func() { close(block); server.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := NewSender(slog.New(slog.DiscardHandler), anyHost, asItIs).Send(ctx, server.URL, []byte("{}"))
	if !errors.Is(err, ErrUndelivered) {
		t.Errorf("got %v, want %v", err, ErrUndelivered)
	}
}

var anyHost = Hosts{Any: true}

func asItIs(*http.Transport) {}
