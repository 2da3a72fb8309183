package provision

import (
	"personalize-role/lambda/internal/plan"
	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/internal/sharedpolicy"
)

// editOf returns the edit behind an operation; nil for operations of other kinds.
func (p *Provisioner) editOf(op plan.Operation, accountID string, o servicerole.Observed) *sharedpolicy.Edit {
	e := &sharedpolicy.Edit{}
	var observed servicerole.ObservedShared
	switch op := op.(type) {
	case plan.PutBucketStatements:
		e.Document, e.Change, observed = p.bucketDocument(op.Bucket, accountID), put(op.Sid, op.Statements), o.Buckets[op.Bucket.Name]
	case plan.RemoveBucketStatements:
		e.Document, e.Change, observed = p.bucketDocument(op.Bucket, accountID), remove(op.Sid), o.Buckets[op.Bucket.Name]
		e.Removal = true
	case plan.PutKeyStatement:
		statements := []policy.Statement{op.Statement}
		e.Document, e.Change, observed = p.keyDocument(op.Key), put(op.Statement.Sid, statements, op.FormerSids...), o.Keys[op.Key]
	case plan.RemoveKeyStatement:
		e.Document, e.Change, observed = p.keyDocument(op.Key), remove(op.Sid), o.Keys[op.Key]
		e.Removal = true
	default:
		return nil
	}
	if shared, err := policy.ParseShared(observed.Policy); err == nil && observed.Presence == servicerole.Present && !observed.At.IsZero() {
		e.Known, e.KnownAt = &shared, observed.At
	}
	e.Failed = func(action string, err error, advice string) error {
		return &Failure{Doing: op.String(), Action: action, Target: e.ARN, Err: err, Advice: advice}
	}
	return e
}

func put(sid string, statements []policy.Statement, former ...string) func(policy.Shared) (policy.Shared, bool) {
	return func(s policy.Shared) (policy.Shared, bool) { return s.Put(sid, statements, former...) }
}

func remove(sid string) func(policy.Shared) (policy.Shared, bool) {
	return func(s policy.Shared) (policy.Shared, bool) { return s.Remove(sid) }
}

// writer returns the writer of shared policies with the clock of the provisioner.
func (p *Provisioner) writer() sharedpolicy.Writer {
	return sharedpolicy.Writer{Now: p.Now, Sleep: p.Sleep, Random: p.Random, Patience: sharedpolicy.Patience{
		First: firstPause, Longest: longestPause, Propagation: propagation, Backoff: maxBackoff, Attempts: maxAttempts,
	}}
}

// kindOf says what an error of S3 or KMS means to the protocol.
func kindOf(err error) sharedpolicy.Kind {
	switch {
	case isGone(err):
		return sharedpolicy.Gone
	case IsDenied(err):
		return sharedpolicy.Denied
	case isInvalidPrincipal(err):
		return sharedpolicy.UnknownPrincipal
	case code(err) == "OperationAborted":
		return sharedpolicy.Conflict
	case isTransient(err):
		return sharedpolicy.Transient
	}
	return sharedpolicy.Final
}

// isTransient reports whether the client would try a call again, for throttling or a lost connection for instance. LimitExceededException
// is another service's throttling, and a quota of KMS.
func isTransient(err error) bool {
	return code(err) != "LimitExceededException" && retryer.IsErrorRetryable(err)
}

var retryer = Retryer()

func isInvalidPrincipal(err error) bool {
	return isCode(err, "MalformedPolicy", "MalformedPolicyDocumentException") && containsFold(err.Error(), "invalid principal")
}
