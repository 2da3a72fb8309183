package fakeaws

import (
	"context"
	"slices"
	"sync"
)

// Account is one account in one Region, eu-west-1. Its services share the fault hook and the record of calls.
type Account struct {
	AccountID string
	IAM       *IAM
	S3        *S3
	KMS       *KMS
	// Before, if set, runs before each call with the operation's name, such as iam:CreateRole. Its first error is the answer of
	// the call, its second what to answer once the call took effect.
	Before func(operation string) (before, after error)

	mutex sync.Mutex
	calls []string
}

const region = "eu-west-1"

// New returns an empty account.
func New(accountID string) *Account {
	a := &Account{AccountID: accountID}
	a.IAM = &IAM{Account: a, roles: map[string]*role{}, policies: map[string]*managedPolicy{}}
	a.S3 = &S3{Account: a, buckets: map[string]*bucket{}}
	a.KMS = &KMS{Account: a, keys: map[string]*key{}, aliases: map[string]string{}}
	return a
}

// Calls returns the operations called so far, in order.
func (a *Account) Calls() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return slices.Clone(a.calls)
}

// State describes everything in the account in a form that can be compared.
func (a *Account) State() map[string]string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	state := map[string]string{}
	a.IAM.state(state)
	a.S3.state(state)
	a.KMS.state(state)
	return state
}

// call runs one call under the lock, with its faults.
func call[T any](ctx context.Context, a *Account, operation string, do func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	var before, after error
	if a.Before != nil {
		before, after = a.Before(operation)
	}
	// What was given up meanwhile has no effect.
	if err := ctx.Err(); err != nil {
		return none, err
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.calls = append(a.calls, operation)
	if before != nil {
		return none, before
	}
	out, err := do()
	if after != nil {
		return none, after
	}
	return out, err
}
