package handler

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
)

// A panic anywhere is answered once, and Lambda told of success, so that it doesn't run the event again.
func TestPanicIsAnsweredOnce(t *testing.T) {
	for _, action := range []string{"iam:", "iam:CreateRole", "iam:AttachRolePolicy"} {
		r := newRig(t, awstest.NewFake(t))
		var log bytes.Buffer
		r.handler.Log = slog.New(slog.NewJSONHandler(&log, nil))
		r.cfn.Say("CREATE_IN_PROGRESS", "", "")
		r.world.SetHook(func(a string) (error, error) {
			if strings.HasPrefix(a, action) {
				panic("defect at " + responseURL)
			}
			return nil, nil
		})
		err := r.handler.Handle(t.Context(), r.event(cfn.Create, "", base(nil), nil))
		if err != nil || len(r.answers) != 1 || r.answers[0].Status != cfn.Failed {
			t.Fatalf("%s: error %v, answers %+v", action, err, r.answers)
		}
		if reason := r.answers[0].Reason; !strings.Contains(reason, "a defect in the function") ||
			strings.Contains(reason+log.String(), "secret") {
			t.Errorf("%s: reason %q, log:\n%s", action, reason, log.String())
		}
		if len(r.answers[0].PhysicalResourceID) < 20 {
			t.Errorf("%s: id %q", action, r.answers[0].PhysicalResourceID)
		}
	}
}

// A call that hangs is cancelled, and CloudFormation hears FAILED before the function's time is over.
func TestDeadline(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.cfn.Say("CREATE_IN_PROGRESS", "", "")
	ctx, cancel := context.WithTimeout(t.Context(), answerTime+50*time.Millisecond)
	defer cancel()
	r.handler.Provisioner.Sleep = func(ctx context.Context, _ time.Duration) error {
		<-ctx.Done()
		return ctx.Err()
	}
	r.world.SetHook(func(action string) (error, error) {
		if action == "iam:AttachRolePolicy" {
			return apiNotFound, nil
		}
		return nil, nil
	})
	start := time.Now()
	if err := r.handler.Handle(ctx, r.event(cfn.Create, "", base(nil), nil)); err != nil {
		t.Fatal(err)
	}
	if left := answerTime + 50*time.Millisecond - time.Since(start); left < answerTime/2 {
		t.Errorf("only %v left", left)
	}
	if len(r.answers) != 1 || r.answers[0].Status != cfn.Failed {
		t.Errorf("got %+v", r.answers)
	}
}

func TestAnswerThatIsNotTakenMakesLambdaTryAgain(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.cfn.Say("CREATE_IN_PROGRESS", "", "")
	r.setUnreachable(true)
	if err := r.handler.Handle(t.Context(), r.event(cfn.Create, "", base(nil), nil)); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the URL", err)
	}
}

func TestSettling(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	slow := props{"PropagationDelaySeconds": "20", "Tags": []any{tag("team", "ml")}}
	id := r.must(cfn.Create, "", slow, nil)
	if r.slept < 19*time.Second || r.slept > 20*time.Second {
		t.Errorf("Create waited %v, want 20 s less what the answer took", r.slept)
	}
	r.slept = 0
	r.must(cfn.Update, id, props{"PropagationDelaySeconds": "20", "Description": "new"}, slow)
	if r.slept != 0 {
		t.Errorf("an Update of description and tags waited %v", r.slept)
	}
	r.must(cfn.Update, id, base(props{"PropagationDelaySeconds": "5", "SourceConditions": "false"}), slow)
	if r.slept < 4*time.Second {
		t.Errorf("an Update of the trust policy waited %v, want 5 s", r.slept)
	}
}

// Lambda's time counts more than settling: the role is reported, with a warning.
func TestSettlingEndsWithTheFunctionsTime(t *testing.T) {
	r := newRig(t, awstest.NewFake(t))
	r.cfn.Say("CREATE_IN_PROGRESS", "", "")
	ctx, cancel := context.WithTimeout(t.Context(), answerTime+3*time.Second)
	defer cancel()
	if err := r.handler.Handle(ctx, r.event(cfn.Create, "", base(props{"PropagationDelaySeconds": "60"}), nil)); err != nil {
		t.Fatal(err)
	}
	if got := r.answers[0]; got.Status != cfn.Success || !strings.Contains(got.Data["Warnings"],
		"too short for PropagationDelaySeconds of 60") {
		t.Errorf("got %+v", got)
	}
}
