package lazyregexp

import (
	"regexp"
	"sync"
)

// Regexp returns a regular expression that is compiled when it is first needed; most events need few of them.
func Regexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
