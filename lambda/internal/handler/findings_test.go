package handler

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"personalize-role/lambda/internal/awstest"
	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/fakeaws"
	"personalize-role/lambda/properties"
)

// closed is a bucket policy that allows only what comes through a VPC endpoint.
const closed = `{"Version":"2012-10-17","Statement":[{"Sid":"OnlyOurEndpoint","Effect":"Deny","Principal":"*","Action":"s3:*",` +
	`"Resource":["arn:aws:s3:::training-data","arn:aws:s3:::training-data/*"],"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}]}`

// TestFindingsInEveryWorld is about what becomes of findings; which ones there are is the business of the package.
func TestFindingsInEveryWorld(t *testing.T) {
	kind := awstest.KindOf(t)
	with := func(findings string) props {
		return base(props{"Buckets": []any{"training-data"}, "Findings": findings})
	}
	lines := func(answer *cfn.Response) []string {
		return strings.FieldsFunc(answer.Data[properties.AttrWarnings], func(r rune) bool { return r == '\n' })
	}
	for _, c := range []struct {
		name string
		run  func(*testing.T, *rig)
	}{
		{"Warn says what is wrong", func(t *testing.T, r *rig) {
			r.policyOf("training-data", func(string) string { return closed })
			answer := r.deliver(cfn.Create, "", with("Warn"), nil)
			if !succeeded(answer) || answer.Data[properties.AttrFindingCount] != "1" || len(lines(answer)) != 1 ||
				!strings.HasPrefix(lines(answer)[0], "ERROR BucketPolicyDenies: statement OnlyOurEndpoint in the policy of bucket "+
					"training-data denies ") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Warn"), nil)
		}},
		{"Fail changes nothing, until the policy is mended", func(t *testing.T, r *rig) {
			r.policyOf("training-data", func(string) string { return closed })
			before := r.world.State()
			answer := r.deliver(cfn.Create, "", with("Fail"), nil)
			if succeeded(answer) || !strings.Contains(answer.Reason, "BucketPolicyDenies: statement OnlyOurEndpoint in the policy of bucket "+
				"training-data denies s3:GetObject and s3:ListBucket to the role and the service principal personalize.amazonaws.com. Nothing was "+
				"changed. Exempt both from the statement: add ") || !strings.Contains(answer.Reason, "Or set Findings to Warn.") {
				t.Errorf("%+v", answer)
			}
			if diff := cmp.Diff(before, r.world.State()); diff != "" {
				t.Errorf("-before +after:\n%s", diff)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
			_, exception, _ := strings.Cut(answer.Reason, "Exempt both from the statement: add ")
			exception, _, _ = strings.Cut(exception, " to its Condition (")
			r.policyOf("training-data", func(policy string) string {
				return strings.Replace(policy, `"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`,
					`"StringNotEqualsIfExists":{"aws:SourceVpce":"vpce-1"},`+exception, 1)
			})
			answer = r.deliver(cfn.Create, "", with("Fail"), nil)
			if !succeeded(answer) || answer.Data[properties.AttrFindingCount] != "0" {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
		}},
		{"Fail lets pass what is only possible", func(t *testing.T, r *rig) {
			r.policyOf("training-data", func(string) string {
				return strings.Replace(closed, `"StringNotEquals":{"aws:SourceVpce":"vpce-1"}`,
					`"StringNotEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"},"Bool":{"aws:PrincipalIsAWSService":"false"}`, 1)
			})
			answer := r.deliver(cfn.Create, "", with("Fail"), nil)
			if !succeeded(answer) || !strings.HasPrefix(answer.Data[properties.AttrWarnings], "WARNING BucketPolicyDenies: ") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
		}},
		{"Fail stops no rollback and no Delete", func(t *testing.T, r *rig) {
			id := r.must(cfn.Create, "", with("Fail"), nil)
			r.policyOf("training-data", func(string) string { return closed })
			changed := with("Fail")
			maps.Copy(changed, props{"Description": "new"})
			if answer := r.deliver(cfn.Update, id, changed, with("Fail")); succeeded(answer) {
				t.Errorf("Update: %+v", answer)
			}
			r.cfn.Say("UPDATE_IN_PROGRESS", id, "UPDATE_ROLLBACK_IN_PROGRESS")
			answer := r.deliverRaw(r.event(cfn.Update, id, with("Fail"), changed))
			if !succeeded(answer) || !strings.Contains(answer.Data[properties.AttrWarnings], "the rollback continued despite: BucketPolicyDenies") {
				t.Errorf("rollback: %+v", answer)
			}
			r.must(cfn.Delete, id, with("Fail"), nil)
		}},
		{"Off looks for nothing", func(t *testing.T, r *rig) {
			r.policyOf("training-data", func(string) string { return closed })
			answer := r.deliver(cfn.Create, "", with("Off"), nil)
			if !succeeded(answer) || answer.Data[properties.AttrFindingCount] != "0" || len(lines(answer)) > 0 {
				t.Errorf("%+v", answer)
			}
			if slices.Contains(r.world.Calls(), "s3:GetBucketRequestPayment") {
				t.Error("settings of the bucket were read")
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Off"), nil)
		}},
		{"settings of the bucket are read", func(t *testing.T, r *rig) {
			r.policyOf("training-data", func(policy string) string {
				return strings.Replace(policy, `"Statement":[`, `"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},`+
					`"Action":"s3:PutObject","Resource":"arn:aws:s3:::training-data/*"},`, 1)
			})
			r.world.Configure("training-data", fakeaws.Settings{RequesterPays: true, ObjectWriter: true})
			answer := r.deliver(cfn.Create, "", with("Warn"), nil)
			got := answer.Data[properties.AttrWarnings]
			if answer.Data[properties.AttrFindingCount] != "2" || !strings.Contains(got, "RequesterPays: ") ||
				!strings.Contains(got, "ObjectsOfOtherAccounts: ") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Warn"), nil)
		}},
		{"a public policy that is blocked is refused before", func(t *testing.T, r *rig) {
			r.world.Configure("training-data", fakeaws.Settings{})
			r.policyOf("training-data", func(policy string) string {
				return strings.Replace(policy, `"Statement":[`, `"Statement":[{"Sid":"Site","Effect":"Allow","Principal":"*","Action":"s3:GetObject",`+
					`"Resource":"arn:aws:s3:::training-data/site/*"},`, 1)
			})
			r.world.Configure("training-data", fakeaws.Settings{BlocksPublicPolicy: true})
			answer := r.deliver(cfn.Create, "", with("Fail"), nil)
			if succeeded(answer) || !strings.Contains(answer.Reason, "PublicPolicyBlocked: the policy of bucket training-data is public "+
				"because of statement Site. ") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
		}},
		{"a read that is denied is left out, and said", func(t *testing.T, r *rig) {
			r.world.Configure("training-data", fakeaws.Settings{RequesterPays: true})
			r.deny("s3:GetBucketRequestPayment")
			answer := r.deliver(cfn.Create, "", with("Fail"), nil)
			if !succeeded(answer) || answer.Data[properties.AttrFindingCount] != "1" || len(lines(answer)) != 1 ||
				!strings.HasPrefix(lines(answer)[0], "SUGGESTION NotChecked: not everything was checked: read who pays for requests to bucket "+
					"training-data: AccessDenied") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
		}},
		{"a read before the first write that is denied is said too", func(t *testing.T, r *rig) {
			r.world.Configure("training-data", fakeaws.Settings{})
			r.policyOf("training-data", func(policy string) string {
				return strings.Replace(policy, `"Statement":[`, `"Statement":[{"Sid":"Site","Effect":"Allow","Principal":"*","Action":"s3:GetObject",`+
					`"Resource":"arn:aws:s3:::training-data/site/*"},`, 1)
			})
			r.deny("s3:GetPublicAccessBlock")
			answer := r.deliver(cfn.Create, "", with("Fail"), nil)
			if !succeeded(answer) || len(lines(answer)) != 1 || !strings.HasPrefix(lines(answer)[0], "SUGGESTION NotChecked: ") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, with("Fail"), nil)
		}},
		{"an Update says of each denied read once what counts", func(t *testing.T, r *rig) {
			r.world.AddBucket("theirs", awstest.Bucket{Owner: "999999999999"})
			now := with("Warn")
			now["Buckets"] = []any{"training-data", "theirs"}
			id := r.must(cfn.Create, "", now, nil)
			r.deny("s3:GetBucketRequestPayment")
			answer := r.deliver(cfn.Update, id, now, now)
			checked := slices.DeleteFunc(lines(answer), func(line string) bool { return !strings.Contains(line, "NotChecked") })
			if !succeeded(answer) || len(checked) != 1 || !strings.Contains(checked[0], "bucket training-data: AccessDenied") ||
				strings.Contains(checked[0], "theirs") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, id, now, nil)
		}},
		{"what others changed is set back, and said", func(t *testing.T, r *rig) {
			id := r.must(cfn.Create, "", with("Warn"), nil)
			_, role, _ := strings.Cut(id, ":role/")
			policy := "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
			if _, err := r.world.IAM.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: aws.String(role),
				PolicyArn: aws.String(policy)}); err != nil {
				t.Fatal(err)
			}
			again := with("Warn")
			again["Revision"] = "2"
			answer := r.deliver(cfn.Update, id, again, with("Warn"))
			if !succeeded(answer) || len(lines(answer)) != 1 ||
				!strings.HasPrefix(lines(answer)[0], "SUGGESTION RoleChanged: policy "+policy+" was detached from role "+role+
					" outside of the stack.") {
				t.Errorf("%+v", answer)
			}
			if answer = r.deliver(cfn.Update, id, with("Warn"), again); answer.Data[properties.AttrFindingCount] != "0" {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, id, with("Warn"), nil)
		}},
		{"a boundary is read", func(t *testing.T, r *rig) {
			created, err := r.world.IAM.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("Boundary"),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"personalize:*","Resource":"*"}]}`)})
			if err != nil {
				t.Fatal(err)
			}
			now := with("Fail")
			now["PermissionsBoundary"] = aws.ToString(created.Policy.Arn)
			answer := r.deliver(cfn.Create, "", now, nil)
			if succeeded(answer) || !strings.Contains(answer.Reason, "BoundaryLacksPermission: the permissions boundary "+
				aws.ToString(created.Policy.Arn)+" does not allow s3:GetObject and s3:ListBucket on the resources that the role needs") {
				t.Errorf("%+v", answer)
			}
			r.must(cfn.Delete, answer.PhysicalResourceID, now, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, newRig(t, kind.New(t)))
		})
	}
}
