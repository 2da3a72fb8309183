package handler

import (
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/properties"
)

var record = flag.Bool("record", false, "record what this release answers and leaves in an account, and fail; once a release")

// recording is what a release made of one Create: what the account was before and after, and the answer.
type recording struct {
	Name          string
	Properties    props
	Before, After fakeaws.Snapshot
	PhysicalID    string
	Data          map[string]string
}

// releases are the properties that are recorded, by name.
var releases = []struct {
	name string
	p    props
}{
	{"defaults", props{}},
	{"as strings", props{"Buckets": []any{"training-data"}, "PersonalizeAccess": "AmazonPersonalizeFullAccess", "MaxSessionDuration": "3600",
		"RoleName": "", "Path": "/"}},
	{"everything", props{
		"RoleName": "Everything", "Path": "/ml/", "Description": "all", "MaxSessionDuration": 7200,
		"PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
		"Tags":                []any{map[string]any{"Key": "team", "Value": "ml"}}, "PersonalizeAccess": "None",
		"CloudWatchAccess": "CloudWatchFullAccessV2",
		"PolicyName":       "EverythingPolicy",
		"Buckets": []any{
			map[string]any{"Name": "training-data", "Uses": []any{"DatasetImport", "BatchInference", "DatasetExport", "MetricAttribution",
				"DataDeletion"}, "Prefixes": []any{"in/", "out/"}, "KmsKeyArn": "{key}"},
			map[string]any{"Name": "more-data", "RequireSourceConditions": true},
		},
		"KmsKeyArns": []any{"{key}"}, "SourceRegions": []any{"eu-west-1", "us-east-1"}, "ForceDetachPolicies": true, "PropagationDelaySeconds": 0,
	}},
	{"adopted", props{"RoleName": "Adopted", "AdoptExistingRole": true, "Buckets": []any{"training-data"}}},
	{"checked", props{"Buckets": []any{"training-data"}, "DriftCheckSchedule": "rate(1 day)", "RepairDrift": "true"}},
}

// A later release finds nothing to change in what earlier ones made of the same properties, answers the same, and takes all of
// it away again.
func TestReleasesAreCompatible(t *testing.T) {
	const folder = "testdata/releases"
	if *record {
		recordRelease(t, filepath.Join(folder, properties.Version+".json"))
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || !slices.Contains(files, filepath.Join(folder, properties.Version+".json")) {
		t.Fatalf("recorded are %v, %v: record %s by go test -record", files, err, properties.Version)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var recordings []recording
		if err := json.Unmarshal(text, &recordings); err != nil {
			t.Fatal(err)
		}
		for _, r := range recordings {
			t.Run(filepath.Base(file)+"/"+r.Name, r.replay)
		}
	}
}

// rig returns a rig on the account after the recorded Create.
func (r recording) rig(t *testing.T) (*rig, *fakeaws.Account) {
	account := fakeaws.Restore("123456789012", r.After)
	world := awstest.NewFake(t)
	world.IAM, world.S3, world.KMS, world.Calls, world.State = account.IAM, account.S3, account.KMS, account.Calls, account.State
	rig := newRig(t, world)
	rig.key = slices.Min(slices.Collect(maps.Keys(r.After.Keys)))
	return rig, account
}

func (r recording) replay(t *testing.T) {
	rig, account := r.rig(t)
	answer := rig.deliver(cfn.Update, r.PhysicalID, r.Properties, r.Properties)
	if answer == nil || answer.Status != cfn.Success {
		t.Fatalf("update: %+v", answer)
	}
	if diff := cmp.Diff(r.Data, answer.Data); diff != "" || answer.PhysicalResourceID != r.PhysicalID {
		t.Errorf("answered for %s: -recorded +now:\n%s", answer.PhysicalResourceID, diff)
	}
	for _, call := range account.Calls() {
		// Another version of the function writes that on the tags.
		if isWrite(call) && call != "iam:TagRole" && call != "iam:TagPolicy" {
			t.Errorf("an update with the same properties calls %s", call)
		}
	}
	rig.must(cfn.Delete, r.PhysicalID, r.Properties, nil)
	if diff := cmp.Diff(fakeaws.Restore("123456789012", r.Before).State(), account.State()); diff != "" {
		t.Errorf("left over: -before +now:\n%s", diff)
	}
}

func recordRelease(t *testing.T, file string) {
	if _, err := os.Stat(file); err == nil {
		t.Fatalf("%s is there already: what a release made never changes. Raise the version", file)
	}
	var recordings []recording
	for _, release := range releases {
		account := fakeaws.New("123456789012")
		world := awstest.NewFake(t)
		world.IAM, world.S3, world.KMS, world.Calls, world.State = account.IAM, account.S3, account.KMS, account.Calls, account.State
		world.AddBucket = func(name string, b awstest.Bucket) { account.S3.AddBucket(name, b.Owner, b.Region, b.Policy) }
		// A recording has no default encryption.
		world.Encrypt = func(string, string) {}
		world.AddKey = func() string {
			return account.KMS.AddKey(`{"Version":"2012-10-17","Statement":[{"Sid":"Root","Effect":"Allow",` +
				`"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`)
		}
		rig := newRig(t, world)
		if _, err := account.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String("Adopted"), Path: aws.String("/"), MaxSessionDuration: aws.Int32(3600), Description: aws.String("theirs"),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
		}); err != nil {
			t.Fatal(err)
		}
		before := account.Snapshot()
		answer := rig.deliver(cfn.Create, "", release.p, nil)
		if answer == nil || answer.Status != cfn.Success {
			t.Fatalf("%s: %+v", release.name, answer)
		}
		recordings = append(recordings, recording{release.name, release.p, before, account.Snapshot(), answer.PhysicalResourceID, answer.Data})
	}
	text, err := json.MarshalIndent(recordings, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Fatalf("recorded %s; run again without -record", file)
}
