package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"
)

// checkBestPractices has cdk-nag check the app against AWS Solutions' rules. What it would find and is meant stands here, with
// the reason.
func checkBestPractices(app awscdk.App, stack awscdk.Stack) {
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Verbose: jsii.Bool(true)}), nil)
	cdknag.NagSuppressions_AddStackSuppressions(stack, &[]*cdknag.NagPackSuppression{
		{
			Id: jsii.String("AwsSolutions-IAM5"),
			Reason: jsii.String("The function may change only roles and policies that carry its ownership tag, by the prefix of derived names; " +
				"reading takes any name, since what a name stands for must be told apart before it is touched. Those who operate Personalize may do " +
				"all in Personalize, as its set-up page says, and pass it this role only"),
		},
	}, nil)
}
