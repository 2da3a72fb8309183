//go:build browser

package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"personalize-role/infra/deployer"
	"personalize-role/infra/parameters"
	"personalize-role/lambda/permissions"
)

// tab is a page in the browser.
type tab struct {
	*testing.T

	ctx      context.Context
	mutex    sync.Mutex
	requests []string
}

// action is one that returns nothing.
type action = chromedp.Action[chromedp.Void]

// command is an action of the protocol.
func command[P, R any](c cdp.Command[P, R], parameters P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, parameters)
		return err
	})
}

// open serves a page and opens it in a new tab.
func open(t *testing.T, values map[string]string, first ...action) *tab {
	t.Helper()
	opened := &tab{T: t}
	page := example(t, values)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		opened.mutex.Lock()
		opened.requests = append(opened.requests, r.Method+" "+r.URL.String())
		opened.mutex.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	}))
	t.Cleanup(server.Close)
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(cancel)
	opened.ctx, cancel = chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	opened.run(append(first, chromedp.Navigate(server.URL))...)
	return opened
}

func (t *tab) run(actions ...action) {
	t.Helper()
	if err := chromedp.Do(t.ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval returns what a script returns, or the value of the promise that it returns.
func eval[T any](t *tab, script string) T {
	t.Helper()
	got, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%v\n%s", err, script)
	}
	return got
}

// set types a value, as a person does who replaces what is there.
func (t *tab) set(id, value string) {
	t.Helper()
	eval[bool](t, fmt.Sprintf(`(() => { const e = document.getElementById(%q); e.value = %s;
		e.dispatchEvent(new Event("input", {bubbles: true})); return true; })()`, id, quoted(value)))
}

func (t *tab) text(id string) string {
	t.Helper()
	return eval[string](t, fmt.Sprintf(`document.getElementById(%q).textContent`, id))
}

// href is the address that the button leads to; empty if it leads nowhere.
func (t *tab) href() string {
	t.Helper()
	return eval[string](t, `document.getElementById("launch").getAttribute("href") ?? ""`)
}

func quoted(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // a string
	}
	return string(text)
}

// parametersOf returns the parameters of a link.
func parametersOf(t *testing.T, link string) map[string]string {
	t.Helper()
	_, query, _ := strings.Cut(link, "#/stacks/create/review?")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, value := range values {
		got[name] = value[0]
	}
	return got
}

// valid and invalid have a value for every parameter that is no choice.
var valid = map[string]string{
	"BucketNames": "my-data,more-data", "Uses": "DatasetImport,BatchInference",
	"KmsKeyArns":          "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	"PermissionsBoundary": "arn:aws:iam::123456789012:policy/B", "SourceRegions": "eu-west-1,us-east-1", "MaxSessionDuration": "7200",
	"RoleName": "a,b+c=d@e", "Path": "/ml/", "PolicyName": "P", "Description": "50 % of a & b = \"c\" + 'd' (e)! *\n#ü?",
	"RoleArnParameterName":    "/a/b",
	"PropagationDelaySeconds": "0", "Revision": "2; drop", "LogKmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/0b3c",
	"AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms", "FunctionRolePath": "/f/", "RequiredBoundary": "policy/Ceiling",
	"FunctionPermissionsBoundary": "policy/F", "AdditionalRoleNames": "Team-*,Other", "AdditionalPolicyNames": "Team-*",
	"AdditionalBucketNames": "team-*", "AdditionalKmsKeyArns": "arn:aws:kms:*:123456789012:key/*",
}

var invalid = map[string]string{
	"BucketNames": "192.168.0.1", "Uses": "Read", "KmsKeyArns": "alias/data", "PermissionsBoundary": "B", "SourceRegions": "Europe",
	"MaxSessionDuration": "3600.5", "RoleName": "a b", "Path": "ml", "PolicyName": "a/b", "Description": "€", "RoleArnParameterName": "/aws/x",
	"PropagationDelaySeconds": "241", "Revision": strings.Repeat("x", 257), "LogKmsKeyArn": "key", "AlarmTopicArn": "alarms",
	"FunctionRolePath": "f", "RequiredBoundary": "Ceiling", "FunctionPermissionsBoundary": "F", "AdditionalRoleNames": "a,,b",
	"AdditionalPolicyNames": "a/b", "AdditionalBucketNames": "arn:aws:s3:::x", "AdditionalKmsKeyArns": "*",
}

