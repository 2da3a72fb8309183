package access

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"personalize-role/lambda/internal/policy"
)

// Personalize is what is known of the two identities with which Amazon Personalize may access a bucket or a key. It isn't documented which
// identity makes which call; AWS's pages ask for policies that allow both. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
type Personalize struct {
	Partition, Region, Account string
	// Sources are the Regions whose Personalize it is, or * for all.
	Sources []string
	// Role is the ARN of the service role, and RoleID its unique ID; empty while it isn't known.
	Role, RoleID string
	// RoleTags are the tags of the role.
	RoleTags map[string]string
	// Bounded says that the role has a permissions boundary.
	Bounded bool
	// Organization is the ID of the account's organisation; empty while it isn't known.
	Organization string
	Now          time.Time
}

// Call is a call of Personalize's, or one that follows from it.
type Call struct {
	Action, Resource string
	// ByS3 says that S3 calls KMS for objects that are encrypted with a key.
	ByS3 bool
}

// AsRole is a call by a session of the role.
func (p Personalize) AsRole(call Call) Request {
	c := p.context(call)
	maps.Copy(c, Context{
		"aws:principalarn": Text(p.Role), "aws:principalaccount": Text(p.Account), "aws:principaltype": Text("AssumedRole"),
		"aws:principalisawsservice": Text("false"), "aws:principalservicename": Absent(), "aws:principalservicenameslist": Absent(),
		"aws:principalorgid": p.organization(p.Organization), "aws:principalorgpaths": p.organization(p.Organization + "/*"),
		"aws:principaltag/": Absent(), "aws:sourceaccount": Absent(), "aws:sourcearn": Absent(), "aws:sourceorgid": Absent(),
		"aws:sourceorgpaths": Absent(), "aws:sourceip": AddressOfAWS(),
		// A service that assumes a role has no second factor.
		"aws:multifactorauthpresent": AnyOf(Absent(), Text("false")),
		"kms:calleraccount":          Text(p.Account),
	})
	if p.RoleID != "" {
		c["aws:userid"] = Like(p.RoleID + ":*")
	}
	for key, value := range p.RoleTags {
		c["aws:principaltag/"+strings.ToLower(key)] = Text(value)
	}
	return Request{Caller: Caller{Role: p.Role, Account: p.Account, Bounded: p.Bounded}, Action: call.Action, Resource: call.Resource,
		Contexts: []Context{c}}
}

// AsService is a call by the service itself. It isn't documented whether Personalize then sends the account that it acts for.
func (p Personalize) AsService(call Call) Request {
	silent := p.context(call)
	maps.Copy(silent, Context{
		"aws:principalarn": Absent(), "aws:principalaccount": Absent(), "aws:principaltype": Absent(), "aws:userid": Absent(),
		"aws:principalisawsservice": Text("true"), "aws:principalservicename": Text(policy.ServicePrincipal),
		"aws:principalservicenameslist": Text(policy.ServicePrincipal), "aws:principalorgid": Absent(), "aws:principalorgpaths": Absent(),
		"aws:principaltag/": Absent(), "aws:sourceaccount": Absent(), "aws:sourcearn": Absent(), "aws:sourceorgid": Absent(),
		"aws:sourceorgpaths": Absent(), "aws:sourceip": AnyOf(Absent(), AddressOfAWS()), "aws:multifactorauthpresent": Absent(),
	})
	if call.ByS3 {
		// What S3 forwards to KMS of a call by a service isn't documented.
		silent["aws:viaawsservice"] = Unknown()
	}
	telling := maps.Clone(silent)
	var sources []Value
	for _, region := range p.Sources {
		sources = append(sources, Like(fmt.Sprintf("arn:%s:personalize:%s:%s:*", p.Partition, region, p.Account)))
	}
	maps.Copy(telling, Context{
		"aws:sourceaccount": Text(p.Account),
		"aws:sourcearn":     AnyOf(sources...),
		"aws:sourceorgid":   p.organization(p.Organization), "aws:sourceorgpaths": p.organization(p.Organization + "/*"),
	})
	return Request{Caller: Caller{Service: policy.ServicePrincipal}, Action: call.Action, Resource: call.Resource,
		Contexts: []Context{silent, telling}, Between: "whether Personalize sends aws:SourceAccount and aws:SourceArn"}
}

