package personalizerole

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
)

// refuse panics, as CDK does where props are refused at construction, with the construct's path.
func refuse(c constructs.IConstruct, format string, args ...any) {
	panic(*c.Node().Path() + ": " + fmt.Sprintf(format, args...))
}

// checkBucket refuses what would fail without a hint where the bucket is used.
func checkBucket(r *serviceRole, n int, b Bucket) {
	name := fmt.Sprintf("Buckets[%d]", n)
	if b.Bucket == nil {
		refuse(r, "%s: Bucket is missing", name)
	}
	checkList(r, name+".Prefixes", b.Prefixes)
	if !isOn(b.ManageBucketPolicy) || !isMade(b.Bucket) {
		return
	}
	const advice = "must be known at synthesis, because CDK writes the policy of the bucket. Name them one by one, or set " +
		"ManageBucketPolicy of the bucket to false"
	if isListToken(b.Prefixes) {
		refuse(r, "%s.Prefixes %s", name, advice)
	}
	if isOn(r.props.SourceConditions) && isListToken(r.props.SourceRegions) {
		refuse(r, "SourceRegions (for %s) %s", name, advice)
	}
}

// isMade reports whether the app makes a bucket, so that CDK adds to its policy.
func isMade(bucket awss3.IBucket) bool {
	_, ofCfn := bucket.Node().Scope().(awss3.CfnBucket)
	return ofCfn || *awscdk.Resource_IsOwnedResource(bucket)
}

// isListToken reports whether a list as a whole is known at deployment only.
func isListToken(list *[]*string) bool {
	return list != nil && slices.ContainsFunc(*list, func(entry *string) bool { return strings.HasPrefix(*entry, "#{Token[") })
}

// checkProps refuses nil in lists.
func checkProps(r *serviceRole) {
	for n, key := range r.props.Keys {
		if key == nil {
			refuse(r, "Keys[%d] is missing", n)
		}
	}
	checkList(r, "SourceRegions", r.props.SourceRegions)
}

// checkList refuses a list with nil.
func checkList(c constructs.IConstruct, name string, list *[]*string) {
	if list == nil {
		return
	}
	for n, entry := range *list {
		if entry == nil {
			refuse(c, "%s[%d] is missing", name, n)
		}
	}
}
