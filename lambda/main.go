package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"personalize-role/lambda/internal/cfn"
	"personalize-role/lambda/internal/handler"
	"personalize-role/lambda/internal/lambdaenv"
	"personalize-role/lambda/internal/provision"
	"personalize-role/lambda/properties"
)

func main() {
	tune(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	log := lambdacontext.NewLogger()
	trust, err := lambdaenv.NewTrust()
	if err != nil {
		fail(log, err)
	}
	cfg := lambdaenv.Config()
	cfg.HTTPClient, cfg.Retryer = provision.HTTPClient(trust.Configure), provision.Retryer
	cfg.APIOptions = append(cfg.APIOptions, provision.LimitCalls(), provision.LogCalls(log))
	hosts, err := answerHosts()
	if err != nil {
		fail(log, err)
	}
	h := &handler.Handler{
		Provisioner: provision.New(provision.Clients{
			IAM: iam.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg), KMS: kms.NewFromConfig(cfg), CloudFormation: cloudformation.NewFromConfig(cfg),
		}, log),
		Sender:    cfn.NewSender(log, hosts, trust.Configure),
		Log:       log,
		AccountID: accountID, RequiredBoundary: os.Getenv(properties.RequiredBoundaryVariable),
	}
	lambda.Start(h.Handle)
}

func fail(log *slog.Logger, err error) {
	log.Error("can't start", "cause", err.Error())
	os.Exit(1)
}

// answerHosts returns where answers may be sent to.
func answerHosts() (cfn.Hosts, error) {
	suffixes, err := lambdaenv.AnswerSuffixes(context.Background(), os.Getenv("AWS_REGION"))
	return cfn.Hosts{Any: len(suffixes) == 0, Suffixes: suffixes}, err
}

// accountID is the account of the function, from the ARN by which it was invoked.
func accountID(ctx context.Context) string {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return ""
	}
	if parts := strings.Split(lc.InvokedFunctionArn, ":"); len(parts) > 4 {
		return parts[4]
	}
	return ""
}
