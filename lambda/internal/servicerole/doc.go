// Package servicerole says what a service role should be (Desired, Removal), what was found (Observed), what things are called, and
// which of them belong to a custom resource. It is pure: no call, no clock, no environment.
package servicerole