// Every parameter gets into the link and into the command as it was typed, alone and with all others; its default gets into neither.
func TestEveryParameter(t *testing.T) {
	page := open(t, nil)
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	base := map[string]string{"templateURL": region("eu-west-1", "aws", "amazonaws.com", "").TemplateURL, "stackName": "recs"}
	if diff := cmp.Diff(base, parametersOf(t, page.href())); diff != "" {
		t.Errorf("defaults: -want +got:\n%s", diff)
	}
	all := map[string]string{}
	for name, value := range base {
		all[name] = value
	}
	for _, p := range template.All() {
		value, ok := valid[p.Name]
		if len(p.AllowedValues) > 0 {
			// The last choice that is no default.
			for _, choice := range p.AllowedValues {
				if choice != *p.Default {
					value, ok = choice, true
				}
			}
		}
		if p.Name == "SourceConditions" {
			// Off, it allows no Regions.
			continue
		}
		if !ok || value == *p.Default {
			t.Errorf("no value for %s", p.Name)
			continue
		}
		page.set(p.Name, value)
		all["param_"+p.Name] = value
		if fault := page.text(p.Name + "-fault"); fault != "" {
			t.Errorf("%s %q: %s", p.Name, value, fault)
		}
		if p.Name != "AdoptExistingRole" && page.href() == "" {
			t.Errorf("%s %q: %s", p.Name, value, page.text("faults"))
		}
	}
	if diff := cmp.Diff(all, parametersOf(t, page.href())); diff != "" {
		t.Errorf("link: -want +got:\n%s", diff)
	}
	if link := page.text("link"); link != page.href() {
		t.Errorf("the button leads to %s, and the link is %s", page.href(), link)
	}
	checkCommand(t, page.text("command"), all)
	for _, p := range template.All() {
		page.set(p.Name, *p.Default)
	}
	if diff := cmp.Diff(base, parametersOf(t, page.href())); diff != "" {
		t.Errorf("defaults again: -want +got:\n%s", diff)
	}
}

// checkCommand runs the command with a shell, in which aws is a function that tells its arguments.
func checkCommand(t *testing.T, command string, want map[string]string) {
	t.Helper()
	out, err := exec.Command("sh", "-euc", `aws() { for word in "$@"; do printf '%s\036' "$word"; done; }`+"\n"+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, command, out)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\036"), "\036")
	start := []string{"cloudformation", "create-stack", "--region", "eu-west-1", "--stack-name", want["stackName"], "--template-url",
		want["templateURL"], "--capabilities", "CAPABILITY_IAM", "--parameters"}
	if len(words) != len(start)+1 {
		t.Fatalf("command: %q", words)
	}
	if diff := cmp.Diff(start, words[:len(start)]); diff != "" {
		t.Errorf("command: -want +got:\n%s", diff)
	}
	var list []struct{ ParameterKey, ParameterValue string }
	if err := json.Unmarshal([]byte(words[len(start)]), &list); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{"templateURL": want["templateURL"], "stackName": want["stackName"]}
	for _, p := range list {
		got["param_"+p.ParameterKey] = p.ParameterValue
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("command: -want +got:\n%s", diff)
	}
}

