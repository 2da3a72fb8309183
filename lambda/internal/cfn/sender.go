package cfn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// Limits of one attempt and of all.
const (
	attempts       = 6
	attemptTimeout = 5 * time.Second
	connectTimeout = 2 * time.Second
	firstPause     = 100 * time.Millisecond
	longestPause   = 3 * time.Second
	// idleTimeout is longer than the longest pause, so that a retry needs no new connection.
	idleTimeout = 30 * time.Second
)

// Sender PUTs answers.
type Sender struct {
	Client *http.Client
	Log    *slog.Logger
	// Hosts are the hosts that answers may be sent to.
	Hosts Hosts
	// Pause waits before attempt n, counted from 1. Tests replace it.
	Pause func(ctx context.Context, n int) error
}

// NewSender returns a sender whose every stage has a time-out: a network black hole must not hold an answer. configure changes its
// transport.
func NewSender(log *slog.Logger, hosts Hosts, configure func(*http.Transport)) *Sender {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: attemptTimeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          1,
		IdleConnTimeout:       idleTimeout,
	}
	configure(transport)
	return &Sender{
		Client: &http.Client{
			Transport: transport,
			Timeout:   attemptTimeout,
			// The URL is signed for one place.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Log:   log,
		Hosts: hosts,
		Pause: pause,
	}
}

// ErrUndelivered is the only error of Send and Check. It says nothing about the target, because the caller may not be CloudFormation:
// the log has the cause.
var ErrUndelivered = errors.New("the answer was not delivered. See the function's log")

// Check returns ErrUndelivered if an answer must not be sent to the URL, and logs why.
func (s *Sender) Check(ctx context.Context, responseURL string) error {
	if _, err := s.Hosts.parse(responseURL); err != nil {
		s.Log.ErrorContext(ctx, "refused to answer", "cause", err.Error())
		return ErrUndelivered
	}
	return nil
}

// Send PUTs a body to the pre-signed URL until it is accepted, the attempts are used up or the context ends. The URL is a credential: the
// log contains no part of it.
func (s *Sender) Send(ctx context.Context, responseURL string, body []byte) error {
	target, err := s.Hosts.parse(responseURL)
	if err != nil {
		return s.Check(ctx, responseURL)
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
		if n == attempts || !worthRetrying(status) || s.Pause(ctx, n) != nil {
			s.Log.ErrorContext(ctx, "could not answer CloudFormation", "attempts", n, "cause", outcome)
			return ErrUndelivered
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
		return 0, errors.New(kindOf(err))
	}
	defer answer.Body.Close()
	// A connection is used again only if its answer was read.
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16))
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answer.StatusCode, fmt.Errorf("status %d", answer.StatusCode)
	}
	return answer.StatusCode, nil
}

// kindOf describes an error of the HTTP client in fixed words: its own text can hold the URL, the host, or what the server sent.
func kindOf(err error) string {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		errno       syscall.Errno
		timeout     net.Error
	)
	switch {
	case errors.As(err, &dns):
		return "the host name can't be resolved"
	case errors.As(err, &certificate):
		return "the certificate of the host can't be verified"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed"
	}
	return "the request failed"
}

// pause waits for a random time that doubles in the mean: thousands of functions answer at once when a StackSet deploys.
func pause(ctx context.Context, n int) error {
	longest := min(firstPause<<n, longestPause)
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
