package cfn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Status is the status of an answer.
type Status string

// The two statuses.
const (
	Success Status = "SUCCESS"
	Failed  Status = "FAILED"
)

// MaxBody is the size in bytes that CloudFormation accepts. It drops a longer body, and the reason with it.
const MaxBody = 4096

// Response is the body of an answer. All but Reason and Data are copied from the event or decided before.
type Response struct {
	Status             Status            `json:"Status"`
	Reason             string            `json:"Reason,omitempty"`
	PhysicalResourceID string            `json:"PhysicalResourceId"`
	StackID            string            `json:"StackId"`
	RequestID          string            `json:"RequestId"`
	LogicalResourceID  string            `json:"LogicalResourceId"`
	Data               map[string]string `json:"Data,omitempty"`
}

const cutMark = " [truncated. See the function's log]"

// Encode returns the body, at most MaxBody bytes. What doesn't fit is cut in this order: the reason, the attributes named in first, and
// then the longest attribute that is left, again and again. It returns an error if the rest alone is longer than MaxBody.
func (r Response) Encode(first ...string) ([]byte, error) {
	if r.Status == Failed && r.Reason == "" {
		r.Reason = "failed without a reason. See the function's log"
	}
	body, err := encode(r)
	if err != nil || len(body) <= MaxBody {
		return body, err
	}
	r.Data = maps.Clone(r.Data)
	body, err = r.shorten(r.Reason, func(s string) { r.Reason = s })
	for _, name := range slices.Concat(first, r.longestFirst()) {
		if err != nil || len(body) <= MaxBody {
			return body, err
		}
		body, err = r.shorten(r.Data[name], func(s string) { r.Data[name] = s })
	}
	if err == nil && len(body) > MaxBody {
		err = fmt.Errorf("the answer has %d bytes without its reason and attributes. CloudFormation accepts %d", len(body), MaxBody)
	}
	return body, err
}

// Size returns the length of the body in bytes before anything is cut.
func (r Response) Size() (int, error) {
	body, err := encode(r)
	return len(body), err
}

func (r Response) longestFirst() []string {
	return slices.SortedFunc(maps.Keys(r.Data), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(r.Data[b]), len(r.Data[a])), strings.Compare(a, b))
	})
}

// shorten cuts a text between runes until the body fits or the text is the mark alone.
func (r *Response) shorten(text string, set func(string)) ([]byte, error) {
	if text == "" {
		return encode(*r)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	for {
		set(text + cutMark)
		body, err := encode(*r)
		if err != nil || len(body) <= MaxBody || text == "" {
			return body, err
		}
		// A byte of text takes at most six bytes of the body, as an escape. A sixth of the excess is therefore never too much to
		// cut, and a few rounds reach the size.
		cut := max(1, (len(body)-MaxBody)/6)
		// Without the rune that is cut in two.
		text = strings.ToValidUTF8(text[:max(0, len(text)-cut)], "")
	}
}

func encode(r Response) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	// Policies and ARNs stay readable, and short.
	e.SetEscapeHTML(false)
	err := e.Encode(r)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