// What the template would refuse is said beside the field, in the template's words, and can't be launched.
func TestRefusals(t *testing.T) {
	page := open(t, nil)
	template, err := parameters.OfProject()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range template.All() {
		if len(p.AllowedValues) > 0 {
			continue
		}
		page.set(p.Name, invalid[p.Name])
		fault := page.text(p.Name + "-fault")
		want := p.Fault(invalid[p.Name])
		if want == "" || !strings.EqualFold(fault, want+".") {
			t.Errorf("%s %q: got %q, want %q", p.Name, invalid[p.Name], fault, want)
		}
		if page.href() != "" || page.text("faults") != "One value is wrong. Correct it to launch." ||
			eval[string](page, fmt.Sprintf(`document.getElementById(%q).getAttribute("aria-invalid")`, p.Name)) != "true" ||
			!eval[bool](page, fmt.Sprintf(`document.getElementById(%q).checkVisibility()`, p.Name+"-fault")) {
			t.Errorf("%s %q can be launched: %s", p.Name, invalid[p.Name], page.text("faults"))
		}
		page.set(p.Name, *p.Default)
		if page.href() == "" {
			t.Errorf("%s: the default can't be launched: %s", p.Name, page.text("faults"))
		}
	}
	for _, c := range []struct {
		values map[string]string
		want   string
	}{
		{map[string]string{"stack": "rec_s"}, "One value is wrong. Correct it to launch."},
		{map[string]string{"stack": "rec_s", "Path": "x"}, "2 values are wrong. Correct them to launch."},
		{map[string]string{"AdoptExistingRole": "true"}, "AdoptExistingRole needs RoleName, the name of the role to adopt."},
		{map[string]string{"SourceConditions": "false", "SourceRegions": "*"}, "SourceRegions has no effect while SourceConditions is false; " +
			"leave one of them out."},
		{map[string]string{"SourceConditions": "false"}, ""},
	} {
		before := map[string]string{"stack": "recs"}
		for name, value := range c.values {
			if p := template.Find(name); p != nil {
				before[name] = *p.Default
			}
			page.set(name, value)
		}
		if got := page.text("faults"); got != c.want || (page.href() == "") != (c.want != "") {
			t.Errorf("%v: got %q, want %q", c.values, got, c.want)
		}
		for name, value := range before {
			page.set(name, value)
		}
	}
}

// The policy is that of the deployer, with the names filled in, and without what only other parameters need.
func TestPolicy(t *testing.T) {
	page := open(t, nil)
	page.set("account", "999999999999")
	page.set("stack", "mine")
	statements := func(scope deployer.Scope, without ...string) string {
		var kept []permissions.Statement
		for _, s := range deployer.Statements(scope) {
			if !strings.Contains(strings.Join(without, " "), s.Sid) {
				kept = append(kept, s)
			}
		}
		return permissions.Document(kept)
	}
	scope := deployer.Scope{Partition: "aws", Region: "eu-west-1", AccountID: "999999999999", Stack: "mine",
		Release: region("eu-west-1", "aws", "", "").Release, Parameter: "ml/role"}
	check := func(want string) {
		t.Helper()
		if diff := cmp.Diff(want, page.text("policy")); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	check(statements(scope, "Alarms", "RoleArnParameter"))
	page.set("RoleArnParameterName", "/ml/role")
	page.set("AlarmTopicArn", valid["AlarmTopicArn"])
	check(statements(scope))
	page.set("FunctionPermissionsBoundary", "policy/F")
	scope.Boundary = "arn:aws:iam::999999999999:policy/F"
	check(statements(scope))
	page.set("region", "cn-north-1")
	scope.Partition, scope.Region, scope.Boundary = "aws-cn", "cn-north-1", "arn:aws-cn:iam::999999999999:policy/F"
	scope.Release = region("cn-north-1", "aws-cn", "", "").Release
	check(statements(scope))
	page.set("account", "1")
	if got := page.text("account-fault"); got != "Must have 12 digits." {
		t.Errorf("got %q", got)
	}
}

func TestCopy(t *testing.T) {
	page := open(t, nil)
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		if _, err := chromedp.CallBrowser(page.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"link", "command", "policy"} {
		eval[bool](page, `(() => { document.getElementById("copied").textContent = ""; return true; })()`)
		page.run(chromedp.Click(`[data-copy="` + id + `"]`))
		if _, err := chromedp.Run(page.ctx, chromedp.Poll[bool](`document.getElementById("copied").textContent !== ""`)); err != nil {
			t.Fatal(err)
		}
		if got := eval[string](page, `navigator.clipboard.readText()`); got != page.text(id) || page.text("copied") != "Copied." {
			t.Errorf("%s: %q, copied %q", id, page.text("copied"), got)
		}
	}
}

// By the keyboard alone: the first stop is the Region, and every field, button and the link follow.
func TestKeyboard(t *testing.T) {
	page := open(t, nil)
	var stops []string
	for range 80 {
		page.run(chromedp.KeyEvent("\t"))
		stop := eval[string](page, `(() => { const e = document.activeElement;
			return e.id || e.dataset.copy || e.tagName.toLowerCase(); })()`)
		if stop == "body" {
			break
		}
		stops = append(stops, stop)
	}
	got := strings.Join(stops, " ")
	if !strings.HasPrefix(got, "region stack summary BucketNames Uses KmsKeyArns ManageKeyPolicies summary PersonalizeAccess") ||
		!strings.HasSuffix(got, "summary launch link link command command account policy policy") {
		t.Errorf("stops: %s", got)
	}
}

// The text is readable in both themes, and nothing is cut off on a narrow screen.
func TestThemesAndWidths(t *testing.T) {
	page := open(t, nil)
	var before string
	for _, theme := range []string{"light", "dark"} {
		page.run(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}}))
		page.set("Path", "wrong")
		for _, selector := range []string{"body", ".hint", "label", "#Path-fault", "#policy", "button", ".button", "a"} {
			if ratio := contrast(t, page, selector); ratio < 4.5 {
				t.Errorf("%s, %s: contrast of %.1f", theme, selector, ratio)
			}
		}
		page.set("Path", "/")
		if ratio := contrast(t, page, ".button"); ratio < 4.5 {
			t.Errorf("%s, the button: contrast of %.1f", theme, ratio)
		}
		background := eval[string](page, `getComputedStyle(document.body).backgroundColor`)
		if background == before {
			t.Errorf("%s: the background is %s in both themes", theme, background)
		}
		before = background
	}
	for _, width := range []int64{360, 768, 1280} {
		page.run(chromedp.EmulateViewport(width, 800))
		eval[bool](page, `(() => { for (const d of document.querySelectorAll("details")) { d.open = true; } return true; })()`)
		if got := eval[int64](page, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d pixels the page is %d wide", width, got)
		}
	}
}

