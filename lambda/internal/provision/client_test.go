package provision

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/parallel"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

// served returns the S3 client that the function makes, for a server. Pauses between attempts are left out.
func served(t *testing.T, client *http.Client, handle http.HandlerFunc) *s3.Client {
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), UsePathStyle: true, HTTPClient: client, Retryer: impatient{Retryer()},
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
}

type impatient struct{ aws.Retryer }

func (impatient) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func (r impatient) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return r.Retryer.(aws.RetryerV2).GetAttemptToken(ctx)
}

// Sixty buckets are throttled as often as a call is tried, but once, and answer that they have no policy: retries have no quota that
// successes only fill up.
func TestThrottledBuckets(t *testing.T) {
	var mutex sync.Mutex
	asked := map[string]int{}
	client := served(t, HTTPClient(asItIs), func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		asked[r.URL.Path]++
		n := asked[r.URL.Path]
		mutex.Unlock()
		code, status := "SlowDown", http.StatusServiceUnavailable
		if n == maxAttempts {
			code, status = "NoSuchBucketPolicy", http.StatusNotFound
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
	})
	p := New(Clients{S3: client}, slog.New(slog.DiscardHandler))
	var reads []func() error
	for n := range 60 {
		document := p.bucketDocument(account.Bucket(fmt.Sprintf("data-%d", n)), account.AccountID)
		reads = append(reads, func() error {
			_, err := document.Read(t.Context())
			return err
		})
	}
	if err := parallel.Together(reads...); err != nil {
		t.Error(err)
	}
}

// A bucket of another Region is told from one that is denied, however S3 says so. A redirect isn't followed: the request would arrive
// without its signature.
func TestBucketsOfOtherRegions(t *testing.T) {
	var followed atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		followed.Store(true)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code></Error>")
	}))
	t.Cleanup(elsewhere.Close)
	for _, c := range []struct {
		code           string
		status         int
		header, listed string
		want           string
	}{
		{"PermanentRedirect", 301, "us-east-1", "", "us-east-1"},
		{"PermanentRedirect", 301, "", "us-west-2", "us-west-2"},
		{"PermanentRedirect", 301, "", "", ""},
		{"TemporaryRedirect", 307, "us-east-1", "", "us-east-1"},
		{"TemporaryRedirect", 307, "", "us-west-2", "us-west-2"},
		{"AuthorizationHeaderMalformed", 400, "", "us-west-2", "us-west-2"},
		{"IllegalLocationConstraintException", 400, "", "us-west-2", "us-west-2"},
		{"Unheard", 301, "", "us-west-2", "us-west-2"},
	} {
		t.Run(fmt.Sprintf("%s %d %q %q", c.code, c.status, c.header, c.listed), func(t *testing.T) {
			client := served(t, HTTPClient(asItIs), func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					fmt.Fprintf(w, "<ListAllMyBucketsResult><Buckets><Bucket><Name>data</Name>"+
						"<BucketRegion>%s</BucketRegion></Bucket></Buckets></ListAllMyBucketsResult>", c.listed)
					return
				}
				if c.header != "" {
					w.Header().Set("X-Amz-Bucket-Region", c.header)
				}
				w.Header().Set("Location", elsewhere.URL+"/data")
				w.WriteHeader(c.status)
				fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", c.code)
			})
			p := New(Clients{S3: client}, slog.New(slog.DiscardHandler))
			p.Sleep = func(context.Context, time.Duration) error { return nil }
			found, err := p.observeBucket(t.Context(), account, "data", true)
			if err != nil || found.Presence != servicerole.InAnotherRegion || found.Region != c.want || followed.Load() {
				t.Errorf("got %+v, %v, followed %v; want the Region %q", found, err, followed.Load(), c.want)
			}
		})
	}
}

// An attempt that hangs is given up, and the next one answers.
func TestHangingAttempts(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	var asked atomic.Int32
	client := HTTPClient(asItIs)
	if client.Timeout != attemptTimeout {
		t.Errorf("an attempt may take %v, want %v", client.Timeout, attemptTimeout)
	}
	client.Timeout = 50 * time.Millisecond
	storage := served(t, client, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			return
		}
		fmt.Fprint(w, `{"Statement":[]}`)
	})
	if _, err := storage.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String("data")}); err != nil || asked.Load() != 2 {
		t.Errorf("%d attempts, %v", asked.Load(), err)
	}
}

// The service's last error is the reason, and a write is tried as often as any other call, with pauses that grow.
func TestThrottledWrites(t *testing.T) {
	for code, want := range map[string]struct {
		puts   int
		reason string
	}{
		"ThrottlingException":    {maxAttempts, "ThrottlingException: "},
		"LimitExceededException": {1, "Name fewer Prefixes"},
	} {
		fake := fakeaws.New(account.AccountID)
		key := fake.KMS.AddKey(`{"Statement":[{"Effect":"Allow"}]}`)
		puts := 0
		fake.Before = func(operation string) (error, error) {
			if operation == "kms:PutKeyPolicy" {
				puts++
				return api(code), nil
			}
			return nil, nil
		}
		p := New(Clients{KMS: fake.KMS}, slog.New(slog.DiscardHandler))
		var paused []time.Duration
		p.Sleep = func(_ context.Context, d time.Duration) error {
			paused = append(paused, d)
			return nil
		}
		_, err := carryOut(t.Context(), p, servicerole.Observed{}, plan.PutKeyStatement{Key: key,
			Statement: policy.Statement{Sid: "S", Effect: "Allow"}})
		if puts != want.puts || err == nil || !strings.Contains(err.Error(), want.reason) || strings.Contains(err.Error(), "deadline") {
			t.Errorf("%s: %d puts, %v; want %d", code, puts, err, want.puts)
		}
		for n := 1; n < len(paused); n++ {
			if paused[n] < paused[n-1] {
				t.Errorf("%s: pauses %v shrink", code, paused)
			}
		}
	}
}

func asItIs(*http.Transport) {}
