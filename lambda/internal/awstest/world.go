package awstest

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

// IAM is what tests do to an account: what provision does, and what others do.
type IAM interface {
	provision.IAM
	PutRolePolicy(context.Context, *iam.PutRolePolicyInput, ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error)
}

// Hook runs before each call with the operation's name, such as iam:CreateRole. Its first error is the answer in place of the
// call, its second the answer after the call took effect.
type Hook func(operation string) (before, after error)

// World is one empty account in eu-west-1.
type World struct {
	IAM       IAM
	S3        provision.S3
	KMS       provision.KMS
	AccountID string
	// AddBucket makes a bucket. RemoveBucket deletes it.
	AddBucket    func(name string, bucket Bucket)
	RemoveBucket func(name string)
	// Encrypt sets the key of a bucket's default encryption.
	Encrypt func(name, key string)
	// Configure sets what else findings are about.
	Configure func(name string, settings fakeaws.Settings)
	// AddKey makes a KMS key that the account's IAM governs, and returns its ARN. RemoveKey makes it unusable for good.
	AddKey    func() string
	RemoveKey func(arn string)
	// AddAlias gives a key an alias, such as alias/data.
	AddAlias func(alias, arn string)
	// State describes everything in the account, by ARN, in a form that can be compared.
	State func() map[string]string
	// SetHook sets or clears the hook.
	SetHook func(Hook)
	// Calls returns the operations called so far.
	Calls func() []string
}

// Bucket says how a bucket is made. An empty owner or Region is the world's own.
type Bucket struct{ Owner, Region, Policy string }

// Kind is a way to make worlds.
type Kind struct {
	Name string
	New  func(testing.TB) World
	// Slow worlds get half of the cases that try everything.
	Slow bool
}

// kind is the one of this build.
var kind = Kind{Name: "fake", New: NewFake}

// inEveryWorld ends the names of the tests that a build with the tag emulator runs, on the emulator.
const inEveryWorld = "InEveryWorld"

// KindOf returns the way to make worlds for a test whose name says that it runs in each of them: the account in the process, or the
// emulator's in a build with the tag emulator.
func KindOf(t *testing.T) Kind {
	t.Helper()
	if name, _, _ := strings.Cut(t.Name(), "/"); !strings.HasSuffix(name, inEveryWorld) {
		t.Fatalf("the name of a test that runs on the emulator ends in %s", inEveryWorld)
	}
	return kind
}

// NewFake returns a world in the process.
func NewFake(testing.TB) World {
	fake := fakeaws.New("123456789012")
	return World{
		IAM: fake.IAM, S3: fake.S3, KMS: fake.KMS, AccountID: fake.AccountID, Calls: fake.Calls,
		State:        func() map[string]string { return withoutVersions(fake.State()) },
		AddBucket:    func(name string, b Bucket) { fake.S3.AddBucket(name, b.Owner, b.Region, b.Policy) },
		RemoveBucket: fake.S3.RemoveBucket,
		Configure:    fake.S3.Configure,
		AddKey:       func() string { return fake.KMS.AddKey(rootKeyPolicy(fake.AccountID)) },
		RemoveKey:    fake.KMS.RemoveKey,
		Encrypt:      fake.S3.Encrypt,
		AddAlias:     fake.KMS.AddAlias,
		SetHook:      func(h Hook) { fake.Before = h },
	}
}

var recordedVersion = regexp.MustCompile(servicerole.TagDocument + `:v\d+/`)

// withoutVersions removes the numbers of policies' versions, which may differ in accounts that are otherwise the same.
func withoutVersions(state map[string]string) map[string]string {
	for arn, text := range state {
		state[arn] = recordedVersion.ReplaceAllLiteralString(text, servicerole.TagDocument+":")
	}
	return state
}

// rootKeyPolicy is the policy that KMS gives a key made without one.
func rootKeyPolicy(account string) string {
	return `{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",` +
		`"Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`
}
