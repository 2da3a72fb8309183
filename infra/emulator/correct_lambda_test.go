//go:build emulator

package emulator

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

var lambdaCorrections = []correction{
	{"a function ends none of the same name in another Region",
		"https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html", func(ctx context.Context, e *Emulator) error {
			create := func(region string) (types.StackStatus, error) {
				cfg := e.Config()
				cfg.Region = region
				return deployed(ctx, cloudformation.NewFromConfig(cfg), "namesake", functionTemplate("namesake"), "")
			}
			type end struct {
				status types.StackStatus
				err    error
			}
			ended := make(chan end, 1)
			go func() {
				status, err := create(Region)
				ended <- end{status, err}
			}()
			// The function of this Region runs by now, and runs for longer than the other takes.
			time.Sleep(time.Second)
			if _, err := create("us-east-1"); err != nil {
				return err
			}
			first := <-ended
			return errors.Join(first.err, is(first.status, types.StackStatusCreateComplete))
		}},
}

// functionTemplate has a custom resource that takes three seconds, and whose deletion fails unless it is shown as being deleted.
func functionTemplate(name string) string {
	return strings.ReplaceAll(`
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: python3.12
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 30
      Code:
        ZipFile: |
          import json, os, time, urllib.parse, urllib.request
          def shown():
              form = urllib.parse.urlencode({"Action": "DescribeStackResources", "Version": "2010-05-15", "StackName": "NAME"})
              answer = urllib.request.urlopen(urllib.request.Request(os.environ["AWS_ENDPOINT_URL"], form.encode(), {"Authorization":
                  "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0"}))
              return answer.read().decode().split("<LogicalResourceId>Asking<")[1].split("</member>")[0]
          def handler(event, context):
              status = "SUCCESS"
              if event["RequestType"] == "Create":
                  time.sleep(3)
              if event["RequestType"] == "Delete" and "DELETE_IN_PROGRESS" not in shown():
                  status = "FAILED"
              body = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
              body.update(Status=status, Reason="it is not shown", PhysicalResourceId="asking")
              urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT"))
  Asking:
    Type: Custom::Asking
    Properties: {ServiceToken: !GetAtt Function.Arn, ServiceTimeout: 10}
`, "NAME", name)
}
