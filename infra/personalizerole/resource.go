package personalizerole

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"personalize-role/lambda/properties"
)

// serviceTimeout is how long CloudFormation waits for an answer, in seconds: the function's own time, and one retry of Lambda's
// after a minute.
const serviceTimeout = 720

// taggedResource is the custom resource. CDK's own CustomResource supports neither tags nor a boundary. Aspects treat this resource as a
// role.
type taggedResource struct {
	awscdk.CfnResource
	tags awscdk.TagManager
	// overrides are the properties that aspects set.
	overrides map[string]any
}

// AddPropertyOverride is what CDK's aspects for boundaries call.
func (r *taggedResource) AddPropertyOverride(path *string, value any) {
	if r.overrides == nil {
		r.overrides = map[string]any{}
	}
	r.overrides[*path] = value
	r.CfnResource.AddPropertyOverride(path, value)
}

// Tags makes the resource an awscdk.ITaggable.
func (r *taggedResource) Tags() awscdk.TagManager { return r.tags }

// newTaggedResource adds a resource whose properties are asked for at synthesis, when all buckets and tags are there.
func newTaggedResource(scope constructs.Construct, id string, serviceToken *string, all func() map[string]any) *taggedResource {
	r := &taggedResource{tags: awscdk.NewTagManager(awscdk.TagType_KEY_VALUE, jsii.String(properties.ResourceType), nil,
		&awscdk.TagManagerOptions{TagPropertyName: jsii.String(properties.NameTags)})}
	props := map[string]any{"ServiceToken": serviceToken, "ServiceTimeout": serviceTimeout}
	for _, name := range properties.Names() {
		// CDK itself adds the tags.
		if name != properties.NameTags {
			props[name] = lazy(func() any { return all()[name] })
		}
	}
	// To aspects it is a role, so that those which bound every role bound this one: the property has the same name.
	awscdk.NewCfnResource_Override(r, scope, &id, &awscdk.CfnResourceProps{Type: jsii.String("AWS::IAM::Role"), Properties: &props})
	r.AddOverride(jsii.String("Type"), properties.ResourceType)
	return r
}

// tagList returns the tags in the form of the property.
func (r *taggedResource) tagList() []any {
	var list []any
	for _, key := range slices.Sorted(maps.Keys(*r.tags.TagValues())) {
		list = append(list, map[string]any{"Key": key, "Value": *(*r.tags.TagValues())[key]})
	}
	return list
}

// producer computes a value at synthesis.
type producer struct{ produce func() any }

// Produce is what CDK calls.
func (p *producer) Produce() any { return p.produce() }

func lazy(produce func() any) awscdk.IResolvable { return awscdk.Lazy_Any(&producer{produce}, nil) }

// textProducer computes a text at synthesis.
type textProducer struct{ produce func() *string }

// Produce is what CDK calls; nil leaves the text out.
func (p *textProducer) Produce() *string { return p.produce() }

func lazyText(produce func() *string) *string { return awscdk.Lazy_String(&textProducer{produce}, nil) }

// volatileText computes a text each time that it is asked for.
type volatileText struct{ produce func() *string }

// Produce is what CDK calls.
func (v *volatileText) Produce(awscdk.IResolveContext) *string { return v.produce() }
