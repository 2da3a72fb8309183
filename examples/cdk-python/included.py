"""The whole template, function included, as `make package BUCKET=...` writes it to dist/packaged.yaml."""
import os

import aws_cdk as cdk
from aws_cdk import cloudformation_include

app = cdk.App()
stack = cdk.Stack(app, "Included")
template = cloudformation_include.CfnInclude(
    stack,
    "Template",
    template_file=os.environ.get("TEMPLATE", "../../dist/packaged.yaml"),
    parameters={"BucketNames": "my-training-data,more-data"},
)
# The CDK checks conditional values as if every condition were true, but a parameter that is left out is empty.
for rule in ("W1030", "W8003", "F3031", "F3033"):
    cdk.Validations.of(stack).acknowledge(
        cdk.Acknowledgment(id="CloudFormation-Validate::" + rule, reason="a parameter that is left out is empty")
    )
# The input of the drift check has more combinations of parameters than the CDK tries.
cdk.Validations.of(stack).acknowledge(
    cdk.Acknowledgment(id="CloudFormation-Validate::W9052", reason="the input of a rule has many combinations")
)
cdk.CfnOutput(stack, "Arn", value=template.get_resource("ServiceRole").get_att("RoleArn").to_string())

app.synth()
