// Package bundle builds the function and its zip file. The same source produces the same bytes on every machine.
package bundle
