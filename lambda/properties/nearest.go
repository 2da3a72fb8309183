package properties

import (
	"cmp"
	"slices"
	"strings"
)

// nearest gives the known name with the smallest edit distance, so that a typing error is seen at once.
func nearest(name string, known []string) string {
	const longest = 64
	runes := []rune(name)
	name = strings.ToLower(string(runes[:min(len(runes), longest)]))
	return slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(distance(name, strings.ToLower(a)), distance(name, strings.ToLower(b)))
	})
}

// distance is Levenshtein's.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			change := diagonal
			if r != s {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
