//go:build emulator

package e2e

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/infra/emulator"
)

const madeUp = "app-Role-1A2B3C4D"

// Every situation of CloudFormation's lifecycle of a custom resource, with the real binary under Lambda's runtime.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	s := newSimulator(t)
	cfg := s.config()
	deployer := emulator.NewDeployer(cfg, io.Discard)
	for _, name := range []string{"lifecycle-one", "lifecycle-two"} {
		check(t, deployer.CreateBucket(t.Context(), name))
	}
	one := map[string]any{"Buckets": []string{"lifecycle-one"}}
	two := map[string]any{"Buckets": []string{"lifecycle-two"}, "Description": "two"}
	moved := map[string]any{"Buckets": []string{"lifecycle-one"}, "Path": "/moved/"}
	refuse := func(action string) func(string) bool { return func(a string) bool { return a != action } }

	for _, c := range []struct {
		name string
		run  func(t *testing.T, st stack, env *environment)
	}{
		{"Create fails, and the Delete of its id follows", func(t *testing.T, st stack, env *environment) {
			s.set(refuse("CreatePolicy"))
			a := st.run(env, "Create", "", one, nil)
			s.set(nil)
			if a.Status != "FAILED" || !strings.Contains(a.Reason, "create policy PersonalizeS3BucketAccessPolicy-") {
				t.Errorf("got %+v", a)
			}
			st.must(env, "Delete", a.PhysicalResourceId, one, nil)
		}},
		{"another resource fails while the Create runs: a Delete beside it, with a made-up id", func(t *testing.T, st stack, env *environment) {
			other := s.environment()
			create, remove := st.event("Create", "", one, nil), st.event("Delete", madeUp, one, nil)
			var once sync.Once
			s.set(func(action string) bool {
				if action == "AttachRolePolicy" {
					once.Do(func() {
						s.set(nil)
						st.become("DELETE_IN_PROGRESS", madeUp, "ROLLBACK_IN_PROGRESS")
						check(t, other.invoke(remove.raw))
					})
				}
				return true
			})
			st.become("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
			check(t, env.invoke(create.raw))
			if a := s.answerTo(remove); a == nil || a.Status != "SUCCESS" {
				t.Errorf("the Delete was answered %+v", a)
			}
		}},
		{"replaced, and the old one deleted in the clean-up", func(t *testing.T, st stack, env *environment) {
			old := st.must(env, "Create", "", one, nil)
			id := st.must(env, "Update", old, moved, one)
			if id == old {
				t.Errorf("not replaced: %s", id)
			}
			st.become("UPDATE_COMPLETE", id, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
			cleanUp := st.event("Delete", old, one, nil)
			check(t, env.invoke(cleanUp.raw))
			if a := s.answerTo(cleanUp); a.Status != "SUCCESS" {
				t.Errorf("the clean-up was answered %+v", a)
			}
			if _, err := s.iam.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String(id[strings.LastIndex(id, "/")+1:])}); err != nil {
				t.Errorf("the new role: %v", err)
			}
			st.must(env, "Delete", id, moved, nil)
		}},
		{"Update fails, and is taken back with the id of its answer", func(t *testing.T, st stack, env *environment) {
			id := st.must(env, "Create", "", one, nil)
			s.set(refuse("CreatePolicyVersion"))
			a := st.run(env, "Update", id, two, one)
			s.set(nil)
			if a.Status != "FAILED" || a.PhysicalResourceId != id {
				t.Errorf("got %+v, want FAILED with id %s", a, id)
			}
			st.must(env, "Update", a.PhysicalResourceId, one, two)
			st.must(env, "Delete", id, one, nil)
		}},
		{"a replacement fails, and is taken back", func(t *testing.T, st stack, env *environment) {
			old := st.must(env, "Create", "", one, nil)
			s.set(refuse("CreatePolicy"))
			a := st.run(env, "Update", old, moved, one)
			s.set(nil)
			if back := st.must(env, "Update", a.PhysicalResourceId, one, moved); back != old {
				t.Errorf("taken back to %s, want %s", back, old)
			}
			st.must(env, "Delete", a.PhysicalResourceId, moved, nil)
			st.must(env, "Delete", old, one, nil)
		}},
		{"replaced, then a later resource fails", func(t *testing.T, st stack, env *environment) {
			old := st.must(env, "Create", "", one, nil)
			id := st.must(env, "Update", old, moved, one)
			if back := st.must(env, "Update", id, one, moved); back != old {
				t.Errorf("taken back to %s, want %s", back, old)
			}
			st.must(env, "Delete", id, moved, nil)
			st.must(env, "Delete", old, one, nil)
		}},
		{"Delete fails, and succeeds once what stood in the way is gone", func(t *testing.T, st stack, env *environment) {
			id := st.must(env, "Create", "", one, nil)
			role, foreign := aws.String(id[strings.LastIndex(id, "/")+1:]), aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")
			_, err := s.iam.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: foreign})
			check(t, err)
			a := st.run(env, "Delete", id, one, nil)
			if a.Status != "FAILED" || !strings.Contains(a.Reason, *foreign) {
				t.Errorf("got %+v, want FAILED that names %s", a, *foreign)
			}
			_, err = s.iam.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: foreign})
			check(t, err)
			st.become("DELETE_FAILED", id, "DELETE_FAILED")
			st.must(env, "Delete", id, one, nil)
		}},
		{"no answer at all, then a Delete with a made-up id", func(t *testing.T, st stack, env *environment) {
			dying := s.environment()
			create := st.event("Create", "", one, nil)
			s.set(func(action string) bool {
				if action == "AttachRolePolicy" {
					dying.kill()
				}
				return true
			})
			st.become("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
			if err := dying.invoke(create.raw); err == nil || s.answerTo(create) != nil {
				t.Errorf("the function didn't die: %v, %+v", err, s.answerTo(create))
			}
			s.set(nil)
			st.must(env, "Delete", madeUp, one, nil)
		}},
		{"delivered twice, one after the other and at once", func(t *testing.T, st stack, env *environment) {
			other := s.environment()
			create := st.event("Create", "", one, nil)
			st.become("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
			var wait sync.WaitGroup
			for _, e := range []*environment{env, other} {
				wait.Go(func() { check(t, e.invoke(create.raw)) })
			}
			wait.Wait()
			check(t, env.invoke(create.raw))
			a := s.answerTo(create)
			if a == nil || a.Status != "SUCCESS" {
				t.Fatalf("got %+v", a)
			}
			st.become("DELETE_IN_PROGRESS", a.PhysicalResourceId, "DELETE_IN_PROGRESS")
			remove := st.event("Delete", a.PhysicalResourceId, one, nil)
			for _, e := range []*environment{env, other} {
				wait.Go(func() { check(t, e.invoke(remove.raw)) })
			}
			wait.Wait()
			check(t, env.invoke(remove.raw))
			if got := s.answerTo(remove); got == nil || got.Status != "SUCCESS" {
				t.Errorf("got %+v", got)
			}
		}},
		{"a Create comes late, after its Delete", func(t *testing.T, st stack, env *environment) {
			create := st.event("Create", "", one, nil)
			st.become("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
			check(t, env.invoke(create.raw))
			id := s.answerTo(create).PhysicalResourceId
			st.must(env, "Delete", id, one, nil)
			st.become("DELETE_COMPLETE", id, "ROLLBACK_COMPLETE")
			check(t, env.invoke(create.raw))
		}},
		{"the answer isn't taken, and Lambda delivers again", func(t *testing.T, st stack, env *environment) {
			create := st.event("Create", "", one, nil)
			st.become("CREATE_IN_PROGRESS", "", "CREATE_IN_PROGRESS")
			s.mutex.Lock()
			s.refusals = 6
			s.mutex.Unlock()
			if err := env.invoke(create.raw); err == nil || strings.Contains(err.Error(), "X-Amz-Signature") {
				t.Errorf("got %v, want a function error without the URL", err)
			}
			check(t, env.invoke(create.raw))
			a := s.answerTo(create)
			if a == nil || a.Status != "SUCCESS" {
				t.Fatalf("got %+v", a)
			}
			st.must(env, "Delete", a.PhysicalResourceId, one, nil)
		}},
		{"an id that CloudFormation made up, of a Create that never ran", func(t *testing.T, st stack, env *environment) {
			st.must(env, "Delete", madeUp, one, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			env := s.environment()
			c.run(t, s.stack(strings.ReplaceAll(c.name, " ", "-")[:12]), env)
			s.nothingLeft()
			checkLog(t, env.log(t))
		})
	}
}

// checkLog holds the function's log to its form: JSON with the request id throughout, one line a call with duration and
// outcome, and no trace of the URL.
func checkLog(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "X-Amz-Signature") {
		t.Errorf("the URL is in the log:\n%s", text)
	}
	calls := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "{") {
			// A line of the runtime.
			continue
		}
		var entry struct {
			Message, Service, Operation, Outcome, RequestID string
			Ms                                              *int
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.RequestID == "" {
			t.Errorf("no entry with a request id, %v: %s", err, line)
		}
		if entry.Message == "called AWS" {
			calls++
			if entry.Service == "" || entry.Operation == "" || entry.Outcome == "" || entry.Ms == nil {
				t.Errorf("incomplete: %s", line)
			}
		}
	}
	if calls == 0 {
		t.Errorf("no call in the log:\n%s", text)
	}
}