// organization is the value of a key about the account's organisation, of which accounts without one have none.
func (p Personalize) organization(pattern string) Value {
	if p.Organization == "" {
		return Unknown()
	}
	return Like(pattern)
}

// context returns the condition keys that both identities share. Keys are absent if they don't apply to a call over AWS's own network, with
// a signature in the header, to the bucket itself. See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and
// https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
func (p Personalize) context(call Call) Context {
	service, verb, _ := strings.Cut(call.Action, ":")
	c := Context{
		"aws:securetransport": Text("true"), "aws:viaawsservice": Text("false"), "aws:calledvia": Absent(), "aws:calledviafirst": Absent(),
		"aws:calledvialast": Absent(), "aws:requestedregion": Text(p.Region), "aws:username": Absent(),
		"aws:currenttime": Text(p.Now.UTC().Format(time.RFC3339)), "aws:epochtime": Text(fmt.Sprint(p.Now.Unix())),
		"aws:sourcevpc": Absent(), "aws:sourcevpce": Absent(), "aws:sourcevpcarn": Absent(), "aws:vpcsourceip": Absent(),
		"aws:vpceaccount": Absent(), "aws:vpceorgid": Absent(), "aws:vpceorgpaths": Absent(), "aws:ec2instancesourcevpc": Absent(),
		"aws:ec2instancesourceprivateipv4": Absent(), "aws:multifactorauthage": Absent(), "aws:federatedprovider": Absent(),
		"aws:sourceidentity": Absent(), "aws:resourceaccount": Text(p.Account), "aws:resourceorgid": p.organization(p.Organization),
		"aws:resourceorgpaths": p.organization(p.Organization + "/*"), "aws:requesttag/": Absent(), "aws:tagkeys": Absent(),
	}
	if service == "kms" {
		c["kms:viaservice"], c["kms:granteeprincipal"] = Unknown(), Unknown()
		if call.ByS3 {
			c["kms:viaservice"], c["aws:viaawsservice"] = Text("s3."+p.Region+"."+domain(p.Partition)), Text("true")
		}
		return c
	}
	maps.Copy(c, Context{
		// AWS takes nothing older than TLS 1.2: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
		"s3:tlsversion": AnyOf(Text("1.2"), Text("1.3")), "s3:authtype": Text("REST-HEADER"),
		"s3:signatureversion": Text("AWS4-HMAC-SHA256"), "s3:signatureage": Text("0"), "s3:resourceaccount": Text(p.Account),
		"s3:dataaccesspointarn": Absent(), "s3:dataaccesspointaccount": Absent(), "s3:accesspointnetworkorigin": Absent(),
		"s3:accessgrantsinstancearn": Absent(), "s3:versionid": Absent(), algorithm: Absent(), "aws:referer": Absent(),
		"s3:x-amz-copy-source": Absent(), "s3:x-amz-metadata-directive": Absent(), "s3:x-amz-website-redirect-location": Absent(),
		"s3:x-amz-grant-read": Absent(), "s3:x-amz-grant-write": Absent(), "s3:x-amz-grant-read-acp": Absent(),
		"s3:x-amz-grant-write-acp": Absent(), "s3:x-amz-grant-full-control": Absent(),
	})
	if verb == "PutObject" {
		// A service that writes grants no other account access to the object.
		maps.Copy(c, Context{
			"s3:x-amz-acl":           AnyOf(Absent(), Text("private"), Text("bucket-owner-full-control")),
			"s3:x-amz-storage-class": AnyOf(Absent(), Text("STANDARD")),
		})
		return c
	}
	// Headers that only writing has.
	maps.Copy(c, Context{
		"s3:x-amz-acl": Absent(), "s3:x-amz-storage-class": Absent(), "s3:x-amz-server-side-encryption": Absent(),
		"s3:x-amz-server-side-encryption-aws-kms-key-id": Absent(), "s3:requestobjecttag/": Absent(), "s3:requestobjecttagkeys": Absent(),
		"s3:if-match": Absent(), "s3:if-none-match": Absent(), "s3:object-lock-mode": Absent(), "s3:object-lock-legal-hold": Absent(),
		"s3:object-lock-retain-until-date": Absent(), "s3:object-lock-remaining-retention-days": Absent(),
	})
	return c
}

// domain is that of a partition's endpoints.
func domain(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
