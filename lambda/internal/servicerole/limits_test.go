package servicerole

import (
	"strings"
	"testing"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/properties"
)

// The limits of the whole, at their value and one beyond. Each size grows by one with n.
func TestLimits(t *testing.T) {
	i := identify(t, stack, "Role")
	for _, c := range []struct {
		name string
		last int
		of   func(n int) properties.Properties
		size func(Desired) int
	}{
		{"role ARN", maxRoleARN, func(n int) properties.Properties {
			return properties.Properties{Path: "/" + strings.Repeat("p", n) + "/", RoleName: "R"}
		}, func(d Desired) int { return len(d.Role.ARN) }},
		{"trust policy", policy.MaxTrustSize, func(n int) properties.Properties {
			return properties.Properties{Path: "/", SourceConditions: true, SourceRegions: []string{strings.Repeat("r", n)}}
		}, func(d Desired) int { return policy.Size(d.Role.Trust) }},
		{"managed policy", policy.MaxManagedSize, func(n int) properties.Properties {
			return properties.Properties{Path: "/", Buckets: []properties.Bucket{{Name: "data",
				Prefixes: []string{strings.Repeat("p", n)}, Uses: []string{properties.UseMetricAttribution}}}}
		}, func(d Desired) int { return policy.Size(d.Policy.Document) }},
	} {
		small, err := New(i, c.of(1))
		if err != nil {
			t.Fatal(err)
		}
		n := c.last - c.size(small) + 1
		fits, err := New(i, c.of(n))
		if err != nil || c.size(fits) != c.last {
			t.Errorf("%s at its limit: %v", c.name, err)
		}
		if _, err := New(i, c.of(n+1)); err == nil {
			t.Errorf("%s beyond its limit is accepted", c.name)
		}
	}
}
