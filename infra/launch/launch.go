package launch

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"personalize-role/infra/deployer"
	"personalize-role/infra/parameters"
	"personalize-role/lambda/permissions"
)

var (
	//go:embed page.html
	markup string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

// Capability is what CloudFormation asks for: the template creates IAM resources, to which it gives no names. See
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html
const Capability = "CAPABILITY_IAM"

// Region is one that the release was published to.
type Region struct {
	Name string `json:"name"`
	// TemplateURL is where CloudFormation finds the template there, and Console the start of the console's addresses.
	TemplateURL string `json:"templateURL"`
	Console     string `json:"console"`
	// Partition is that of the Region's ARNs, and Release the ARN of the objects of the release.
	Partition string `json:"partition"`
	Release   string `json:"release"`
	// Link creates the stack with the defaults.
	Link string `json:"-"`
}

// Page is what a page is made of.
type Page struct {
	Version  string
	Stack    string
	Template parameters.Template
	Regions  []Region
	// Values are set in place of the template's defaults.
	Values map[string]string
}

// field is a parameter as the page shows it.
type field struct {
	parameters.Parameter

	Value string
}

// Select reports whether the field is a choice.
func (f field) Select() bool { return len(f.AllowedValues) > 0 }

// Long reports whether the field may have several lines.
func (f field) Long() bool { return f.MaxLength != nil && *f.MaxLength >= 1000 }

// Hint is the parameter's description as a sentence.
func (f field) Hint() string { return strings.TrimSuffix(f.Description, ".") + "." }

type group struct {
	Label  string
	Fields []field
}

// placeholders stand in the policy for what the page fills in.
const (
	placeholderAccount   = "ACCOUNT_ID"
	placeholderBoundary  = "FUNCTION_BOUNDARY"
	placeholderParameter = "PARAMETER_NAME"
	placeholderPartition = "PARTITION"
	placeholderRegion    = "REGION_NAME"
	placeholderRelease   = "RELEASE_ARN"
	placeholderStack     = "STACK_NAME"
)

// policies are what a person needs to deploy, without and with a boundary of the function's role, with placeholders.
func policies() (unbounded, bounded json.RawMessage) {
	scope := deployer.Scope{
		Partition: placeholderPartition, Region: placeholderRegion, AccountID: placeholderAccount, Stack: placeholderStack,
		Release: placeholderRelease, Parameter: placeholderParameter,
	}
	unbounded = json.RawMessage(permissions.Document(deployer.Statements(scope)))
	scope.Boundary = placeholderBoundary
	return unbounded, json.RawMessage(permissions.Document(deployer.Statements(scope)))
}

// data is what the script of the page reads.
type data struct {
	Regions    []Region            `json:"regions"`
	Defaults   map[string]string   `json:"defaults"`
	Patterns   map[string]string   `json:"patterns"`
	Messages   map[string]string   `json:"messages"`
	MaxLengths map[string]int      `json:"maxLengths"`
	Rules      []parameters.Rule   `json:"rules"`
	Policy     json.RawMessage     `json:"policy"`
	Bounded    json.RawMessage     `json:"bounded"`
	Optional   map[string][]string `json:"optional"`
	Capability string              `json:"capability"`
	StackName  string              `json:"stackName"`
}

// Make returns the page. The same input produces the same bytes.
func Make(p Page) ([]byte, error) {
	d := data{
		Regions: p.Regions, Defaults: map[string]string{}, Patterns: map[string]string{}, Messages: map[string]string{},
		MaxLengths: map[string]int{}, Rules: p.Template.Rules(), Capability: Capability, StackName: parameters.StackNamePattern,
		// Statements that only some parameters need.
		Optional: map[string][]string{"AlarmTopicArn": {"Alarms"}, "DriftCheckSchedule": {"DriftChecks"},
			"RoleArnParameterName": {"RoleArnParameter"}},
	}
	d.Policy, d.Bounded = policies()
	var groups []group
	for _, g := range p.Template.Groups {
		shown := group{Label: g.Label}
		for _, parameter := range g.Parameters {
			name := parameter.Name
			if parameter.Default != nil {
				d.Defaults[name] = *parameter.Default
			}
			value, given := p.Values[name]
			if !given {
				value = d.Defaults[name]
			}
			if parameter.AllowedPattern != "" {
				d.Patterns[name] = parameter.AllowedPattern
			}
			if parameter.MaxLength != nil {
				d.MaxLengths[name] = *parameter.MaxLength
			}
			d.Messages[name] = parameter.ConstraintDescription
			shown.Fields = append(shown.Fields, field{parameter, value})
		}
		groups = append(groups, shown)
	}
	parsed, err := template.New("page").Parse(markup)
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	err = parsed.Execute(&page, map[string]any{
		"Version": p.Version, "Stack": p.Stack, "Groups": groups, "Regions": p.Regions, "Capability": Capability, "Data": d,
		"Style": template.CSS(style), "Script": template.JS(script), //nolint:gosec // They are files of this package.
		"Security": security(),
	})
	return page.Bytes(), err
}

// security is the content security policy: the page's own style and script, and nothing from anywhere. See
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP
func security() string {
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'", hash(style), hash(script))
}
