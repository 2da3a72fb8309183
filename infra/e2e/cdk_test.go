//go:build emulator

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"personalize-role/infra/bundle"
	"personalize-role/infra/emulator"
)

// cli is the CDK CLI for one account of the emulator.
type cli struct {
	account *account
	root    string
	dir     string
	bin     string
}

func newCLI(t *testing.T, a *account) *cli {
	t.Helper()
	root, err := bundle.Root()
	check(t, err)
	return &cli{account: a, root: root, dir: t.TempDir(), bin: filepath.Join(root, ".tools", "cdk", "node_modules", ".bin")}
}

// environment is that of every command: the emulator for AWS, and the pinned Node before the machine's.
func (c *cli) environment(more ...string) []string {
	return append(os.Environ(), append([]string{
		"PATH=" + c.bin + ":" + os.Getenv("PATH"), "HOME=" + c.dir, "GOCACHE=" + goEnv("GOCACHE"), "GOMODCACHE=" + goEnv("GOMODCACHE"),
		"GOFLAGS=-buildvcs=false",
		"AWS_ENDPOINT_URL=" + os.Getenv(emulator.EndpointVariable), "AWS_REGION=" + emulator.Region, "AWS_ACCESS_KEY_ID=" + c.account.id,
		"AWS_SECRET_ACCESS_KEY=test",
		"CDK_DISABLE_CLI_TELEMETRY=true", "CI=true",
	}, more...)...)
}

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// cdk runs the CLI in a folder of the project. Its output goes elsewhere, so that none is left in the project.
func (c *cli) cdk(t *testing.T, folder string, args ...string) {
	t.Helper()
	args = append(args, "--output", filepath.Join(c.dir, strings.ReplaceAll(folder, "/", "-")))
	command := exec.CommandContext(t.Context(), filepath.Join(c.bin, "cdk"), args...)
	command.Dir, command.Env = filepath.Join(c.root, folder), c.environment()
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cdk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// The app and the examples under the real CDK CLI: bootstrap, deploy, update, consume, destroy.
func TestCDK(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000031")
	c := newCLI(t, a)
	data := a.bucket(t, "data", theirPolicy)
	// The CDK's own choice, which the emulator makes an empty name of.
	c.cdk(t, "infra", "bootstrap", "--cloudformation-execution-policies", "arn:aws:iam::aws:policy/AdministratorAccess")
	// The bootstrapped bucket denies what doesn't come over TLS, which the emulator doesn't speak.
	_, err := a.deployer.S3.DeleteBucketPolicy(t.Context(), &s3.DeleteBucketPolicyInput{Bucket: aws.String("cdk-hnb659fds-assets-" + a.id +
		"-" + emulator.Region)})
	check(t, err)
	boundary := a.requireCostCenter(t)
	boot := a.left(t)
	architecture := "architecture=" + bundle.Architecture(runtime.GOARCH)

	t.Run("app", func(t *testing.T) {
		deploy := []string{"deploy", "--require-approval", "never", "--tags", "CostCenter=42", "-c", architecture, "-c",
			"propagationDelaySeconds=0", "-c", "functionPermissionsBoundary=" + boundary, "-c", "bucketNames=" + data}
		c.cdk(t, "infra", deploy...)
		outputs, err := a.deployer.Outputs(t.Context(), "personalize-role")
		check(t, err)
		name := outputs["RoleName"]
		want := "role/" + name + ` "Service role that Amazon Personalize assumes" 3600s [AmazonPersonalizeFullAccess ` +
			`PersonalizeS3BucketAccessPolicy] `
		if got := a.role(t, name); got != want {
			t.Errorf("deployed %s, want %s", got, want)
		}
		if got := a.costCenter(t.Context(), t, name); got != "42" {
			t.Errorf("CostCenter %q", got)
		}
		policy, err := a.viewer.BucketPolicy(t.Context(), data)
		check(t, err)
		if got := sids(t, policy); got != "TLSOnly,OURS" {
			t.Errorf("statements %s", got)
		}
		c.cdk(t, "infra", append(deploy, "-c", "personalizeAccess=None", "-c", "bucketNames=")...)
		if got := a.role(t, name); !strings.HasSuffix(got, " 3600s [] ") {
			t.Errorf("updated %s", got)
		}
		policy, err = a.viewer.BucketPolicy(t.Context(), data)
		check(t, err)
		if policy != theirPolicy {
			t.Errorf("the dropped bucket's policy: %s", policy)
		}
	})
	t.Run("consumers", func(t *testing.T) {
		deploy := []string{"deploy", "--app", "go run .", "--require-approval", "never", "-c", architecture}
		c.cdk(t, "examples/cdk-go", append(deploy, "Role")...)
		c.cdk(t, "examples/cdk-go", append(deploy, "ByReference", "ByName", "ByParameter")...)
		outputs, err := a.deployer.Outputs(t.Context(), "Role")
		check(t, err)
		for _, stack := range []string{"ByReference", "ByName", "ByParameter"} {
			if got := a.setting(t, stack); got != outputs["RoleArn"] || got == "" {
				t.Errorf("%s got %q, want %s", stack, got, outputs["RoleArn"])
			}
		}
		c.cdk(t, "examples/cdk-go", "destroy", "--app", "go run .", "--force", "ByReference", "ByName", "ByParameter")
		c.cdk(t, "examples/cdk-go", "destroy", "--app", "go run .", "--force", "Role")
	})
	c.cdk(t, "infra", "destroy", "--force")
	if got := a.left(t); got != boot {
		t.Errorf("left behind: %s, beside what bootstrapping made: %s", got, boot)
	}
}

// setting returns the value of the SSM parameter that a stack has.
func (a *account) setting(t *testing.T, stack string) string {
	t.Helper()
	resources, err := a.deployer.CloudFormation.DescribeStackResources(t.Context(),
		&cloudformation.DescribeStackResourcesInput{StackName: &stack})
	check(t, err)
	for _, r := range resources.StackResources {
		if aws.ToString(r.ResourceType) == "AWS::SSM::Parameter" {
			out, err := a.ssm.GetParameter(t.Context(), &ssm.GetParameterInput{Name: r.PhysicalResourceId})
			check(t, err)
			return aws.ToString(out.Parameter.Value)
		}
	}
	return ""
}

// The examples in other languages synthesise, and their roles are what the function takes.
func TestExamplesInOtherLanguages(t *testing.T) {
	t.Parallel()
	a := open(t, "100000000032")
	c := newCLI(t, a)
	packaged := filepath.Join(c.dir, "packaged.yaml")
	check(t, os.WriteFile(packaged, []byte(a.template), 0o644))
	modules := filepath.Join(c.root, ".tools", "cdk", "node_modules")
	for _, example := range []struct{ language, interpreter, suffix string }{
		{"typescript", filepath.Join(c.bin, "node"), ".ts"},
		{"python", filepath.Join(c.root, ".tools", "cdk", "python", "bin", "python"), ".py"},
	} {
		t.Run(example.language, func(t *testing.T) {
			// In a copy, beside the modules that npm installed.
			folder := filepath.Join(c.dir, example.language)
			check(t, os.CopyFS(folder, os.DirFS(filepath.Join(c.root, "examples", "cdk-"+example.language))))
			check(t, os.Symlink(modules, filepath.Join(folder, "node_modules")))
			out := filepath.Join(c.dir, example.language+".out")
			run := func(name string, arguments ...string) {
				t.Helper()
				command := exec.CommandContext(t.Context(), filepath.Join(c.bin, name), arguments...)
				command.Dir, command.Env = folder, c.environment("TEMPLATE="+packaged)
				text, err := command.CombinedOutput()
				if err != nil || strings.Contains(strings.ToLower(string(text)), "warning") {
					t.Fatalf("%s %v: %v\n%s", name, arguments, err, text)
				}
			}
			if example.language == "typescript" {
				run("tsc")
			}
			for _, app := range []string{"app", "included"} {
				run("cdk", "synth", "--quiet", "--app", example.interpreter+" "+app+example.suffix, "--output", filepath.Join(out, app))
			}
			for stack, want := range map[string]string{
				"app/ThroughServiceToken": `"Buckets":[{"Name":"my-training-data","Uses":["DatasetImport","BatchInference"]}]`,
				"included/Included":       `"Buckets":["my-training-data","more-data"]`,
				"app/Importing":           `"Fn::ImportValue":"personalize-role-RoleArn"`,
			} {
				text, err := os.ReadFile(filepath.Join(out, stack+".template.json"))
				check(t, err)
				var parsed any
				check(t, json.Unmarshal(text, &parsed))
				compact, err := json.Marshal(parsed)
				check(t, err)
				if !strings.Contains(string(compact), want) {
					t.Errorf("%s has no %s:\n%s", stack, want, text)
				}
			}
		})
	}
}
