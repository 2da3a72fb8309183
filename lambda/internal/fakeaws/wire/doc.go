// Package wire serves an account of fakeaws over HTTP, in the protocols of the real services, so that programs in other
// processes and other languages can call it. It serves the operations that the account has; the rest is refused.
package wire
