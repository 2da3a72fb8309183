package properties

import (
	"encoding/json"
	"testing"
)

func TestDigest(t *testing.T) {
	const base = `{"ServiceToken":"f","RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":3600,"StackTags":true}`
	for _, c := range []struct {
		name, properties string
		same             bool
	}{
		{"as CloudFormation sends them", `{"RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":"3600","StackTags":"true"}`, true},
		{"another order", `{"StackTags":true,"Buckets":["a","b"],"RoleName":"R","MaxSessionDuration":3600}`, true},
		{"with what is empty", `{"RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":3600,"StackTags":true,"Path":"","KmsKeyArns":[""],
			"SourceRegions":[],"Tags":null,"Uses":[{}]}`, true},
		{"with what only deployments read", `{"RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":3600,"StackTags":true,"Revision":"2",
			"PropagationDelaySeconds":"0","ForceDetachPolicies":"true","ServiceTimeout":"720"}`, true},
		{"another bucket", `{"RoleName":"R","Buckets":["a","c"],"MaxSessionDuration":3600,"StackTags":true}`, false},
		{"another flag", `{"RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":3600,"StackTags":false}`, false},
		{"repair", `{"RoleName":"R","Buckets":["a","b"],"MaxSessionDuration":3600,"StackTags":true,"RepairDrift":"true"}`, false},
		{"buckets as objects", `{"RoleName":"R","Buckets":[{"Name":"a"},"b"],"MaxSessionDuration":3600,"StackTags":true}`, false},
		{"no object", `[]`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, got := Digest(json.RawMessage(base)), Digest(json.RawMessage(c.properties))
			if len(want) != DigestSize || (got == want) != c.same {
				t.Errorf("got %q beside %q", got, want)
			}
		})
	}
}
