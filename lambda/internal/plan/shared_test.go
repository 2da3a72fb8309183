package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/policy"
	"personalize-role/lambda/internal/servicerole"
)

var errDenied = errors.New("denied")

func with(o servicerole.Observed, change func(servicerole.Observed)) servicerole.Observed {
	change(o)
	return o
}

// What is done to the policies of buckets and keys, beside a role that already exists.
func TestConvergeShared(t *testing.T) {
	const role = `{"RoleName":"R","PersonalizeAccess":"None"`
	standing := func(properties string) servicerole.Observed { return made(desire(t, properties)) }
	missing := servicerole.ObservedShared{}
	for _, c := range []struct {
		name, desired string
		former        servicerole.Footprint
		found         servicerole.Observed
		want          string
	}{
		{"key after its role", role + `,"KmsKeyArns":["` + keyOne + `"]}`, servicerole.Footprint{}, empty(), `
 1  create role R
 2  create policy POLICY
 3  attach POLICY to role R  after 1,2
 4  merge statement SID into the policy of key ` + keyOne + `  after 1
`},
		{"another use", role + `,"Buckets":[{"Name":"two","Uses":["BatchInference"]}]}`, servicerole.Footprint{Buckets: []string{"two"}},
			standing(role + `,"Buckets":["two"]}`), `
 1  update the document of policy POLICY
 2  merge statement SID into the policy of bucket two
 3  record the default version of policy POLICY  after 1
`},
		{"a bucket instead of another", role + `,"Buckets":["two"]}`, servicerole.Footprint{Buckets: []string{"three"}},
			standing(role + `,"Buckets":["three"]}`), `
 1  update the document of policy POLICY
 2  merge statement SID into the policy of bucket two
 3  remove statement SID from the policy of bucket three  after 1,2
 4  record the default version of policy POLICY  after 1
`},
		{"left to others from now on", role + `,"ManageKeyPolicies":false,"KmsKeyArns":["` + keyOne +
			`"],"Buckets":[{"Name":"two","ManageBucketPolicy":false}]}`,
			servicerole.Footprint{Buckets: []string{"two"}, Keys: []string{keyOne}},
			standing(role + `,"KmsKeyArns":["` + keyOne + `"],"Buckets":["two"]}`), `
 1  remove statement SID from the policy of bucket two
 2  remove statement SID from the policy of key ` + keyOne + `
`},
		{"a bucket and a key that were deleted since", role + `,"KmsKeyArns":["` + keyOne + `"],"Buckets":["two"]}`,
			servicerole.Footprint{Buckets: []string{"two"}, Keys: []string{keyOne}},
			with(standing(role+`,"KmsKeyArns":["`+keyOne+`"],"Buckets":["two"]}`),
				func(o servicerole.Observed) { o.Buckets["two"], o.Keys[keyOne] = missing, missing }), "\n"},
		{"a bucket of another account", role + `,"Buckets":["two"]}`, servicerole.Footprint{}, with(empty(), func(o servicerole.Observed) {
			o.Buckets["two"] = servicerole.ObservedShared{Presence: servicerole.InAnotherAccount}
		}), `
 1  create role R
 2  create policy POLICY
 3  attach POLICY to role R  after 1,2
`},
		{"a key of another account", role + `,"KmsKeyArns":["arn:aws:kms:eu-west-1:999999999999:key/1"]}`, servicerole.Footprint{}, empty(), `
 1  create role R
 2  create policy POLICY
 3  attach POLICY to role R  after 1,2
`},
		{"metrics without full access", role + `,"Buckets":[{"Name":"one","Uses":["MetricAttribution"]}]}`, servicerole.Footprint{}, empty(), `
 1  create role R
 2  create policy POLICY
 3  attach POLICY to role R  after 1,2
 4  merge statement SID into the policy of bucket one  after 1
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desire(t, c.desired)
			d.Formerly = c.former
			got, err := converge(d, c.found)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer(d.Policy.ARN, "POLICY", d.Policy.Name, "POLICY", d.Sid, "SID").Replace("\n" + got.String())
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			again, err := converge(d, got.After(c.found))
			if err != nil || !again.Empty() {
				t.Errorf("planning against one's own result gives %v\n%s", err, again)
			}
		})
	}
}

func TestConvergeRefusesShared(t *testing.T) {
	bucket := func(found servicerole.ObservedShared) servicerole.Observed {
		return with(empty(), func(o servicerole.Observed) { o.Buckets["data"] = found })
	}
	key := func(found servicerole.ObservedShared) servicerole.Observed {
		return with(empty(), func(o servicerole.Observed) { o.Keys[keyOne] = found })
	}
	full := func(limit int) servicerole.ObservedShared {
		s := strings.Replace(foreign, "theirs", strings.Repeat("x", limit-len(foreign)), 1)
		return servicerole.ObservedShared{Presence: servicerole.Present, Policy: s}
	}
	const withKey = `{"RoleName":"R","KmsKeyArns":["` + keyOne + `"]}`
	for _, c := range []struct {
		name, desired string
		found         servicerole.Observed
		want          string
	}{
		{"missing bucket", typical, bucket(servicerole.ObservedShared{}),
			"bucket data does not exist. Nothing was changed. Create the bucket first, or correct the name."},
		{"bucket elsewhere", typical, bucket(servicerole.ObservedShared{Presence: servicerole.InAnotherRegion, Region: "us-east-1"}),
			"bucket data is in us-east-1, and Personalize can read only buckets in its own Region, eu-west-1. Nothing was changed. Deploy " +
				"the stack in the Region of the bucket too, or use a bucket in eu-west-1."},
		{"bucket denied", typical, bucket(servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied}), "denied"},
		{"full bucket policy", typical, bucket(full(policy.MaxBucketPolicySize)),
			"the policy of bucket data would have 20850 bytes, above the limit of 20480. " +
				"The statements take 373 of them. Nothing was changed. Name fewer Prefixes, set ManageBucketPolicy to false and merge " +
				"statements by hand, or remove statements that are no longer needed."},
		{"bucket policy that is no policy", typical, bucket(servicerole.ObservedShared{Presence: servicerole.Present, Policy: "[]"}),
			"the policy of bucket data can't be read: the policy is not a JSON object. Nothing was changed. Correct the policy by hand."},
		{"missing key", withKey, key(servicerole.ObservedShared{}),
			"KMS key " + keyOne + " does not exist or is pending deletion. Nothing was changed. Create the " +
				"key first, cancel its deletion, or correct the ARN."},
		{"key denied", withKey, key(servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied}), "denied"},
		{"full key policy", withKey, key(full(policy.MaxKeyPolicySize)),
			"the policy of KMS key " + keyOne + " would have 33197 bytes, above the limit of 32768. " +
				"The statements take 432 of them. Nothing was changed. Remove statements that are no longer needed, or set ManageKeyPolicies to " +
				"false and merge statements by hand."},
	} {
		t.Run(c.name, func(t *testing.T) {
			todo, err := converge(desire(t, c.desired), c.found)
			if err == nil {
				t.Fatalf("got %v and plan\n%s, want a refusal", err, todo)
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Updates: what blocks a change is refused, except during a rollback.
func TestUpdatesOfWhatIsNotThere(t *testing.T) {
	denied, missing := servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied}, servicerole.ObservedShared{}
	const typicalAndTwo = `{"RoleName":"R","Buckets":["data","two"],"Tags":[{"Key":"team","Value":"ml"}]}`
	managed := servicerole.Footprint{Buckets: []string{"data", "two"}, Managed: []string{"data", "two"}}
	for _, c := range []struct {
		name, desired string
		former        servicerole.Footprint
		two           servicerole.ObservedShared
		want          string
	}{
		{"dropped, and denied", typical, managed, denied, "denied"},
		{"dropped, never managed, and denied", typical, servicerole.Footprint{Buckets: []string{"data", "two"}, Managed: []string{"data"}},
			denied, ""},
		{"wanted still, and denied", typicalAndTwo, managed, denied, "denied"},
		{"managed from now on, and denied", typicalAndTwo, servicerole.Footprint{Buckets: []string{"data", "two"}, Managed: []string{"data"}},
			denied, "denied"},
		{"left to others, and denied", strings.Replace(typicalAndTwo, `"two"`, `{"Name":"two","ManageBucketPolicy":false}`, 1),
			servicerole.Footprint{Buckets: []string{"data"}}, denied, ""},
		{"wanted again, and missing", typicalAndTwo, servicerole.Footprint{Buckets: []string{"data"}, Managed: []string{"data"}}, missing,
			"bucket two does not exist"},
		{"wanted again, and unreadable", typicalAndTwo, servicerole.Footprint{Buckets: []string{"data"}},
			servicerole.ObservedShared{Presence: servicerole.Present, Policy: "["}, "can't be read"},
		{"dropped, and missing", typical, managed, missing, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desire(t, c.desired)
			d.Formerly = c.former
			found := with(made(desire(t, typical)), func(o servicerole.Observed) { o.Buckets["two"] = c.two })
			_, err := converge(d, found)
			if got := fmt.Sprint(err); c.want == "" && err != nil || !strings.Contains(got, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			todo := Converge(d, found)
			if err := todo.Refused(true); err != nil || strings.Contains(todo.String(), "bucket two") {
				t.Errorf("rollback: %v\n%s", err, todo)
			}
		})
	}
}

// A policy that may not be read keeps a role from being deleted, and nothing else.
func TestDestroyShared(t *testing.T) {
	d := desire(t, typical)
	target := servicerole.Removal{Identity: identity, Footprint: servicerole.Footprint{
		Role: d.Role.RoleRef, Sid: d.Sid, Buckets: []string{"data"}, Keys: []string{keyOne, keyTwo}, Managed: []string{"data", keyOne},
	}}
	denied := servicerole.ObservedShared{Presence: servicerole.Denied, Denial: errDenied}
	for _, c := range []struct {
		name   string
		change func(*servicerole.Observed)
		want   string
		err    string
	}{
		{"a key left to others denied, with the role", func(o *servicerole.Observed) {
			o.Keys[keyTwo], o.Buckets["data"], o.Policies, o.Role.Attached = denied, servicerole.ObservedShared{}, nil, nil
		}, " 1  delete role R\n", ""},
		{"denied, with the role", func(o *servicerole.Observed) { o.Buckets["data"] = denied }, "", "denied"},
		{"key denied, with the role", func(o *servicerole.Observed) { o.Keys[keyOne] = denied }, "", "denied"},
		{"denied, without", func(o *servicerole.Observed) { o.Buckets["data"], o.Role, o.Policies = denied, nil, nil }, "", ""},
		{"gone", func(o *servicerole.Observed) {
			o.Buckets["data"], o.Role, o.Policies = servicerole.ObservedShared{}, nil, nil
		}, "", ""},
		{"not to be read, with our statement", func(o *servicerole.Observed) {
			o.Buckets["data"] = servicerole.ObservedShared{Presence: servicerole.Present, Policy: `{"Statement":"` + d.Sid + `"}`}
		}, "", "the policy of bucket data can't be read: the policy's Statement is neither a list nor an object. Nothing was changed. " +
			"Remove statement SID by hand, then delete again."},
		{"not to be read, without", func(o *servicerole.Observed) {
			o.Buckets["data"], o.Role, o.Policies = servicerole.ObservedShared{Presence: servicerole.Present, Policy: `{"Statement":1}`}, nil, nil
		}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := made(d)
			c.change(&o)
			todo, err := destroy(target, o)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), d.Sid, "SID")
			}
			if diff := cmp.Diff(c.err, got); diff != "" {
				t.Errorf("error: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(c.want, todo.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
