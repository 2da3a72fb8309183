// Package policy holds the documents that the function authors, typed, and says when two documents mean the same.
package policy
