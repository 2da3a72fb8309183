//go:build emulator

package e2e

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
)

// startMoto starts the emulator that knows StackSets and organisations.
func startMoto(t *testing.T) aws.Config {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	address, _ := freeAddresses(t)
	host, port, err := net.SplitHostPort(address)
	check(t, err)
	command := exec.Command(filepath.Join(root, ".tools", "moto", "bin", "moto_server"), "-H", host, "-p", port)
	var log bytes.Buffer
	command.Stdout, command.Stderr = &log, &log
	check(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("moto:\n%s", log.String())
		}
	})
	endpoint := "http://" + address
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		answer, err := http.Get(endpoint + "/moto-api/")
		if err == nil {
			check(t, answer.Body.Close())
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("moto doesn't start: %v", err)
		}
	}
	return emulator.ConfigAt(endpoint, emulator.Region, aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"})
}

// organisation makes one with two accounts in an organisational unit, and returns the IDs of the unit and of the accounts.
func organisation(t *testing.T, cfg aws.Config) (unit string, accounts []string) {
	t.Helper()
	ctx, o := t.Context(), organizations.NewFromConfig(cfg)
	_, err := o.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	check(t, err)
	roots, err := o.ListRoots(ctx, &organizations.ListRootsInput{})
	check(t, err)
	top := roots.Roots[0].Id
	made, err := o.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: aws.String("ml"), ParentId: top})
	check(t, err)
	for _, name := range []string{"one", "two"} {
		status, err := o.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String(name),
			Email: aws.String(name + "@example.com")})
		check(t, err)
		id := status.CreateAccountStatus.AccountId
		_, err = o.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: id, SourceParentId: top,
			DestinationParentId: made.OrganizationalUnit.Id})
		check(t, err)
		accounts = append(accounts, aws.ToString(id))
	}
	slices.Sort(accounts)
	return aws.ToString(made.OrganizationalUnit.Id), accounts
}

// stackSet are the properties that the organisation stack gives its StackSet.
type stackSet struct {
	StackSetName, Description, PermissionModel, TemplateURL string
	CallAs                                                  types.CallAs
	Capabilities                                            []types.Capability
	Parameters                                              []types.Parameter
	AutoDeployment                                          *types.AutoDeployment
	ManagedExecution                                        *types.ManagedExecution
	OperationPreferences                                    *types.StackSetOperationPreferences
	StackInstancesGroup                                     []struct {
		DeploymentTargets *types.DeploymentTargets
		Regions           []string
	}
}

// synthesised reads the StackSet out of the organisation stack.
func synthesised(t *testing.T, unit, template string) stackSet {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	out := t.TempDir()
	command := exec.CommandContext(t.Context(), "go", "run", "./infra")
	command.Dir = root
	command.Env = append(os.Environ(), "PATH="+filepath.Join(root, ".tools", "cdk", "node_modules", ".bin")+":"+os.Getenv("PATH"),
		"CDK_OUTDIR="+out,
		"PERSONALIZE_ROLE_APP=organisation", "PERSONALIZE_ROLE_ORGANISATIONAL_UNITS="+unit, "PERSONALIZE_ROLE_REGIONS=eu-west-1,us-east-1",
		"PERSONALIZE_ROLE_RELEASE_TEMPLATE="+template, "PERSONALIZE_ROLE_MEMBER_PARAMETERS=PersonalizeAccess=None")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("synthesise: %v\n%s", err, output)
	}
	text, err := os.ReadFile(filepath.Join(out, "personalize-role-organisation.template.json"))
	check(t, err)
	var stack struct {
		Resources map[string]struct {
			Type       string
			Properties stackSet
		}
	}
	check(t, json.Unmarshal(text, &stack))
	for _, r := range stack.Resources {
		if r.Type == "AWS::CloudFormation::StackSet" {
			return r.Properties
		}
	}
	t.Fatal("no StackSet")
	return stackSet{}
}

// memberTemplate has the parameters of template.yaml above one small resource: moto knows no custom resources in instances. What
// instances of the whole template do is TestStackSetInstances' matter.
func memberTemplate(t *testing.T) string {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	check(t, err)
	parameters, _, ok := strings.Cut(string(text), "\nConditions:")
	if !ok {
		t.Fatal("template.yaml has no conditions")
	}
	return parameters + "\nResources:\n  Member:\n    Type: AWS::SSM::Parameter\n    Properties: {Name: member, Type: String, Value: " +
		"!Ref PersonalizeAccess}\n"
}

