package release

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// QuickCreate is the link to the console's page that creates a stack of the release by one click, with its parameters filled in.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html
func (r Release) QuickCreate(region, stack string, parameters map[string]string) string {
	query := consoleOf(region) + "templateURL=" + escape(r.TemplateURL(region)) + "&stackName=" + escape(stack)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		query += "&param_" + escape(name) + "=" + escape(parameters[name])
	}
	return query
}

// consoleOf is the start of the addresses at which the console of a Region creates stacks.
func consoleOf(region string) string {
	return "https://" + region + "." + domainOf(region).console + "/cloudformation/home?region=" + region + "#/stacks/create/review?"
}

// escape leaves no character that separates parameters, and none that means a space: whether the console reads the fragment as a
// form isn't documented.
func escape(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// Badge is a link as a picture, in Markdown.
func Badge(link string) string {
	return "[![Launch Stack](https://s3.amazonaws.com/cloudformation-examples/cloudformation-launch-stack.png)](" + link + ")"
}
