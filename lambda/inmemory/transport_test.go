package inmemory

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// body is one of the SDK's: it says whether it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

// sent is what a request looks like to net/http: its body, which is empty without one, and that of another attempt.
type sent struct{ Body, Again string }

type recorder struct{ got []sent }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	var s sent
	if request.Body != nil {
		first, err := io.ReadAll(request.Body)
		again, failed := request.GetBody()
		if err := errors.Join(err, failed); err != nil {
			return nil, err
		}
		second, err := io.ReadAll(again)
		if err != nil {
			return nil, err
		}
		s = sent{string(first), string(second)}
	}
	r.got = append(r.got, s)
	return &http.Response{Body: http.NoBody}, nil
}

func TestRoundTrip(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		body *body
		want []sent
		err  error
	}{
		{"no body", nil, []sent{{}}, nil},
		{"a body", &body{Reader: strings.NewReader("Action=GetRole")}, []sent{{"Action=GetRole", "Action=GetRole"}}, nil},
		{"an empty body", &body{Reader: strings.NewReader("")}, []sent{{}}, nil},
		{"a body that can't be read", &body{Reader: io.MultiReader(strings.NewReader("Act"), iotest.ErrReader(broken))}, nil, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://iam.amazonaws.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.body != nil {
				request.Body = c.body
			}
			before := request.Body
			var next recorder
			answer, err := Transport{Next: &next}.RoundTrip(request)
			if err == nil {
				err = answer.Body.Close()
			}
			if !errors.Is(err, c.err) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, next.got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if request.Body != before || c.body != nil && !c.body.closed {
				t.Error("the request was changed, or its body was left open")
			}
		})
	}
}
