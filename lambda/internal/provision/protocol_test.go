package provision

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/sharedpolicy"
)

// The time between reading and writing is bounded: past it, the document is read again.
func TestLateWriteReadsAgain(t *testing.T) {
	fake := fakeaws.New(account.AccountID)
	fake.S3.AddBucket("data", "", "", "")
	p := New(Clients{S3: fake.S3}, slog.New(slog.DiscardHandler))
	p.Sleep = func(context.Context, time.Duration) error { return nil }
	clock := time.Now()
	p.Now = func() time.Time { return clock }
	slow := 2
	fake.Before = func(operation string) (error, error) {
		if operation == "s3:GetBucketPolicy" && slow > 0 {
			slow--
			clock = clock.Add(sharedpolicy.WriteBound)
		}
		return nil, nil
	}
	statements := policy.BucketStatements("S", dataBucket, nil, false)
	if _, err := carryOut(t.Context(), p, servicerole.Observed{},
		plan.PutBucketStatements{Bucket: account.Bucket("data"), Sid: "S", Statements: statements}); err != nil {
		t.Fatal(err)
	}
	want := []string{"s3:GetBucketPolicy", "s3:GetBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:GetBucketPolicy"}
	if diff := cmp.Diff(want, fake.Calls()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// deadlines notes those of writes.
type deadlines struct {
	S3
	of []time.Time
}

func (d *deadlines) PutBucketPolicy(ctx context.Context, in *s3.PutBucketPolicyInput,
	options ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error) {

	deadline, _ := ctx.Deadline()
	d.of = append(d.of, deadline)
	return d.S3.PutBucketPolicy(ctx, in, options...)
}

// What was observed is written on, unless its reading is too long ago. Either way the write has its deadline from the reading on.
func TestWritesOnWhatWasObserved(t *testing.T) {
	for age, want := range map[time.Duration][]string{
		sharedpolicy.Fresh - 1: {"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:GetBucketPolicy"},
		sharedpolicy.Fresh:     {"s3:GetBucketPolicy", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:GetBucketPolicy"},
	} {
		fake := fakeaws.New(account.AccountID)
		fake.S3.AddBucket("data", "", "", `{"Version":"2012-10-17","Statement":[`+theirs+`]}`)
		// Ahead of the real clock, by which calls get their deadline.
		clock := time.Now().Add(time.Hour)
		deadlines := deadlines{S3: fake.S3}
		p := New(Clients{S3: &deadlines}, slog.New(slog.DiscardHandler))
		p.Now = func() time.Time { return clock }
		p.Sleep = func(context.Context, time.Duration) error { return nil }
		read := clock
		found, err := p.observeBucket(t.Context(), account, "data", false)
		if err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(age)
		statements := policy.BucketStatements("S", dataBucket, nil, false)
		observed := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{"data": found}}
		if _, err := carryOut(t.Context(), p, observed, plan.PutBucketStatements{Bucket: account.Bucket("data"),
			Sid: "S", Statements: statements}); err != nil {
			t.Fatal(err)
		}
		if age >= sharedpolicy.Fresh {
			read = clock
		}
		if diff := cmp.Diff([]time.Time{read.Add(sharedpolicy.WriteBound)}, deadlines.of); diff != "" {
			t.Errorf("after %s: deadlines -want +got:\n%s", age, diff)
		}
		if diff := cmp.Diff(want, fake.Calls()); diff != "" {
			t.Errorf("after %s: -want +got:\n%s", age, diff)
		}
	}
}

// Whoever writes all the time is named as the cause, in the end.
func TestEndlessOverwriting(t *testing.T) {
	fake := fakeaws.New(account.AccountID)
	p := New(Clients{S3: fake.S3}, slog.New(slog.DiscardHandler))
	p.Sleep = func(context.Context, time.Duration) error {
		fake.S3.AddBucket("data", "", "", "")
		return nil
	}
	fake.S3.AddBucket("data", "", "", "")
	statements := policy.BucketStatements("S", dataBucket, nil, false)
	_, err := carryOut(t.Context(), p, servicerole.Observed{},
		plan.PutBucketStatements{Bucket: account.Bucket("data"), Sid: "S", Statements: statements})
	want := "merge statement S into the policy of bucket data: another process keeps overwriting it. Find and stop the process that " +
		"writes this policy, then deploy again"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What is no longer wanted isn't written again, whoever removed it.
func TestUnwantedIsNotWrittenAgain(t *testing.T) {
	for wanted, want := range map[bool]string{true: "S", false: ""} {
		fake := fakeaws.New(account.AccountID)
		fake.S3.AddBucket("data", "", "", "")
		p := New(Clients{S3: fake.S3}, slog.New(slog.DiscardHandler))
		once := true
		p.Sleep = func(context.Context, time.Duration) error {
			if once {
				fake.S3.AddBucket("data", "", "", "")
			}
			once = false
			return nil
		}
		statements := policy.BucketStatements("S", dataBucket, nil, false)
		session := p.Session(account)
		err := session.Apply(t.Context(), plan.Plan{Steps: []plan.Step{{Op: plan.PutBucketStatements{Bucket: account.Bucket("data"),
			Sid: "S", Statements: statements}}}}, servicerole.Observed{})
		if err != nil {
			t.Fatal(err)
		}
		session.SettledSince = time.Time{}
		rewrote, err := session.Verify(t.Context(), func() bool { return wanted })
		if err != nil || rewrote != wanted || session.SettledSince.IsZero() == wanted {
			t.Errorf("wanted %v: rewrote %v, settled since %v, %v", wanted, rewrote, session.SettledSince, err)
		}
		document := p.bucketDocument(account.Bucket("data"), account.AccountID)
		text, err := document.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		shared, err := policy.ParseShared(text)
		if err != nil || strings.Join(shared.Sids(), ",") != want {
			t.Errorf("wanted %v: statements %v, %v, want %q", wanted, shared.Sids(), err, want)
		}
	}
}

// A foreign statement that disappears while the function merges its own is reported.
func TestVanishedStatementsAreReported(t *testing.T) {
	fake := fakeaws.New(account.AccountID)
	fake.S3.AddBucket("data", "", "", `{"Version":"2012-10-17","Statement":[`+theirs+`]}`)
	p := New(Clients{S3: fake.S3}, slog.New(slog.DiscardHandler))
	statements := policy.BucketStatements("S", dataBucket, nil, false)
	once := true
	p.Sleep = func(context.Context, time.Duration) error {
		if once {
			fake.S3.AddBucket("data", "", "", `{"Version":"2012-10-17","Statement":[`+statements[0].String()+`]}`)
		}
		once = false
		return nil
	}
	done, err := carryOut(t.Context(), p, servicerole.Observed{},
		plan.PutBucketStatements{Bucket: account.Bucket("data"), Sid: "S", Statements: statements})
	want := []string{"statement Theirs disappeared from the policy of bucket data while this stack's statement was merged, because " +
		"another process changed the policy at the same time. Check the policy."}
	if diff := cmp.Diff(want, done.Warnings); diff != "" || err != nil {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}
