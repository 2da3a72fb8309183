// Package cloudtest lets the same test cases run against the IAM in the process and against the emulator's, so that the one
// can't drift from the other.
package cloudtest

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/internal/provision"
)

// IAM is what tests do to an account: what provision does, and what others do.
type IAM interface {
	provision.IAM
	PutRolePolicy(context.Context, *iam.PutRolePolicyInput, ...func(*iam.Options)) (*iam.PutRolePolicyOutput, error)
}

// Hook runs before each call with the action's name, such as iam:CreateRole. Its first error is the answer in place of the
// call, its second the answer after the call took effect.
type Hook func(action string) (before, after error)

// World is one empty account.
type World struct {
	IAM       IAM
	AccountID string
	// State describes everything in the account, by ARN, in a form that can be compared.
	State func() map[string]string
	// SetHook sets or clears the hook.
	SetHook func(Hook)
	// Calls gives the actions called so far.
	Calls func() []string
}

// Kind is a way to make worlds.
type Kind struct {
	Name string
	New  func(*testing.T) World
}

// kinds are all ways that this build has.
var kinds = []Kind{{Name: "fake", New: newFake}}

// Kinds gives the ways to make worlds: the IAM in the process, and with the build tag emulator also the emulator's.
func Kinds() []Kind { return kinds }

func newFake(*testing.T) World {
	fake := fakeaws.NewIAM("123456789012")
	return World{
		IAM: fake, AccountID: fake.AccountID, State: fake.State, Calls: fake.Calls,
		SetHook: func(h Hook) { fake.Before = h },
	}
}
