package launch

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"personalize-role/infra/parameters"
)

// example is a page of two Regions, in two partitions.
func example(t *testing.T, values map[string]string) []byte {
	t.Helper()
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	page, err := Make(Page{Version: "1.2.3", Stack: "recs", Template: template, Values: values, Regions: []Region{
		region("eu-west-1", "aws", "amazonaws.com", "console.aws.amazon.com"),
		region("cn-north-1", "aws-cn", "amazonaws.com.cn", "console.amazonaws.cn"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func region(name, partition, services, console string) Region {
	r := Region{
		Name: name, Partition: partition, Release: "arn:" + partition + ":s3:::releases-" + name + "/personalize-role/1.2.3/*",
		TemplateURL: "https://releases-" + name + ".s3." + name + "." + services + "/personalize-role/1.2.3/template.yaml",
		Console:     "https://" + name + "." + console + "/cloudformation/home?region=" + name + "#/stacks/create/review?",
	}
	r.Link = r.Console + "templateURL=x&stackName=recs"
	return r
}

// The page is one file: it refers to nothing but the console, in links, and is the same each time.
func TestMake(t *testing.T) {
	page := example(t, map[string]string{"RoleName": `"><script>alert(1)</script>`})
	if !bytes.Equal(page, example(t, map[string]string{"RoleName": `"><script>alert(1)</script>`})) {
		t.Error("another page from the same input")
	}
	if bytes.Contains(page, []byte("<script>alert(1)")) {
		t.Error("a value is taken for markup")
	}
	for _, m := range regexp.MustCompile(`(?i)\b(src|href|action)="([^"]*)"|url\(|@import`).FindAllStringSubmatch(string(page), -1) {
		if m[1] != "href" || !strings.HasPrefix(m[2], "https://") || !strings.Contains(m[2], ".console.") {
			t.Errorf("refers to %s", m[0])
		}
	}
	if n := len(page); n > 64<<10 {
		t.Errorf("%d bytes", n)
	}
}

// CloudFormation asks for CAPABILITY_NAMED_IAM only if IAM resources have names.
func TestCapability(t *testing.T) {
	text, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string               `yaml:"Type"`
			Properties map[string]yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	found := 0
	for id, r := range template.Resources {
		if !strings.HasPrefix(r.Type, "AWS::IAM::") {
			continue
		}
		found++
		for _, name := range []string{"RoleName", "ManagedPolicyName", "UserName", "GroupName", "InstanceProfileName"} {
			if _, named := r.Properties[name]; named {
				t.Errorf("%s has a %s", id, name)
			}
		}
	}
	if found == 0 {
		t.Error("no IAM resources")
	}
}
