// Package lazyregexp puts off what a cold start would otherwise pay for.
package lazyregexp
