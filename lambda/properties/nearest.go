package properties

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// renamed are former names of properties.
var renamed = map[string]string{
	"Adopt": NameAdoptExistingRole, "BucketPolicy": FieldManageBucketPolicy, "ForceDetach": NameForceDetachPolicies,
	"FullAccess": NamePersonalizeAccess, "KeyPolicy": NameManageKeyPolicies, "PolicyConditions": FieldRequireSourceConditions,
	"S3PolicyName": NamePolicyName, "SettleSeconds": NamePropagationDelaySeconds,
}

// Nearest returns the known name with the smallest edit distance, so that a typing error is seen at once. A former name counts as the
// new one.
func Nearest(name string, known []string) string {
	const longest = 64
	runes := []rune(name)
	name = strings.ToLower(string(runes[:min(len(runes), longest)]))
	candidates := slices.Clone(known)
	for _, before := range slices.Sorted(maps.Keys(renamed)) {
		if slices.Contains(known, renamed[before]) {
			candidates = append(candidates, before)
		}
	}
	found := slices.MinFunc(candidates, func(a, b string) int {
		return cmp.Compare(distance(name, strings.ToLower(a)), distance(name, strings.ToLower(b)))
	})
	return cmp.Or(renamed[found], found)
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
