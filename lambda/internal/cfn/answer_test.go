package cfn

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestEncode(t *testing.T) {
	ok := Response{Status: Success, PhysicalResourceID: "id", StackID: "s", RequestID: "r", LogicalResourceID: "l",
		Data: map[string]string{"A": "<&>"}}
	failed := Response{Status: Failed, PhysicalResourceID: "id", StackID: "s", RequestID: "r", LogicalResourceID: "l"}
	for _, c := range []struct {
		name string
		in   Response
		want string
	}{
		{"success", ok, `{"Status":"SUCCESS","PhysicalResourceId":"id","StackId":"s","RequestId":"r","LogicalResourceId":"l",` +
			`"Data":{"A":"<&>"}}`},
		{"failed has a reason", failed, `{"Status":"FAILED","Reason":"failed without a reason. See the function's log",` +
			`"PhysicalResourceId":"id","StackId":"s","RequestId":"r","LogicalResourceId":"l"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := c.in.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(body)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEncodeKeepsTheLimit(t *testing.T) {
	frame := Response{Status: Failed, PhysicalResourceID: "id", StackID: "s", RequestID: "r", LogicalResourceID: "l", Reason: "x"}
	body, err := frame.Encode()
	if err != nil {
		t.Fatal(err)
	}
	fits := MaxBody - len(body) + 1
	for _, c := range []struct {
		name, reason string
		whole        bool
	}{
		{"just fits", strings.Repeat("a", fits), true},
		{"one too long", strings.Repeat("a", fits+1), false},
		{"9 kB", strings.Repeat("reason ", 1300), false},
		{"wide runes", strings.Repeat("€", 5000), false},
		{"runes of four bytes", strings.Repeat("𝄞", 5000), false},
		{"escapes", strings.Repeat("\"\n\x01", 3000), false},
		{"no UTF-8", strings.Repeat("\xffa", 4500), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := frame
			r.Reason = c.reason
			body, err := r.Encode()
			if err != nil {
				t.Fatal(err)
			}
			var got Response
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("no JSON: %v", err)
			}
			// A rune or an escape may not fit into what is left.
			spare := 12
			if c.name == "one too long" || c.name == "9 kB" {
				spare = 0
			}
			if len(body) > MaxBody || !c.whole && len(body) < MaxBody-spare {
				t.Errorf("%d bytes, want at most %d, and no more than %d less", len(body), MaxBody, spare)
			}
			if !utf8.ValidString(got.Reason) || strings.Contains(c.name, "rune") && strings.ContainsRune(got.Reason, utf8.RuneError) {
				t.Error("cut inside a rune")
			}
			if c.whole != (got.Reason == c.reason) || c.whole == strings.HasSuffix(got.Reason, cutMark) {
				t.Errorf("whole: %v, want %v", got.Reason == c.reason, c.whole)
			}
		})
	}
}

func TestEncodeRefusesWhatCannotBeCut(t *testing.T) {
	_, err := Response{Status: Success, PhysicalResourceID: "id", StackID: strings.Repeat("s", MaxBody),
		Data: map[string]string{"A": "a"}}.Encode()
	if err == nil || !strings.Contains(err.Error(), "without its reason and attributes") {
		t.Errorf("got %v", err)
	}
}

func TestEncodeCutsFlexibleAttributesOnly(t *testing.T) {
	r := Response{Status: Success, PhysicalResourceID: "id", Data: map[string]string{"RoleArn": "arn", "Warnings": strings.Repeat("w", 5000)}}
	body, err := r.Encode("Missing", "Warnings")
	if err != nil {
		t.Fatal(err)
	}
	var got Response
	if err := json.Unmarshal(body, &got); err != nil || len(body) > MaxBody {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	if got.Data["RoleArn"] != "arn" || !strings.HasSuffix(got.Data["Warnings"], cutMark) {
		t.Errorf("got %v", got.Data)
	}
	if len(r.Data["Warnings"]) != 5000 {
		t.Error("changed the caller's attributes")
	}
}
