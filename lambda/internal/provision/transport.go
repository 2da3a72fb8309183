package provision

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// inMemory sends a request whose body it has read. net/http writes such a body together with the headers, and may send the request on
// another connection if none of it was written. The SDK's own bodies are written after the headers, and end in an error once there is an
// answer: if the answer is there before net/http looks for the end, the connection is closed while the answer is read, and the call has
// failed although it took effect.
type inMemory struct{ http.RoundTripper }

func (t inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	r = r.WithContext(r.Context())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	return t.RoundTripper.RoundTrip(r)
}
