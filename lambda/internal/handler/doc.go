// Package handler turns one event into one answer: the deadline, panics, duplicates and rollbacks are its rules.
//
// Create, Update, Delete and the printed plan go the same way: observe, plan, apply, verify, and again while something interferes (see
// reconcile). What they are about is a goal: the resource as desired, or its removal.
package handler
