package handler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

// The log has what replays an event, without what would let a reader answer it, and failures at level ERROR.
func TestTheLogReplaysAnEvent(t *testing.T) {
	for _, c := range []struct {
		now   props
		level string
		plan  string
	}{
		{base(props{"RoleName": "R"}), "INFO", "create role R"},
		{base(props{"RoleName": "a b"}), "ERROR", ""},
	} {
		var log bytes.Buffer
		r := newRig(t, awstest.NewFake(t))
		r.handler.Log = slog.New(slog.NewJSONHandler(&log, nil))
		// Names of fields ignore case where JSON is decoded.
		raw := bytes.Replace(r.event(cfn.Create, "", c.now, nil), []byte(`"ResponseURL"`), []byte(`"responseUrl"`), 1)
		r.cfn.Say("CREATE_IN_PROGRESS", "", "")
		_ = r.handler.Handle(t.Context(), raw)
		records := map[string]map[string]json.RawMessage{}
		for line := range strings.SplitSeq(strings.TrimSpace(log.String()), "\n") {
			var record map[string]json.RawMessage
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatal(err)
			}
			records[string(record["msg"])] = record
		}
		if strings.Contains(log.String(), "X-Amz-Signature") || strings.Contains(log.String(), "custom-resource-response") {
			t.Errorf("the log has the URL: %s", log.String())
		}
		if got := string(records[`"result"`]["level"]); got != `"`+c.level+`"` {
			t.Errorf("%v: the result is logged at %s, want %s", c.now, got, c.level)
		}
		again := newRig(t, awstest.NewFake(t))
		p, err := Foresee(t.Context(), records[`"event"`]["event"], Circumstances{Account: again.handler.Provisioner, Now: time.Now()})
		if (err == nil) != (c.plan != "") || err == nil && !strings.Contains(p.Plan.String(), c.plan) {
			t.Errorf("%v: replayed: %v, %v", c.now, p, err)
		}
	}
}
