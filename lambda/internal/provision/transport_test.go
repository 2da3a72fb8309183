package provision

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// lateConn returns from a write long after the other side has read it, as happens on a small share of a processor.
type lateConn struct {
	net.Conn
	writes *atomic.Int32
}

func (c lateConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	n, err := c.Conn.Write(b)
	time.Sleep(50 * time.Millisecond)
	return n, err
}

// A request is one write, and an answer that comes before that returns is an answer.
func TestAnswersThatOvertakeTheRequest(t *testing.T) {
	var asked, writes atomic.Int32
	client := HTTPClient(func(transport *http.Transport) {
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			return lateConn{conn, &writes}, err
		}
	})
	storage := served(t, client, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "{}" || r.ContentLength != 2 {
			t.Errorf("got %q of %d bytes, %v", body, r.ContentLength, err)
		}
		// The end of the answer is read after the request's.
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		time.Sleep(100 * time.Millisecond)
	})
	in := &s3.PutBucketPolicyInput{Bucket: aws.String("data"), Policy: aws.String("{}")}
	for range 3 {
		if _, err := storage.PutBucketPolicy(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 3 || writes.Load() != 3 {
		t.Errorf("three calls were %d requests in %d writes", asked.Load(), writes.Load())
	}
}
