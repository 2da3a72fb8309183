package properties

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func defaults() Properties {
	return Properties{
		Path: "/", Description: DefaultDescription, MaxSessionDuration: 3600, PersonalizeAccess: PersonalizeFullAccess, CloudWatchAccess: "None",
		SourceConditions: true, PropagationDelaySeconds: DefaultPropagationDelaySeconds, Findings: FindingsWarn,
		Uses: []string{"DatasetImport"}, ManageKeyPolicies: true,
		StackTags: true,
	}
}

const key = "arn:aws:kms:eu-west-1:123456789012:key/0b3c5e1a-1111-2222-3333-444455556666"

// bare is a bucket given by its name alone.
func bare(name string) Bucket {
	return Bucket{Name: name, Uses: []string{"DatasetImport"}, ManageBucketPolicy: true}
}

func TestParse(t *testing.T) {
	with := func(change func(*Properties)) Properties {
		p := defaults()
		change(&p)
		return p
	}
	for _, c := range []struct {
		name, json string
		want       Properties
	}{
		{"nothing", ``, defaults()},
		{"what CloudFormation reads itself", `{"ServiceToken":"arn:x","ServiceTimeout":"60"}`, defaults()},
		{"empty template parameters", `{"RoleName":"","Path":"","Buckets":[""],"SourceRegions":[""],"PermissionsBoundary":"","Description":""}`,
			defaults()},
		{"strings", `{"PersonalizeAccess":"None","MaxSessionDuration":"43200","PropagationDelaySeconds":"0","AdoptExistingRole":"true",` +
			`"RoleName":"R"}`, with(func(p *Properties) {
			p.PersonalizeAccess, p.MaxSessionDuration, p.PropagationDelaySeconds, p.AdoptExistingRole, p.RoleName = "None", 43200, 0, true, "R"
		})},
		{"native", `{"PersonalizeAccess":"None","MaxSessionDuration":43200,"PropagationDelaySeconds":0,"ForceDetachPolicies":true}`,
			with(func(p *Properties) {
				p.PersonalizeAccess, p.MaxSessionDuration, p.PropagationDelaySeconds, p.ForceDetachPolicies = "None", 43200, 0, true
			})},
		{"digits stay text", `{"RoleName":123456789012,"Tags":[{"Key":"cost","Value":"007"}]}`, with(func(p *Properties) {
			p.RoleName, p.Tags = "123456789012", []Tag{{Key: "cost", Value: "007"}}
		})},
		{"buckets in each form", `{"Buckets":["one-bucket"," arn:aws:s3:::two-bucket",{"Name":"three.bucket"}]}`, with(func(p *Properties) {
			p.Buckets = []Bucket{bare("one-bucket"), bare("two-bucket"), bare("three.bucket")}
		})},
		{"a single bucket", `{"Buckets":"one-bucket"}`, with(func(p *Properties) { p.Buckets = []Bucket{bare("one-bucket")} })},
		{"uses of bare names", `{"Uses":["BatchInference","DatasetExport"],"Buckets":["one-bucket",{"Name":"two-bucket",` +
			`"Uses":"MetricAttribution"}]}`, with(func(p *Properties) {
			p.Uses = []string{"BatchInference", "DatasetExport"}
			p.Buckets = []Bucket{
				{Name: "one-bucket", Uses: []string{"BatchInference", "DatasetExport"}, ManageBucketPolicy: true},
				{Name: "two-bucket", Uses: []string{"MetricAttribution"}, ManageBucketPolicy: true},
			}
		})},
		{"a bucket with everything", `{"Buckets":[{"Name":"one-bucket","Uses":["DatasetImport","DataDeletion"],"Prefixes":["in/",` +
			`"one.csv"],"ManageBucketPolicy":true,"RequireSourceConditions":"true","KmsKeyArn":"` + key + `"}]}`,
			with(func(p *Properties) {
				p.Buckets = []Bucket{{
					Name: "one-bucket", Uses: []string{"DatasetImport", "DataDeletion"}, Prefixes: []string{"in/", "one.csv"}, ManageBucketPolicy: true,
					RequireSourceConditions: true, KmsKeyArn: key,
				}}
			})},
		{"keys", `{"KmsKeyArns":["` + key + `"],"ManageKeyPolicies":false}`,
			with(func(p *Properties) { p.KmsKeyArns, p.ManageKeyPolicies = []string{key}, false })},
		{"no source conditions", `{"SourceConditions":false}`, with(func(p *Properties) { p.SourceConditions = false })},
		{"empty template parameters of keys", `{"KmsKeyArns":[""],"Uses":[""],"ManageKeyPolicies":""}`, defaults()},
		{"regions", `{"SourceRegions":["eu-west-1","ap-southeast-2"]}`,
			with(func(p *Properties) { p.SourceRegions = []string{"eu-west-1", "ap-southeast-2"} })},
		{"drift checks", `{"DriftCheckSchedule":"cron(0 6 ? * MON-FRI *)","RepairDrift":"true"}`, with(func(p *Properties) {
			p.DriftCheckSchedule, p.RepairDrift = "cron(0 6 ? * MON-FRI *)", true
		})},
		{"all regions", `{"SourceRegions":["*"]}`, with(func(p *Properties) { p.SourceRegions = []string{"*"} })},
		{"boundary of AWS", `{"PermissionsBoundary":"arn:aws-cn:iam::aws:policy/PowerUserAccess"}`, with(func(p *Properties) {
			p.PermissionsBoundary = "arn:aws-cn:iam::aws:policy/PowerUserAccess"
		})},
		{"longest names", fmt.Sprintf(`{"RoleName":%q,"PolicyName":%q,"Path":"/a/b/"}`, strings.Repeat("r", 64), strings.Repeat("p", 128)),
			with(func(p *Properties) {
				p.RoleName, p.PolicyName, p.Path = strings.Repeat("r", 64), strings.Repeat("p", 128), "/a/b/"
			})},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(json.RawMessage(c.json))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

const bucketForm = `must be a bucket name (3 to 63 lower-case letters, digits, dots and hyphens, between letters or digits; in ` +
	`us-east-1 up to 250, capitals and _ too, for buckets from before March 2018) or arn:PARTITION:s3:::NAME, without a key`

const keyOfTests = "arn:aws:kms:eu-west-1:123456789012:key/0b3c"

func TestParseAcceptsLegacyBucketNames(t *testing.T) {
	for _, name := range []string{"My_Data", "a..b", "_", ".-.", strings.Repeat("B", 250)} {
		p, err := Parse(json.RawMessage(`{"Buckets":["` + name + `"]}`))
		if (len(name) < 3) != (err != nil) || err == nil && p.Buckets[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, json, fault string }{
		{"no object", `[]`, `ResourceProperties must be a JSON object of properties`},
		{"two objects", `{}{}`, `ResourceProperties must be one JSON object`},
		{"unknown", `{"BucketNames":["b"]}`, `"BucketNames" is not a property of Custom::PersonalizeServiceRole; the nearest one is Buckets`},
		{"misspelt", `{"fullacces":"true"}`, `"fullacces" is not a property of Custom::PersonalizeServiceRole; the nearest one is ` +
			`PersonalizeAccess`},
		{"long name", fmt.Sprintf(`{"RoleName":%q}`, strings.Repeat("r", 65)),
			`RoleName "` + strings.Repeat("r", 65) + `" must be 1 to 64 characters of letters, digits and _+=,.@-`},
		{"name with a slash", `{"RoleName":"a/b"}`, `RoleName "a/b" must be 1 to 64 characters of letters, digits and _+=,.@-`},
		{"long policy name", fmt.Sprintf(`{"PolicyName":%q}`, strings.Repeat("p", 129)),
			`PolicyName "` + strings.Repeat("p", 70) + `..." must be 1 to 128 characters of letters, digits and _+=,.@-`},
		{"path that IAM takes and Personalize doesn't", `{"Path":"/a!/"}`, `Path "/a!/" must start and end with /, and have 1 to 512 ` +
			`characters of letters, digits and /_+=,.@- (Personalize accepts fewer in a role ARN than IAM does)`},
		{"path without its end", `{"Path":"/a"}`, `Path "/a" must start and end with /, and have 1 to 512 characters of letters, digits ` +
			`and /_+=,.@- (Personalize accepts fewer in a role ARN than IAM does)`},
		{"long description", fmt.Sprintf(`{"Description":%q}`, strings.Repeat("d", 1001)),
			`Description "` + strings.Repeat("d", 70) + `..." must have at most 1000 characters, all of them Latin-1`},
		{"description beyond Latin-1", `{"Description":"→"}`, `Description "→" must have at most 1000 characters, all of them Latin-1`},
		{"short session", `{"MaxSessionDuration":"3599"}`, `MaxSessionDuration "3599" must be a whole number from 3600 to 43200`},
		{"long session", `{"MaxSessionDuration":43201}`, `MaxSessionDuration "43201" must be a whole number from 3600 to 43200`},
		{"hexadecimal", `{"MaxSessionDuration":"0x1000"}`, `MaxSessionDuration "0x1000" must be a whole number from 3600 to 43200`},
		{"leading zero", `{"PropagationDelaySeconds":"010"}`, `PropagationDelaySeconds "010" must be a whole number from 0 to 240`},
		{"exponent", `{"PropagationDelaySeconds":1e2}`, `PropagationDelaySeconds "1e2" must be a whole number from 0 to 240`},
		{"long revision", `{"Revision":"` + strings.Repeat("r", 257) + `"}`,
			`Revision "` + strings.Repeat("r", 70) + `..." must have at most 256 characters`},
		{"no boolean", `{"SourceConditions":"yes"}`, `SourceConditions "yes" must be true or false`},
		{"no policy", `{"PersonalizeAccess":"true"}`, `PersonalizeAccess "true" must be one of AmazonPersonalizeFullAccess, ` +
			`PersonalizeOnly, None`},
		{"number for a boolean", `{"AdoptExistingRole":1,"RoleName":"r"}`, `AdoptExistingRole "1" must be true or false`},
		{"list for a scalar", `{"RoleName":["r"]}`, `RoleName must be a single value, not a list or an object`},
		{"boundary", `{"PermissionsBoundary":"Boundary"}`, `PermissionsBoundary "Boundary" must be the ARN of a managed policy, such as ` +
			`arn:aws:iam::123456789012:policy/Boundary`},
		{"cloudwatch", `{"CloudWatchAccess":"Full"}`, `CloudWatchAccess "Full" must be one of None, CloudWatchFullAccess, ` +
			`CloudWatchFullAccessV2`},
		{"bucket with a space", `{"Buckets":["my data"]}`, `Buckets[0] "my data" ` + bucketForm},
		{"longest bucket and one more", `{"Buckets":["` + strings.Repeat("B", 251) + `"]}`,
			`Buckets[0] "` + strings.Repeat("B", 70) + `..." ` + bucketForm},
		{"bucket with a key", `{"Buckets":["arn:aws:s3:::data/key"]}`, `Buckets[0] "arn:aws:s3:::data/key" ` + bucketForm},
		{"bucket as an address", `{"Buckets":["192.168.5.4"]}`, `Buckets[0] "192.168.5.4" must not have the form of an IP address`},
		{"directory bucket", `{"Buckets":["data--use1-az5--x-s3"]}`, `Buckets[0] "data--use1-az5--x-s3" must be a general purpose ` +
			`bucket; access points, directory and table buckets don't work with Personalize`},
		{"bucket twice", `{"Buckets":["data","arn:aws:s3:::data"]}`, `Buckets[1] "data" occurs twice with the same Uses and ` +
			`Prefixes`},
		{"entry twice in another order", `{"Buckets":[{"Name":"d-1","Prefixes":["a/","b/"]},"d-2",{"Name":"d-1","Prefixes":["b/","a/"],` +
			`"KmsKeyArn":"` + keyOfTests + `"}]}`, `Buckets[2] "d-1" occurs twice with the same Uses and Prefixes`},
		{"entries of one bucket that differ", `{"Buckets":["d-2",{"Name":"d-1","Prefixes":["a/"]},{"Name":"d-1","Prefixes":["b/"],` +
			`"ManageBucketPolicy":"false"}]}`, `Buckets[2] "d-1" must have the same ManageBucketPolicy as Buckets[1], which names the same bucket`},
		{"entries of one bucket with other conditions", `{"Buckets":["d-1",{"Name":"d-1","Prefixes":["b/"],"RequireSourceConditions":true}]}`,
			`Buckets[1] "d-1" must have the same RequireSourceConditions as Buckets[0], which names the same bucket`},
		{"conditions required and left out", `{"SourceConditions":"false","Buckets":[{"Name":"d-1","RequireSourceConditions":true}]}`,
			`RequireSourceConditions of bucket d-1 has no effect while SourceConditions is false; leave one of them out`},
		{"bucket with more", `{"Buckets":[{"Name":"data","Nme":"x"}]}`,
			`Buckets[0]: "Nme" is not a property of a bucket; the nearest one is Name`},
		{"unknown use", `{"Uses":["import"]}`, `Uses[0] "import" must be one of DatasetImport, BatchInference, DatasetExport, ` +
			`MetricAttribution, DataDeletion`},
		{"use twice", `{"Buckets":[{"Name":"data","Uses":["DatasetImport","DatasetImport"]}]}`,
			`Buckets[0]: Uses[1] "DatasetImport" occurs twice`},
		{"prefix with a bucket", `{"Buckets":[{"Name":"data","Prefixes":["s3://data/in/"]}]}`, `Buckets[0]: Prefixes[0] "s3://data/in/" ` +
			`must be the start of an object key, such as exports/, without s3://, the bucket and a leading /`},
		{"prefix with a wildcard", `{"Buckets":[{"Name":"data","Prefixes":["in/*"]}]}`, `Buckets[0]: Prefixes[0] "in/*" must not contain ` +
			`*, ?, $, quotes, backslashes and control characters, which have another meaning in a policy`},
		{"long prefix", `{"Buckets":[{"Name":"data","Prefixes":["` + strings.Repeat("p", 247) + `"]}]}`,
			`Buckets[0]: Prefixes[0] "` + strings.Repeat("p", 70) + `..." makes a location of 257 characters; Personalize takes at most 256`},
		{"bucket policy", `{"Buckets":[{"Name":"data","ManageBucketPolicy":"Yes"}]}`,
			`Buckets[0]: ManageBucketPolicy "Yes" must be true or false`},
		{"conditions without effect", `{"Buckets":[{"Name":"data","ManageBucketPolicy":false,"RequireSourceConditions":true}]}`,
			`Buckets[0]: RequireSourceConditions has no effect while ManageBucketPolicy is false; leave one of them out`},
		{"key alias", `{"KmsKeyArns":["alias/data"]}`, `KmsKeyArns[0] "alias/data" must be the ARN of a KMS key, such as ` +
			`arn:aws:kms:eu-west-1:123456789012:key/0b3c..., because Personalize accepts no alias and no bare ID`},
		{"key of a bucket", `{"Buckets":[{"Name":"data","KmsKeyArn":"0b3c"}]}`, `Buckets[0]: KmsKeyArn "0b3c" must be the ARN of a KMS ` +
			`key, such as arn:aws:kms:eu-west-1:123456789012:key/0b3c..., because Personalize accepts no alias and no bare ID`},
		{"key policy", `{"ManageKeyPolicies":"None"}`, `ManageKeyPolicies "None" must be true or false`},
		{"buckets no list", `{"Buckets":{"Name":"data"}}`, `Buckets must be a list`},
		{"bucket null", `{"Buckets":[null]}`, `Buckets[0] must be a bucket name, a bucket ARN, or an object with Name`},
		{"region", `{"SourceRegions":["Ireland"]}`, `SourceRegions[0] "Ireland" must be the name of a Region, such as eu-west-1, or *`},
		{"all regions and one", `{"SourceRegions":["*","eu-west-1"]}`, `SourceRegions: * means all Regions; remove the other entries`},
		{"regions without effect", `{"SourceRegions":["*"],"SourceConditions":"false"}`,
			`SourceRegions has no effect while SourceConditions is false; leave one of them out`},
		{"adopt whom", `{"AdoptExistingRole":"true"}`, `AdoptExistingRole needs RoleName, the name of the existing role to adopt`},
		{"tag without value", `{"Tags":[{"Key":"a"}]}`, `Tags[0] must be an object of Key and Value, both strings`},
		{"reserved tag", `{"Tags":[{"Key":"AWS:x","Value":""}]}`, `Tags[0] "AWS:x" must not start with aws:, which AWS reserves`},
		{"our tag", `{"Tags":[{"Key":"personalize-role:stack-id","Value":""}]}`,
			`Tags[0] "personalize-role:stack-id" must not start with personalize-role:, which the function keeps for its own tags`},
		{"tag twice", `{"Tags":[{"Key":"a","Value":"1"},{"Key":"A","Value":"2"}]}`,
			`Tags[1] "A" occurs twice; IAM treats keys that differ only in case as the same`},
		{"tag characters", `{"Tags":[{"Key":"a","Value":"<"}]}`, `Tags[0] "a" must have a Value of 0 to 256 letters, digits, spaces and ` +
			`_.:/=+-@`},
		{"too many tags", manyTags(48), `Tags has 48 entries; at most 47 are possible, because IAM allows 50 and the function needs 3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(json.RawMessage(c.json))
			var faults *Error
			if !errors.As(err, &faults) {
				t.Fatalf("got error %v, want an *Error", err)
			}
			if diff := cmp.Diff([]string{c.fault}, faults.Faults); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func manyTags(n int) string {
	var tags []Tag
	for i := range n {
		tags = append(tags, Tag{Key: fmt.Sprint("k", i)})
	}
	b, _ := json.Marshal(Properties{Tags: tags, MaxSessionDuration: 3600, PersonalizeAccess: PersonalizeFullAccess, SourceConditions: true})
	return string(b)
}

// Whatever Parse accepts, it accepts again as it was marshalled, and gives the same.
func FuzzParse(f *testing.F) {
	f.Add(`{"RoleName":"R","Buckets":["a-bucket",{"Name":"b-bucket"}],"Tags":[{"Key":"k","Value":"v"}],"PersonalizeAccess":"None"}`)
	f.Add(`{"SourceRegions":["*"],"MaxSessionDuration":3600,"AdoptExistingRole":true,"RoleName":1}`)
	f.Add(`{"Buckets":[[{}]],"Tags":{"Key":null}}`)
	f.Add(`{"Uses":["BatchInference"],"Buckets":[{"Name":"a-bucket","Prefixes":["in/"],"RequireSourceConditions":"true"}],"KmsKeyArns":["` +
		key + `"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		Salvage(json.RawMessage(text))
		p, err := Parse(json.RawMessage(text))
		if err != nil {
			if len(err.Error()) == 0 {
				t.Error("an error without a message")
			}
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Parse(again)
		if err != nil {
			t.Fatalf("refused what it accepted: %v\n%s", err, again)
		}
		if diff := cmp.Diff(p, q); diff != "" {
			t.Errorf("-first +again:\n%s", diff)
		}
	})
}
