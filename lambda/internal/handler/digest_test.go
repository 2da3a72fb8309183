package handler

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/properties"
)

func (r *rig) digestEvent(request cfn.RequestType, id string, now props) json.RawMessage {
	raw := string(r.event(request, id, now, nil))
	return json.RawMessage(strings.Replace(raw, properties.ResourceType, properties.DigestType, 1))
}

func TestDigest(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	before := r.world.State()
	of := func(request cfn.RequestType, id string, content any) string {
		t.Helper()
		answer := r.deliverRaw(r.digestEvent(request, id, props{"Content": content}))
		if answer == nil || answer.Status != cfn.Success {
			t.Fatalf("%v: %+v", content, answer)
		}
		return answer.PhysicalResourceID
	}
	ab := of(cfn.Create, "", map[string]any{"Buckets": []any{"a", "b"}, "Keys": []any{""}})
	if want := "c90b4e97fe123b3c3756b02f60e597b4"; ab != want {
		t.Errorf("got %s, want %s: a digest that changes with a release replaces policies", ab, want)
	}
	for _, other := range []any{
		map[string]any{"Buckets": []any{"b", "a"}, "Keys": []any{""}},
		map[string]any{"Buckets": []any{"a,b"}, "Keys": []any{""}},
		map[string]any{"Buckets": []any{"a", "b"}},
		[]any{}, "",
	} {
		if got := of(cfn.Update, ab, other); got == ab {
			t.Errorf("%v has the digest of another content", other)
		}
	}
	if got := of(cfn.Update, ab, map[string]any{"Keys": []any{""}, "Buckets": []any{"a", "b"}}); got != ab {
		t.Errorf("got %s, want %s", got, ab)
	}
	if got := of(cfn.Delete, "whatever", nil); got != "whatever" {
		t.Errorf("got %s", got)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

func TestADigestOfNothingIsRefused(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	answer := r.deliverRaw(r.digestEvent(cfn.Create, "", props{"content": "a"}))
	if answer == nil || answer.Status != cfn.Failed || !strings.Contains(answer.Reason, "Content is missing") {
		t.Errorf("got %+v", answer)
	}
}

// A Delete of a digest is one of nothing, also if it names a role that there is.
func TestADigestDeletesNoRole(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	id := r.must(cfn.Create, "", base(nil), nil)
	before := r.world.State()
	if answer := r.deliverRaw(r.digestEvent(cfn.Delete, id, base(nil))); answer == nil || answer.Status != cfn.Success {
		t.Errorf("got %+v", answer)
	}
	if diff := cmp.Diff(before, r.world.State()); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
