// Package handler turns one event into one answer. It handles the deadline, panics, duplicate deliveries and rollbacks.
//
// Create, Update, Delete and the printed plan follow the same steps: observe, plan, apply and verify. The steps are repeated while another
// process interferes (see reconcile). Their goal is either the resource as desired, or its removal.
package handler
