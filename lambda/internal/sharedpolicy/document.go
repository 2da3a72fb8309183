package sharedpolicy

import (
	"context"
	"fmt"
	"time"
)

const (
	// WriteBound is the longest time between the beginning of a read and the end of the write that rests on it.
	WriteBound = 2 * time.Second
	// Quiet is how long a document must have stood unchanged.
	Quiet = WriteBound + 500*time.Millisecond
	// Fresh is the maximum age of an observed document that may be the base of a write. The protocol would allow up to WriteBound. But a
	// writer that doesn't follow it loses what it writes between this read and this write.
	Fresh = 300 * time.Millisecond
	// maxLooks is how often the document is read while other writers keep changing it.
	maxLooks = 40
	// maxConflicts is how often a write is retried after a conflict with another one.
	maxConflicts = 20
	// principalPropagation is how long a new role may be unknown to KMS.
	principalPropagation = 60 * time.Second
)

// ErrCutOff is the error of a write that had no answer within WriteBound. It may have taken effect or not.
var ErrCutOff = fmt.Errorf("no answer within %v", WriteBound)

// Kind says what an error of a service means to the protocol.
type Kind int

const (
	// Final means that trying again doesn't help.
	Final Kind = iota
	// Gone means that there is no such bucket or key any more.
	Gone
	// Denied may pass, because new permissions take some seconds.
	Denied
	// Conflict means that another write got in between.
	Conflict
	// Transient is throttling, or a lost connection.
	Transient
	// UnknownPrincipal means that a principal in the policy doesn't exist, or isn't known yet.
	UnknownPrincipal
)

// Document is a policy that others own, at its service.
type Document struct {
	// Name names it in messages, and ARN in advice about permissions.
	Name, ARN string
	// Limit is in bytes.
	Limit int
	// GetAction, PutAction and DeleteAction are the IAM actions of the calls. The last one is empty if the document can't be deleted.
	GetAction, PutAction, DeleteAction string
	// Read returns the empty text if there is no document.
	Read func(context.Context) (string, error)
	// Write makes one attempt, because the next one needs a new read. It deletes the document if the text is empty.
	Write func(ctx context.Context, text string) error
	// Kind classifies the errors of both.
	Kind func(error) Kind
	// PrincipalsPropagate says that the service refuses a role that was created just now.
	PrincipalsPropagate bool
}
