package findings

import (
	"strings"
	"testing"

	"personalize-role/lambda/internal/servicerole"
	"personalize-role/lambda/properties"
)

func TestOfProperties(t *testing.T) {
	good := properties.Properties{PersonalizeAccess: "AmazonPersonalizeFullAccess", SourceConditions: true, CloudWatchAccess: "None"}
	with := func(change func(*properties.Properties)) properties.Properties {
		p := good
		change(&p)
		return p
	}
	for _, c := range []struct {
		name, region string
		p            properties.Properties
		want         []string
	}{
		{"nothing", "eu-west-1", good, nil},
		{"Region without Personalize", "eu-north-1", good, []string{"is not known to be available in eu-north-1. Set SourceRegions"}},
		{"Region without Personalize, others " +
			"named", "eu-north-1", with(func(p *properties.Properties) { p.SourceRegions = []string{"eu-west-1"} }), nil},
		{"another Region without Personalize", "eu-west-1", with(func(p *properties.Properties) {
			p.SourceRegions = []string{"*",
				"sa-east-1"}
		}), []string{"is not known to be available in sa-east-1"}},
		{"no conditions", "eu-west-1", with(func(p *properties.Properties) { p.SourceConditions = false }),
			[]string{"Set SourceConditions to true."}},
		{"no rights", "eu-west-1", with(func(p *properties.Properties) { p.PersonalizeAccess = "None" }),
			[]string{"the role has no permissions"}},
		{"rights on buckets", "eu-west-1", with(func(p *properties.Properties) {
			p.PersonalizeAccess, p.Buckets = "None", []properties.Bucket{{Name: "b"}}
		}), nil},
		{"superseded", "eu-west-1", with(func(p *properties.Properties) { p.CloudWatchAccess = "CloudWatchFullAccess" }),
			[]string{"Set CloudWatchAccess to CloudWatchFullAccessV2."}},
	} {
		got := OfProperties(servicerole.Identity{Region: c.region}, c.p)
		if len(got) != len(c.want) || len(got) == 1 && !strings.Contains(got[0], c.want[0]) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
