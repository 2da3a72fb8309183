package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Limits of one attempt and of all.
const (
	attempts       = 6
	attemptTimeout = 5 * time.Second
	connectTimeout = 2 * time.Second
	firstPause     = 100 * time.Millisecond
	longestPause   = 3 * time.Second
)

// Sender PUTs answers.
type Sender struct {
	Client *http.Client
	Log    *slog.Logger
	// Pause waits before attempt n, counted from 1. Tests replace it.
	Pause func(ctx context.Context, n int) error
}

// NewSender gives a sender whose every stage has a time-out: a network black hole must not hold an answer.
func NewSender(log *slog.Logger) *Sender {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: attemptTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          1,
		IdleConnTimeout:       30 * time.Second,
	}
	return &Sender{
		Client: &http.Client{
			Transport: transport,
			Timeout:   attemptTimeout,
			// The URL is signed for one place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Log:   log,
		Pause: pause,
	}
}

// Send PUTs a body to the pre-signed URL until it is taken, the attempts are used up or the context ends. The URL is a
// capability: no error and no log line holds any part of it.
func (s *Sender) Send(ctx context.Context, responseURL string, body []byte) error {
	target, err := parse(responseURL)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		start := time.Now()
		status, err := s.put(ctx, target, body)
		outcome := "taken"
		if err != nil {
			outcome = err.Error()
		}
		s.Log.InfoContext(ctx, "answered CloudFormation", "attempt", n, "status", status, "outcome", outcome, "bytes", len(body),
			"ms", time.Since(start).Milliseconds())
		if err == nil {
			return nil
		}
		if n == attempts || !worthRetrying(status) {
			return fmt.Errorf("answer CloudFormation: %w (attempt %d)", err, n)
		}
		if s.Pause(ctx, n) != nil {
			return fmt.Errorf("answer CloudFormation: %w (attempt %d, and no time for another)", err, n)
		}
	}
}

// worthRetrying spares the attempts that can't help: S3 answers 403 once the URL has expired.
func worthRetrying(status int) bool {
	return status < 400 || status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
}

func (s *Sender) put(ctx context.Context, target *url.URL, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	// No Content-Type: the signature covers an empty one.
	request := (&http.Request{
		Method:        http.MethodPut,
		URL:           target,
		Host:          target.Host,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(body)),
		GetBody:       func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
		ContentLength: int64(len(body)),
	}).WithContext(ctx)
	answer, err := s.Client.Do(request)
	if err != nil {
		return 0, withoutURL(err)
	}
	defer answer.Body.Close()
	// A connection is used again only if its answer was read.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answer.StatusCode, fmt.Errorf("status %d", answer.StatusCode)
	}
	return answer.StatusCode, nil
}

// parse keeps path and query byte for byte, as they were signed: parsing and printing again would decode %3A and %7C.
func parse(responseURL string) (*url.URL, error) {
	scheme, rest, ok := strings.Cut(responseURL, "://")
	host, path := rest, "/"
	if n := strings.IndexAny(rest, "/?"); n >= 0 {
		host, path = rest[:n], rest[n:]
	}
	path, query, _ := strings.Cut(path, "?")
	if path == "" {
		path = "/"
	}
	if !ok || scheme != "https" && scheme != "http" || host == "" {
		return nil, errors.New("answer CloudFormation: the event's ResponseURL isn't an http URL")
	}
	return &url.URL{Scheme: scheme, Host: host, Opaque: path, RawQuery: query}, nil
}

// withoutURL takes the URL out of an error of the HTTP client.
func withoutURL(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// pause waits for a random time that doubles in the mean: thousands of functions answer at once when a StackSet deploys.
func pause(ctx context.Context, n int) error {
	longest := min(firstPause<<n, longestPause)
	timer := time.NewTimer(rand.N(longest) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
