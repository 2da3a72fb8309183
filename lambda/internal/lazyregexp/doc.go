// Package lazyregexp compiles regular expressions when they are first needed, which shortens cold starts.
package lazyregexp
