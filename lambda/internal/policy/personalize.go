package policy

import "fmt"

// servicePrincipal is the principal of Amazon Personalize in every partition.
const servicePrincipal = "personalize.amazonaws.com"

// bucketAccess is both the Id and the Sid of the managed policy that the set-up page of Personalize prescribes.
const bucketAccess = "PersonalizeS3BucketAccessPolicy"

// Source says whose Personalize may assume a role.
type Source struct {
	Partition string
	AccountID string
	// Regions are names of Regions, or *.
	Regions []string
}

// Trust is the trust policy of a service role; without a source it is the document of the set-up page, which lets
// Personalize assume the role on anybody's behalf. See
// https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
func Trust(source *Source) Document {
	statement := Statement{
		Effect:    "Allow",
		Principal: &Principal{Service: servicePrincipal},
		Action:    Values{"sts:AssumeRole"},
	}
	if source != nil {
		var arns Values
		for _, region := range source.Regions {
			arns = append(arns, fmt.Sprintf("arn:%s:personalize:%s:%s:*", source.Partition, region, source.AccountID))
		}
		statement.Condition = Conditions{
			"StringEquals": {"aws:SourceAccount": {source.AccountID}},
			"StringLike":   {"aws:SourceArn": arns},
		}
	}
	return Document{Version: Version, Statement: []Statement{statement}}
}

// BucketAccess lets a role list and read data buckets, as the set-up page of Personalize prescribes. See
// https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
func BucketAccess(partition string, buckets []string) Document {
	var resources Values
	for _, bucket := range buckets {
		arn := fmt.Sprintf("arn:%s:s3:::%s", partition, bucket)
		resources = append(resources, arn, arn+"/*")
	}
	return Document{
		Version: Version,
		ID:      bucketAccess,
		Statement: []Statement{{
			Sid:      bucketAccess,
			Effect:   "Allow",
			Action:   Values{"s3:GetObject", "s3:ListBucket"},
			Resource: resources,
		}},
	}
}
