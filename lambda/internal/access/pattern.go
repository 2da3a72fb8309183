package access

import (
	"slices"
	"strings"
)

// pattern is a text of which some characters stand for others. Negative runes are no characters.
type pattern []rune

const (
	// star matches any number of characters, and question one.
	star     rune = -1
	question rune = -2
)

// literal is a text that matches itself only.
func literal(text string) pattern { return pattern(text) }

// glob is a text with the wildcards * and ?.
func glob(text string) pattern {
	p := pattern(text)
	for n, r := range p {
		switch r {
		case '*':
			p[n] = star
		case '?':
			p[n] = question
		}
	}
	return p
}

// String shows both wildcards as policies write them.
func (p pattern) String() string {
	var b strings.Builder
	for _, r := range p {
		switch r {
		case star:
			r = '*'
		case question:
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p pattern) lower() pattern {
	lower := slices.Clone(p)
	for n, r := range lower {
		if r >= 0 {
			lower[n] = []rune(strings.ToLower(string(r)))[0]
		}
	}
	return lower
}

func (p pattern) isExact() bool { return !slices.ContainsFunc(p, func(r rune) bool { return r < 0 }) }

// matches says how much of what value may be matches the pattern: all of it, some of it, or nothing.
func (p pattern) matches(value pattern) Truth {
	for n := 0; ; n++ {
		pEnds, vEnds := n == len(p), n == len(value)
		switch {
		case pEnds && vEnds:
			return True
		case !pEnds && p[n] < 0, !vEnds && value[n] < 0:
			switch {
			case relate(p[n:], value[n:], covers):
				return True
			case relate(p[n:], value[n:], meets):
				return Maybe
			}
			return False
		case pEnds || vEnds || p[n] != value[n]:
			return False
		}
	}
}

// relation says whether the pattern's rune, which is no star, takes the place of the value's.
type relation struct {
	one func(p, v rune) bool
	// both says that a star of the value is one too.
	both bool
}

var (
	// covers: everything that the value may be matches the pattern.
	covers = relation{one: func(p, v rune) bool { return v != star && (p == question || p == v) }}
	// meets: something does.
	meets = relation{one: func(p, v rune) bool { return p == v || p == question || v == question }, both: true}
)

// relate takes time in proportion to the product of the lengths.
func relate(p, v pattern, by relation) bool {
	row := make([]bool, len(v)+1)
	row[len(v)] = true
	for j := len(v) - 1; j >= 0 && by.both; j-- {
		row[j] = row[j+1] && v[j] == star
	}
	for i := len(p) - 1; i >= 0; i-- {
		diagonal := row[len(v)]
		row[len(v)] = row[len(v)] && p[i] == star
		for j := len(v) - 1; j >= 0; j-- {
			below := row[j]
			switch {
			case p[i] == star, by.both && v[j] == star:
				// A star matches nothing, or what the other one has here.
				row[j] = below || row[j+1]
			default:
				row[j] = diagonal && by.one(p[i], v[j])
			}
			diagonal = below
		}
	}
	return row[0]
}
