package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/internal/servicerole"
)

// configuration returns the AWS configuration of the environment, or says what it lacks.
func configuration(ctx context.Context) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRetryer(provision.Retryer))
	if err != nil {
		return cfg, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return cfg, fmt.Errorf("no AWS credentials were found: %w. Set AWS_PROFILE, or run aws sso login", err)
	}
	if cfg.Region == "" {
		return cfg, errors.New("no Region is set. Set AWS_REGION")
	}
	return cfg, nil
}

// accountOf returns the account of the credentials. It takes no permission. See
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func accountOf(ctx context.Context, cfg aws.Config) (string, error) {
	caller, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("get the account of the AWS credentials: %w", err)
	}
	return aws.ToString(caller.Account), nil
}

// live reads the account of the environment's credentials.
type live struct{ cfg aws.Config }

func (l live) provisioner(i servicerole.Identity) *provision.Provisioner {
	cfg := l.cfg.Copy()
	cfg.Region = i.Region
	return provision.New(provision.Clients{IAM: iam.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg),
		CloudFormation: cloudformation.NewFromConfig(cfg)}, slog.New(slog.DiscardHandler))
}

func (l live) Observe(ctx context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	return l.provisioner(i).Observe(ctx, i, scope)
}

func (l live) Inspect(ctx context.Context, i servicerole.Identity, q servicerole.Questions,
	known servicerole.Inspected) servicerole.Inspected {
	return l.provisioner(i).Inspect(ctx, i, q, known)
}

// empty is an account that has the buckets that are named, without policies, the keys, with their default policies, and nothing else.
type empty struct{}

func (empty) Observe(_ context.Context, i servicerole.Identity, scope servicerole.Scope) (servicerole.Observed, error) {
	o := servicerole.Observed{Buckets: map[string]servicerole.ObservedShared{}, Keys: map[string]servicerole.ObservedShared{}}
	for _, name := range scope.Buckets {
		o.Buckets[name] = servicerole.ObservedShared{Presence: servicerole.Present}
	}
	for _, arn := range scope.Keys {
		o.Keys[arn] = servicerole.ObservedShared{Presence: servicerole.Present, State: "Enabled", Policy: keyPolicyOf(i)}
	}
	return o, nil
}

func (empty) Inspect(context.Context, servicerole.Identity, servicerole.Questions, servicerole.Inspected) servicerole.Inspected {
	return servicerole.Inspected{}
}

// keyPolicyOf is the policy that a key has by default. See
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
func keyPolicyOf(i servicerole.Identity) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow",`+
		`"Principal":{"AWS":"arn:%s:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`, i.Partition, i.AccountID)
}
