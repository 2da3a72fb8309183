package release

import (
	"maps"
	"net/url"
	"slices"
)

// QuickCreate is the link to the console's page that creates a stack of the release by one click, with its parameters filled in.
// See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stacks-quick-create-links.html
func (r Release) QuickCreate(region, stack string, parameters map[string]string) string {
	query := "templateURL=" + url.QueryEscape(r.TemplateURL(region)) + "&stackName=" + url.QueryEscape(stack)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		query += "&param_" + url.QueryEscape(name) + "=" + url.PathEscape(parameters[name])
	}
	return "https://" + region + "." + domainOf(region).console + "/cloudformation/home?region=" + region + "#/stacks/quickcreate?" + query
}

// Badge is a link as a picture, in Markdown.
func Badge(link string) string {
	return "[![Launch Stack](https://s3.amazonaws.com/cloudformation-examples/cloudformation-launch-stack.png)](" + link + ")"
}