// contrast is that of a text against what is behind it, after https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
func contrast(t *testing.T, page *tab, selector string) float64 {
	t.Helper()
	return eval[float64](page, fmt.Sprintf(`(() => {
		const numbers = (color) => color.match(/[\d.]+/g).map(Number);
		const luminance = (color) => {
			const [r, g, b] = numbers(color).map((n) => { n /= 255; return n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4; });
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const e = document.querySelector(%s);
		let behind = e;
		while ((numbers(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) { behind = behind.parentElement; }
		const [a, b] = [luminance(getComputedStyle(e).color), luminance(getComputedStyle(behind).backgroundColor)];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	})()`, strconv.Quote(selector)))
}

// Without JavaScript, there is a plain link for each Region, and nothing that would do nothing.
func TestWithoutJavaScript(t *testing.T) {
	page := open(t, nil, command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	visible := eval[[]string](page, `[...document.querySelectorAll("a[href], form, button")].filter((e) => e.checkVisibility())
		.map((e) => e.getAttribute("href") ?? e.tagName)`)
	want := []string{region("eu-west-1", "aws", "amazonaws.com", "console.aws.amazon.com").Link,
		region("cn-north-1", "aws-cn", "amazonaws.com.cn", "console.amazonaws.cn").Link}
	if diff := cmp.Diff(want, visible); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Values that a publisher filled in are there at first, and nothing is sent anywhere while a person types.
func TestNothingLeavesThePage(t *testing.T) {
	page := open(t, map[string]string{"PersonalizeAccess": "PersonalizeOnly", "Description": `</textarea><script>fetch("/leak")</script>`})
	if got := parametersOf(t, page.href())["param_PersonalizeAccess"]; got != "PersonalizeOnly" {
		t.Errorf("PersonalizeAccess %q", got)
	}
	page.set("BucketNames", "my-secret-data")
	// The policy of the page refuses what would be sent, and scripts and styles that are not the page's own.
	refused := eval[[]string](page, `(() => {
		const seen = [];
		document.addEventListener("securitypolicyviolation", (e) => seen.push(e.effectiveDirective));
		const add = (tag, set) => { const e = document.createElement(tag); set(e); document.body.append(e); };
		add("img", (e) => { e.src = "/leak?my-secret-data"; });
		add("script", (e) => { e.textContent = "fetch('/leak')"; });
		add("style", (e) => { e.textContent = "body { background: url(/leak) }"; });
		fetch("/leak").catch(() => {});
		return new Promise((done) => setTimeout(() => done(seen.sort()), 200));
	})()`)
	if diff := cmp.Diff([]string{"connect-src", "img-src", "script-src-elem", "style-src-elem"}, refused); diff != "" {
		t.Errorf("refused: -want +got:\n%s", diff)
	}
	page.mutex.Lock()
	defer page.mutex.Unlock()
	for _, request := range page.requests {
		if request != "GET /" && request != "GET /favicon.ico" {
			t.Errorf("requested %s", request)
		}
	}
}
