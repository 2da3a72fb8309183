// Package servicerole defines what a service role should be (Desired, Removal), what was found (Observed), how things are named, and which
// of them belong to a custom resource. It is pure: it makes no calls, and reads no clock and no environment.
package servicerole
