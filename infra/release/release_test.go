package release

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The same source produces the same bytes, and the sums are those of the files.
func TestMake(t *testing.T) {
	var made [2]Release
	for n := range made {
		var err error
		if made[n], err = Make(t.Context(), "../..", "my-releases", []string{"us-east-1", "eu-west-1"}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(made[0], made[1]); diff != "" {
		t.Errorf("two releases of one source differ:\n%s", diff)
	}
	var names []string
	sums := string(made[0].Files[len(made[0].Files)-1].Body)
	for _, f := range made[0].Files {
		names = append(names, f.Name)
		if f.Name != SumsName && !strings.Contains(sums, fmt.Sprintf("%x  %s\n", sha256.Sum256(f.Body), f.Name)) {
			t.Errorf("the sum of %s isn't in\n%s", f.Name, sums)
		}
	}
	if diff := cmp.Diff([]string{"function-arm64.zip", "function-x86_64.zip", "template.yaml", "launch.html", "SHA256SUMS"},
		names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, part := range []string{
		"      Code: {S3Bucket: !FindInMap [ReleaseBuckets, !Ref AWS::Region, Name], S3Key: !Sub 'personalize-role/" + made[0].Version +
			"/function-${Architecture}.zip'}\n",
		"\n    eu-west-1: {Name: my-releases-eu-west-1}\n    us-east-1: {Name: my-releases-us-east-1}\n\nConditions:\n",
	} {
		if template := made[0].Files[2].Body; !bytes.Contains(template, []byte(part)) {
			t.Errorf("the template doesn't say %s", part)
		}
	}
}

// roleplan of a release runs, where the machine is one of those that it is built for.
func TestPlan(t *testing.T) {
	tool, err := plan(t.Context(), "../..", runtime.GOOS, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	if want := "roleplan-" + runtime.GOOS + "-" + runtime.GOARCH; tool.Name != want {
		t.Errorf("it is called %s, want %s", tool.Name, want)
	}
	file := filepath.Join(t.TempDir(), tool.Name)
	if err := os.WriteFile(file, tool.Body, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(file, "-parameters", "BucketNames=my-data", "../../template.yaml").CombinedOutput(); err != nil ||
		!bytes.Contains(out, []byte("  + bucket policy my-data\n")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestQuickCreate(t *testing.T) {
	r := Release{Version: "1.2.3", Bucket: "my-releases"}
	for region, want := range map[string]string{
		"eu-west-1": "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/create/review?templateURL=" +
			"https%3A%2F%2Fmy-releases-eu-west-1.s3.eu-west-1.amazonaws.com%2Fpersonalize-role%2F1.2.3%2F" +
			"template.yaml&stackName=personalize-role" +
			"&param_BucketNames=a%2Cb%20c&param_PersonalizeAccess=None",
		"cn-north-1": "https://cn-north-1.console.amazonaws.cn/cloudformation/home?region=cn-north-1#/stacks/create/review?templateURL=" +
			"https%3A%2F%2Fmy-releases-cn-north-1.s3.cn-north-1.amazonaws.com.cn%2Fpersonalize-role%2F1.2.3%2F" +
			"template.yaml&stackName=personalize-role" +
			"&param_BucketNames=a%2Cb%20c&param_PersonalizeAccess=None",
	} {
		link := r.QuickCreate(region, "personalize-role", map[string]string{"PersonalizeAccess": "None", "BucketNames": "a,b c"})
		if diff := cmp.Diff(want, link); diff != "" {
			t.Errorf("%s: -want +got:\n%s", region, diff)
		}
		if _, err := url.Parse(link); err != nil {
			t.Error(err)
		}
		if badge := Badge(link); !strings.HasPrefix(badge, "[![Launch Stack](https://") || !strings.HasSuffix(badge, "("+link+")") {
			t.Errorf("badge %s", badge)
		}
	}
}

// Every character of a parameter arrives as it was given.
func TestQuickCreateKeepsParameters(t *testing.T) {
	want := map[string]string{"Description": "R&D = 100% + a/b?c#d:e@f$g;h,i \"j\" ü~", "BucketNames": "a,b"}
	link := Release{Version: "1.2.3", Bucket: "my-releases"}.QuickCreate("eu-west-1", "personalize-role", want)
	_, fragment, _ := strings.Cut(link, "#")
	_, query, _ := strings.Cut(fragment, "?")
	got := map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		// A form takes + for a space, and a path doesn't: both must read the same.
		asForm, err := url.QueryUnescape(value)
		asPath, pathErr := url.PathUnescape(value)
		if err != nil || pathErr != nil || asForm != asPath {
			t.Errorf("%s: %q or %q, %v, %v", name, asForm, asPath, err, pathErr)
		}
		if parameter, ok := strings.CutPrefix(name, "param_"); ok {
			got[parameter] = asForm
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
