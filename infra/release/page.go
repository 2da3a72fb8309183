package release

import (
	"personalize-role/infra/launch"
	"personalize-role/infra/parameters"
)

// DefaultStack is the name of the stack that links and the page create unless they are told another one.
const DefaultStack = "personalize-role"

// Page returns the page that launches the release in one of the Regions, with values of parameters filled in.
func (r Release) Page(template parameters.Template, regions []string, stack string, values map[string]string) ([]byte, error) {
	p := launch.Page{Version: r.Version, Stack: stack, Template: template, Values: values}
	for _, region := range regions {
		partition := domainOf(region).partition
		p.Regions = append(p.Regions, launch.Region{
			Name: region, TemplateURL: r.TemplateURL(region), Console: consoleOf(region), Link: r.QuickCreate(region, stack, values),
			Partition: partition, Release: "arn:" + partition + ":s3:::" + r.BucketIn(region) + "/" + r.Key("*"),
		})
	}
	return launch.Make(p)
}
