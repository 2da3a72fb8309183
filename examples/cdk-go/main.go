package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	build(app, nil)
	app.Synth(nil)
}

// build adds the stacks; zip is a prebuilt function, or nil to build it.
func build(app awscdk.App, zip *string) {
	role := newRoleStack(app, zip)
	newByReference(app, role)
	newByName(app)
	newByParameter(app)
	newRecommender(app, zip)
}
