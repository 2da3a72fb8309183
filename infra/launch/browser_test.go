//go:build browser

package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	check(statements(scope, "Alarms", "DriftChecks", "RoleArnParameter"))
	page.set("RoleArnParameterName", "/ml/role")
	page.set("AlarmTopicArn", valid["AlarmTopicArn"])
	page.set("DriftCheckSchedule", valid["DriftCheckSchedule"])
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
		return new Promise((done) => {
			const started = Date.now();
			const look = () => seen.length >= 4 || Date.now() - started > 20000 ? done(seen.sort()) : setTimeout(look, 20);
			look();
		});
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
