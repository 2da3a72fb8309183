// Package response answers CloudFormation: one JSON object, PUT to the pre-signed URL of the event. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
package response

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Status of an answer.
type Status string

// The two statuses.
const (
	Success Status = "SUCCESS"
	Failed  Status = "FAILED"
)

// MaxBody is the size in bytes that CloudFormation accepts; it drops a longer body, and the reason with it.
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

const cutMark = " [cut; the function's log has the rest]"

// Encode gives the body, at most MaxBody bytes: a reason too long is cut, and so are the attributes named as flexible, in
// their order.
func (r Response) Encode(flexible ...string) ([]byte, error) {
	if r.Status == Failed && r.Reason == "" {
		r.Reason = "failed without a reason; the function's log has more"
	}
	body, err := encode(r)
	if err != nil || len(body) <= MaxBody {
		return body, err
	}
	data := r.Data
	r.Data = make(map[string]string, len(data))
	for k, v := range data {
		r.Data[k] = v
	}
	r.Reason, body, err = r.shorten(r.Reason, func(r *Response, s string) { r.Reason = s })
	for _, name := range flexible {
		if err != nil || len(body) <= MaxBody {
			break
		}
		if v, ok := r.Data[name]; ok {
			_, body, err = r.shorten(v, func(r *Response, s string) { r.Data[name] = s })
		}
	}
	return body, err
}

// shorten cuts a text until the body fits, or the text is nothing but the mark. A cut falls between runes.
func (r *Response) shorten(text string, set func(*Response, string)) (string, []byte, error) {
	if text == "" {
		body, err := encode(*r)
		return text, body, err
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	for {
		candidate := text + cutMark
		set(r, candidate)
		body, err := encode(*r)
		if err != nil || len(body) <= MaxBody || text == "" {
			return candidate, body, err
		}
		// A byte of text takes at least one of the body, so that this never cuts too much... but for escapes, of which the
		// longest takes six: cutting a sixth of the excess is always safe, and a few rounds reach the size.
		cut := max(1, (len(body)-MaxBody)/6)
		keep := max(0, len(text)-cut)
		for keep > 0 && !utf8.RuneStart(text[keep]) {
			keep--
		}
		text = text[:keep]
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
