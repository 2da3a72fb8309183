// Package inmemory sends HTTP requests whose bodies it has read into memory.
package inmemory

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// Transport sends each request by Next, after its body was read.
//
// net/http writes a body that is in memory together with the headers, and sends the request on another connection if none of it was
// written. A body of the AWS SDK (smithy-go v1.28.9) is written after the headers, and its WriteTo returns an error once there is an
// answer. If the answer arrives before net/http has looked for the end of the body, the connection is closed while the answer is read: the
// SDK repeats a call that took effect.
type Transport struct{ Next http.RoundTripper }

// NewClient returns a client for the AWS SDK, with net/http's default transport, which keeps up to 100 idle connections to a host.
func NewClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = transport.MaxIdleConns
	return &http.Client{Transport: Transport{Next: transport}}
}

// RoundTrip returns the answer to the request. It returns an error if the body can't be read.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.Next.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	r = r.WithContext(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return t.Next.RoundTrip(r)
}
