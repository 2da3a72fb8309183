//go:build emulator

package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"personalize-role/infra/stacks"
	"personalize-role/lambda/inmemory"
)

const (
	handlerPermissions = "https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html"

	roleTemplate = `{"Resources":{"Role":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"NAME","PermissionsBoundary":"` + policyARN +
		`of-stacks","AssumeRolePolicyDocument":` + anyTrust + `}}}}`

	// comparing has an output for each condition that holds.
	comparing = `{"Parameters":{"Name":{"Type":"String","Default":"policy/x"},"None":{"Type":"CommaDelimitedList","Default":""}},` +
		`"Conditions":{"Split":{"Fn::Equals":[{"Fn::Select":["0",{"Fn::Split":["/",{"Ref":"Name"}]}]},"policy"]},` +
		`"Other":{"Fn::Equals":[{"Fn::Select":["1",{"Fn::Split":["/",{"Ref":"Name"}]}]},"policy"]},` +
		`"Joined":{"Fn::Equals":[{"Fn::Join":["",{"Ref":"None"}]},""]}},` +
		`"Resources":{"Role":{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":` + anyTrust + `}}},` +
		`"Outputs":{"Split":{"Condition":"Split","Value":"1"},"Other":{"Condition":"Other","Value":"1"},` +
		`"Joined":{"Condition":"Joined","Value":"1"}}}`
)

var cloudFormationCorrections = []correction{
	{"a stack's calls are made with the permissions of who deploys it", handlerPermissions, func(ctx context.Context, e *Emulator) error {
		id, secret, err := e.credentials(ctx, "deployer", `"Action":"cloudformation:*","Resource":"*"`)
		if err != nil {
			return err
		}
		client := cloudformation.NewFromConfig(e.ConfigFor(id, secret, ""))
		return notCreated(deployed(ctx, client, "by-person", strings.Replace(roleTemplate, "NAME", "by-person", 1), ""))
	}},
	{"a stack's calls are made with the permissions of its service role",
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html",
		func(ctx context.Context, e *Emulator) error {
			if err := createRole(ctx, iam.NewFromConfig(e.Config()), "stacks", "/", ""); err != nil {
				return err
			}
			client := cloudformation.NewFromConfig(e.Config())
			return notCreated(deployed(ctx, client, "by-role", strings.Replace(roleTemplate, "NAME", "by-role", 1),
				"arn:aws:iam::"+AccountID+":role/stacks"))
		}},
	{"a role of a template has its boundary",
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html",
		func(ctx context.Context, e *Emulator) error {
			root := iam.NewFromConfig(e.Config())
			if err := createPolicy(ctx, root, "of-stacks", "/"); err != nil {
				return err
			}
			template := strings.Replace(roleTemplate, "NAME", "of-stack", 1)
			status, err := deployed(ctx, cloudformation.NewFromConfig(e.Config()), "bounded", template, "")
			if err := errors.Join(err, is(status, types.StackStatusCreateComplete)); err != nil {
				return err
			}
			out, err := root.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("of-stack")})
			if err != nil {
				return err
			}
			if out.Role.PermissionsBoundary == nil {
				return errors.New("the role has none")
			}
			return nil
		}},
	{"a condition compares what other functions return",
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-conditions.html",
		func(ctx context.Context, e *Emulator) error {
			client := cloudformation.NewFromConfig(e.Config())
			status, err := deployed(ctx, client, "comparing", comparing, "")
			if err := errors.Join(err, is(status, types.StackStatusCreateComplete)); err != nil {
				return err
			}
			out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("comparing")})
			if err != nil {
				return err
			}
			var named []string
			for _, o := range out.Stacks[0].Outputs {
				named = append(named, aws.ToString(o.OutputKey))
			}
			slices.Sort(named)
			if got := strings.Join(named, " "); got != "Joined Split" {
				return fmt.Errorf("%s hold", got)
			}
			return nil
		}},
	{"a resource is shown as being deleted before its event is sent",
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html", func(ctx context.Context, e *Emulator) error {
			client := cloudformation.NewFromConfig(e.Config())
			status, err := deployed(ctx, client, "asking", functionTemplate("asking"), "")
			if err := errors.Join(err, is(status, types.StackStatusCreateComplete)); err != nil {
				return err
			}
			if _, err := client.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: aws.String("asking")}); err != nil {
				return err
			}
			return cloudformation.NewStackDeleteCompleteWaiter(client, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
				o.MinDelay, o.MaxDelay = 100*time.Millisecond, time.Second
			}).Wait(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("asking")}, time.Minute)
		}},
	{"a request that comes again with its token is the same one",
		"https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html",
		func(ctx context.Context, e *Emulator) error {
			cfg := e.Config()
			cfg.HTTPClient = &http.Client{Transport: inmemory.Transport{Next: &forgetful{forgotten: map[string]bool{}}}}
			operator := stacks.NewOperator(cfg, io.Discard)
			operator.Pause = 100 * time.Millisecond
			role := `{"Resources":{"Role":{"Type":"AWS::IAM::Role","Properties":{"Description":"D","AssumeRolePolicyDocument":` + anyTrust + `}}}}`
			if err := operator.Create(ctx, "twice", role, nil); err != nil {
				return err
			}
			if err := operator.Update(ctx, "twice", strings.Replace(role, `"D"`, `"other"`, 1), nil); err != nil {
				return err
			}
			return operator.Delete(ctx, "twice")
		}},
}

// forgetful loses the first answer to each operation on a stack.
type forgetful struct{ forgotten map[string]bool }

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	action, err := actionOf(r)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && strings.HasSuffix(action, "Stack") && !f.forgotten[action] {
		f.forgotten[action] = true
		return nil, errors.Join(io.ErrUnexpectedEOF, response.Body.Close())
	}
	return response, err
}

func actionOf(r *http.Request) (string, error) {
	body, err := r.GetBody()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return "", err
	}
	form, err := url.ParseQuery(string(text))
	return form.Get("Action"), err
}

// deployed creates a stack and returns its status once that is final.
func deployed(ctx context.Context, client *cloudformation.Client, name, template, serviceRole string) (types.StackStatus, error) {
	in := &cloudformation.CreateStackInput{StackName: aws.String(name), TemplateBody: aws.String(template),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}}
	if serviceRole != "" {
		in.RoleARN = aws.String(serviceRole)
	}
	if _, err := client.CreateStack(ctx, in); err != nil {
		return "", err
	}
	for {
		out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(name)})
		if err != nil {
			return "", err
		}
		if status := out.Stacks[0].StackStatus; !strings.HasSuffix(string(status), "_IN_PROGRESS") {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// notCreated says if a stack was created.
func notCreated(status types.StackStatus, err error) error {
	return errors.Join(err, is(status, types.StackStatusRollbackComplete))
}

// is says if a stack has another status.
func is(status, want types.StackStatus) error {
	if status != want {
		return fmt.Errorf("the stack is %s", status)
	}
	return nil
}
