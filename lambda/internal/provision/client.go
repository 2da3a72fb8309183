package provision

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"

	"personalize-role/lambda/inmemory"
)

// Attempts of a call before its error counts, and the longest pause between two: IAM throttles whole accounts, and StackSets
// deploy into many at once.
const (
	maxAttempts = 8
	maxBackoff  = 5 * time.Second
)

// attemptTimeout bounds one attempt of a call: one that hangs must not cost the function's whole time.
const attemptTimeout = 10 * time.Second

// Retryer retries what the SDK does, IAM's conflicts between writers, and KMS's internal errors. It has no retry quota: all calls of a
// client share the SDK's quota, and only successes refill it. A missing bucket policy, or a role that doesn't exist yet, doesn't count as a
// success. The attempts of each call are limited.
func Retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = maxAttempts
		o.MaxBackoff = maxBackoff
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
			"ConcurrentModification":          {},
			"ConcurrentModificationException": {},
			"EntityTemporarilyUnmodifiable":   {},
			"ServiceFailure":                  {},
			"KMSInternalException":            {},
			"DependencyTimeoutException":      {},
		}})
	})
}

// concurrency bounds the calls of one event to a service that are under way at once, since the services throttle whole accounts. IAM
// publishes no rate, and gets few calls an event; S3 and KMS one for each bucket and key, of which KMS takes 15 PutKeyPolicy a
// second. See https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html
var concurrency = map[string]int{"IAM": 8, "S3": 64, "KMS": 8, "CloudFormation": 2}

// HTTPClient returns a client that keeps a connection for each call that may be under way at once; the SDK's own keeps ten to a service.
// It follows no redirect: S3 redirects to another Region, where the request would arrive without its signature. configure changes its
// transport.
func HTTPClient(configure func(*http.Transport)) *http.Client {
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = concurrency["S3"]
		t.MaxIdleConns = 2 * concurrency["S3"]
		configure(t)
	}).GetTransport()
	return &http.Client{
		Transport:     inmemory.Transport{Next: transport},
		Timeout:       attemptTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// LimitCalls has calls wait for each other, by service.
func LimitCalls() func(*middleware.Stack) error {
	slots := map[string]chan struct{}{}
	for service, n := range concurrency {
		slots[service] = make(chan struct{}, n)
	}
	limit := middleware.InitializeMiddlewareFunc("LimitCalls", func(ctx context.Context, in middleware.InitializeInput,
		next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error,
	) {
		slot, bounded := slots[awsmiddleware.GetServiceID(ctx)]
		if !bounded {
			return next.HandleInitialize(ctx, in)
		}
		select {
		case slot <- struct{}{}:
		case <-ctx.Done():
			return middleware.InitializeOutput{}, middleware.Metadata{}, ctx.Err()
		}
		defer func() { <-slot }()
		return next.HandleInitialize(ctx, in)
	})
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(limit, middleware.After) }
}

// LogCalls adds one log line a call, with its duration, its attempts and its outcome.
func LogCalls(log *slog.Logger) func(*middleware.Stack) error {
	logCall := middleware.InitializeMiddlewareFunc("LogCalls", func(ctx context.Context, in middleware.InitializeInput,
		next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error,
	) {
		start := time.Now()
		out, metadata, err := next.HandleInitialize(ctx, in)
		outcome, level := "ok", slog.LevelInfo
		switch {
		case err != nil && code(err) != "":
			outcome = code(err)
		case err != nil:
			outcome, level = cause(err), slog.LevelWarn
		}
		attempts := 1
		if results, ok := retry.GetAttemptResults(metadata); ok {
			attempts = len(results.Results)
		}
		log.LogAttrs(ctx, level, "called AWS",
			slog.String("service", awsmiddleware.GetServiceID(ctx)),
			slog.String("operation", awsmiddleware.GetOperationName(ctx)),
			slog.Int64("ms", time.Since(start).Milliseconds()),
			slog.Int("attempts", attempts),
			slog.String("outcome", outcome))
		return out, metadata, err
	})
	return func(stack *middleware.Stack) error { return stack.Initialize.Add(logCall, middleware.After) }
}
