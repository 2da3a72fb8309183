package personalizerole

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// naming is an aspect that names every managed policy, as organisations have them.
type naming struct {
	name func(awsiam.CfnManagedPolicy) string
}

func (n *naming) Visit(node constructs.IConstruct) {
	if policy, ok := node.(awsiam.CfnManagedPolicy); ok {
		policy.SetManagedPolicyName(jsii.String(n.name(policy)))
	}
}

// permissionsOf returns the logical ID and the name of the function's permissions for a bucket.
func permissionsOf(t *testing.T, bucket, description string, aspect func(awsiam.CfnManagedPolicy) string) (id string, name any) {
	t.Helper()
	f := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
		p.Buckets = []Bucket{{Bucket: f.imported(bucket)}}
		p.Description = &description
		if aspect != nil {
			awscdk.Aspects_Of(f.app).Add(&naming{aspect}, nil)
		}
	})
	all := f.resources(t)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if all[id]["Type"] == "AWS::IAM::ManagedPolicy" {
			if dependencies := fmt.Sprint(all["ServiceRole4288B192"]["DependsOn"]); !strings.Contains(dependencies, id) {
				t.Errorf("the role depends on %s, not on %s", dependencies, id)
			}
			return id, all[id]["Properties"].(map[string]any)["ManagedPolicyName"]
		}
	}
	t.Fatal("no permissions")
	return "", nil
}

// The permissions that depend on buckets are replaced when those change, and only then, also where an aspect names every policy.
func TestChangedPermissionsAreReplaced(t *testing.T) {
	long := strings.Repeat("n", maxPolicyName)
	for name, aspect := range map[string]func(awsiam.CfnManagedPolicy) string{
		"unnamed":          nil,
		"named by path":    func(p awsiam.CfnManagedPolicy) string { return strings.ReplaceAll(*p.Node().Path(), "/", "-") },
		"named by ID":      func(p awsiam.CfnManagedPolicy) string { return *p.LogicalId() },
		"of a full length": func(awsiam.CfnManagedPolicy) string { return long },
	} {
		t.Run(name, func(t *testing.T) {
			id, policyName := permissionsOf(t, "data-one", "a", aspect)
			if again, other := permissionsOf(t, "data-one", "b", aspect); again != id || fmt.Sprint(other) != fmt.Sprint(policyName) {
				t.Errorf("another description of the role replaces the permissions: %s named %v by %s named %v", id, policyName, again, other)
			}
			next, nextName := permissionsOf(t, "data-two", "a", aspect)
			if next == id {
				t.Errorf("another bucket doesn't replace the permissions: %s", id)
			}
			if aspect == nil {
				return
			}
			if fmt.Sprint(nextName) == fmt.Sprint(policyName) {
				t.Errorf("the permissions are replaced by others of the same name: %v", nextName)
			}
			if text, ok := policyName.(string); ok && len(text) > maxPolicyName {
				t.Errorf("the name has %d characters", len(text))
			}
		})
	}
}

// What only the deployment knows is in a digest, however much that is.
func TestManyVariableKeys(t *testing.T) {
	f := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
		for n := range 60 {
			p.Keys = append(p.Keys, awskms.NewKey(f.stack, jsii.String(fmt.Sprintf("Key%d", n)), nil))
		}
	})
	all := f.resources(t)
	digests := ofType(all, properties.DigestType)
	if len(digests) != 1 || len(digests[0]["Content"].([]any)) != 60 {
		t.Fatalf("digests: %v", digests)
	}
	description := fmt.Sprint(ofType(all, "AWS::IAM::ManagedPolicy")[0]["Description"])
	if !strings.Contains(description, "Ref:ProviderPermissionsDigest") || len(description) > 300 {
		t.Errorf("description: %s", description)
	}
}

// What IAM would refuse for its size is refused at synthesis, with the number; what may still fit isn't.
func TestTooManyBucketsForAPolicy(t *testing.T) {
	for count, refused := range map[int]bool{60: false, 200: true} {
		f := synthesised(t, func(f *fixture, p *PersonalizeServiceRoleProps) {
			for n := range count {
				p.Buckets = append(p.Buckets, Bucket{Bucket: f.imported(fmt.Sprintf("the-data-of-team-%03d", n))})
			}
		})
		err := attempt(func() { f.app.Synth(nil) })
		if got := err != nil && strings.Contains(err.Error(), "above IAM's 6144"); got != refused {
			t.Errorf("%d buckets: got %v", count, err)
		}
	}
}

func TestLeastSize(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{map[string]any{"a": []any{"b", "c"}, "d": map[string]any{}}, `{"a":["b","c"],"d":{}}`},
		{map[string]any{"Fn::Join": []any{"", []any{"arn:", map[string]any{"Ref": "AWS::Partition"}, ":s3:::", map[string]any{"Ref": "B"}}}},
			`"arn:aws:s3:::"`},
		{map[string]any{"Fn::GetAtt": []any{"Key", "Arn"}}, `""`},
		{map[string]any{"Ref": "AWS::Region"}, `"eu-west-1"`},
	} {
		if got := leastSize(c.value); got != len(c.want) {
			t.Errorf("%v: %d, want %d", c.value, got, len(c.want))
		}
	}
}