// What the organisation stack declares, the StackSets API takes: each account of the unit gets an instance in each Region, one is taken
// away, the next release takes the template's place, and everything goes.
func TestStackSetOfTheOrganisation(t *testing.T) {
	t.Parallel()
	cfg, ctx := startMoto(t), t.Context()
	unit, accounts := organisation(t, cfg)
	d := emulator.NewDeployer(cfg, &bytes.Buffer{})
	d.Artifacts = "my-releases-eu-west-1"
	template := memberTemplate(t)
	check(t, d.CreateBucket(ctx, d.Artifacts))
	set := synthesised(t, unit, "https://my-releases-eu-west-1.s3.eu-west-1.amazonaws.com/personalize-role/1.0.0/template.yaml")
	check(t, d.Upload(ctx, "personalize-role/1.0.0/template.yaml", []byte(template)))
	cfn := d.CloudFormation
	_, err := cfn.CreateStackSet(ctx, &cloudformation.CreateStackSetInput{
		StackSetName: &set.StackSetName, Description: &set.Description, PermissionModel: types.PermissionModels(set.PermissionModel),
		CallAs:      set.CallAs,
		TemplateURL: &set.TemplateURL, Capabilities: set.Capabilities, Parameters: set.Parameters, AutoDeployment: set.AutoDeployment,
		ManagedExecution: set.ManagedExecution,
	})
	check(t, err)
	group := set.StackInstancesGroup[0]
	_, err = cfn.CreateStackInstances(ctx, &cloudformation.CreateStackInstancesInput{
		StackSetName: &set.StackSetName, DeploymentTargets: group.DeploymentTargets, Regions: group.Regions,
		OperationPreferences: set.OperationPreferences,
	})
	check(t, err)
	var want []string
	for _, account := range accounts {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			want = append(want, account+" "+region+" CURRENT")
		}
	}
	instances := func() []string {
		out, err := cfn.ListStackInstances(ctx, &cloudformation.ListStackInstancesInput{StackSetName: &set.StackSetName})
		check(t, err)
		var got []string
		for _, i := range out.Summaries {
			got = append(got, aws.ToString(i.Account)+" "+aws.ToString(i.Region)+" "+string(i.Status))
		}
		slices.Sort(got)
		return got
	}
	if diff := cmp.Diff(want, instances()); diff != "" {
		t.Errorf("instances: -want +got:\n%s", diff)
	}
	described, err := cfn.DescribeStackSet(ctx, &cloudformation.DescribeStackSetInput{StackSetName: &set.StackSetName})
	check(t, err)
	if got := aws.ToString(described.StackSet.TemplateBody); got != template {
		t.Errorf("the set's template isn't the release's: %s", cmp.Diff(template, got))
	}
	_, err = cfn.DeleteStackInstances(ctx, &cloudformation.DeleteStackInstancesInput{
		StackSetName: &set.StackSetName, Accounts: accounts[1:], Regions: []string{"us-east-1"}, RetainStacks: aws.Bool(false),
	})
	check(t, err)
	if diff := cmp.Diff(want[:3], instances()); diff != "" {
		t.Errorf("one instance less: -want +got:\n%s", diff)
	}
	next := template + "    Metadata: {Release: next}\n"
	_, err = cfn.UpdateStackSet(ctx, &cloudformation.UpdateStackSetInput{
		StackSetName: &set.StackSetName, TemplateBody: &next, Capabilities: set.Capabilities, Parameters: set.Parameters,
		DeploymentTargets: group.DeploymentTargets, Regions: group.Regions, OperationPreferences: set.OperationPreferences,
	})
	check(t, err)
	described, err = cfn.DescribeStackSet(ctx, &cloudformation.DescribeStackSetInput{StackSetName: &set.StackSetName})
	check(t, err)
	if got := aws.ToString(described.StackSet.TemplateBody); got != next {
		t.Errorf("the updated set's template: %s", cmp.Diff(next, got))
	}
	_, err = cfn.DeleteStackInstances(ctx, &cloudformation.DeleteStackInstancesInput{
		StackSetName: &set.StackSetName, Accounts: accounts, Regions: group.Regions, RetainStacks: aws.Bool(false),
	})
	check(t, err)
	_, err = cfn.DeleteStackSet(ctx, &cloudformation.DeleteStackSetInput{StackSetName: &set.StackSetName})
	check(t, err)
}
