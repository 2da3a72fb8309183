package properties

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A name of an earlier version leads to the present one.
func TestRenamed(t *testing.T) {
	_, err := Parse(json.RawMessage(`{"Adopt":true,"ForceDetach":true,"FullAccess":true,"KeyPolicy":"None","S3PolicyName":"P",` +
		`"SettleSeconds":1,` +
		`"Buckets":[{"Name":"data","BucketPolicy":"None","PolicyConditions":true}]}`))
	var faults *Error
	if !errors.As(err, &faults) {
		t.Fatalf("got error %v, want an *Error", err)
	}
	want := []string{
		`"Adopt" is not a property of Custom::PersonalizeServiceRole; the nearest one is AdoptExistingRole`,
		`"ForceDetach" is not a property of Custom::PersonalizeServiceRole; the nearest one is ForceDetachPolicies`,
		`"FullAccess" is not a property of Custom::PersonalizeServiceRole; the nearest one is PersonalizeAccess`,
		`"KeyPolicy" is not a property of Custom::PersonalizeServiceRole; the nearest one is ManageKeyPolicies`,
		`"S3PolicyName" is not a property of Custom::PersonalizeServiceRole; the nearest one is PolicyName`,
		`"SettleSeconds" is not a property of Custom::PersonalizeServiceRole; the nearest one is PropagationDelaySeconds`,
		`Buckets[0]: "BucketPolicy" is not a property of a bucket; the nearest one is ManageBucketPolicy`,
		`Buckets[0]: "PolicyConditions" is not a property of a bucket; the nearest one is RequireSourceConditions`,
	}
	if diff := cmp.Diff(want, faults.Faults); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMessageOfOneFault(t *testing.T) {
	_, err := Parse(json.RawMessage(`{"Adopt":true}`))
	want := `the properties have an error: "Adopt" is not a property of Custom::PersonalizeServiceRole; the nearest one is ` +
		`AdoptExistingRole. ` +
		`Nothing was changed. Correct the template, then deploy again`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestOneMessageHasEveryFault(t *testing.T) {
	_, err := Parse(json.RawMessage(`{"RoleName":"a b","FullAcess":"true","PropagationDelaySeconds":"-1"}`))
	want := `the properties have 3 errors: "FullAcess" is not a property of Custom::PersonalizeServiceRole; the nearest one is ` +
		`PersonalizeAccess; ` +
		`RoleName "a b" must be 1 to 64 characters of letters, digits and _+=,.@-; PropagationDelaySeconds "-1" must be a whole number ` +
		`from 0 to 240. Nothing was changed. Correct the template, then deploy again`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestSalvageLeavesOutWhatIsWrong(t *testing.T) {
	got := Salvage(json.RawMessage(`{"RoleName":"a b","PolicyName":"P","ForceDetachPolicies":"true","Gone":1,"Path":"x",` +
		`"Tags":[{"Key":"k","Value":"v"},3],` +
		`"Buckets":["data",{"Name":"more","Later":1},{}],"KmsKeyArns":["` + key + `","?"]}`))
	want := Properties{
		Path: "/", PolicyName: "P", ForceDetachPolicies: true, Tags: []Tag{{Key: "k", Value: "v"}}, KmsKeyArns: []string{key},
		ManageKeyPolicies: true,
		Buckets:           []Bucket{{Name: "data", ManageBucketPolicy: true}, {Name: "more", ManageBucketPolicy: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(Properties{Path: "/"}, Salvage(json.RawMessage(`7`))); diff != "" {
		t.Errorf("no object: -want +got:\n%s", diff)
	}
}
