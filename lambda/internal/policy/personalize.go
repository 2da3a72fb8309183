package policy

import "fmt"

// ServicePrincipal is the principal of Amazon Personalize in every partition.
const ServicePrincipal = "personalize.amazonaws.com"

// Source says whose Personalize may do something.
type Source struct {
	Partition string
	AccountID string
	// Regions are names of Regions, or *.
	Regions []string
}

// conditions are those that AWS gives against the confused deputy; none without a source. See
// https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
func (s *Source) conditions() Conditions {
	if s == nil {
		return nil
	}
	return Conditions{
		"StringEquals": {"aws:SourceAccount": {s.AccountID}},
		"StringLike":   {"aws:SourceArn": s.arns()},
	}
}

// conditionsIfSent let a request pass that says nothing of its source. Whether Personalize's requests to S3 and KMS say it isn't
// documented. The operators are AWS's for such a case:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func (s *Source) conditionsIfSent() Conditions {
	if s == nil {
		return nil
	}
	return Conditions{
		"StringEqualsIfExists": {"aws:SourceAccount": {s.AccountID}},
		"ArnLikeIfExists":      {"aws:SourceArn": s.arns()},
	}
}

func (s *Source) arns() Values {
	var arns Values
	for _, region := range s.Regions {
		arns = append(arns, fmt.Sprintf("arn:%s:personalize:%s:%s:*", s.Partition, region, s.AccountID))
	}
	return arns
}

// Trust is the trust policy of a service role; without a source it is the document of the set-up page, which lets
// Personalize assume the role on anybody's behalf.
func Trust(source *Source) Document {
	return Document{Version: Version, Statement: []Statement{{
		Effect:    "Allow",
		Principal: &Principal{Service: ServicePrincipal},
		Action:    Values{"sts:AssumeRole"},
		Condition: source.conditions(),
	}}}
}
