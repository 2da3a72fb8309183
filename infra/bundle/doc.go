// Package bundle builds the function and its zip: the same source gives the same bytes, on every machine.
package bundle
