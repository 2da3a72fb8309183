"""Two ways to the service role from Python: through the function that is deployed already, and by including template.yaml."""
import os

import aws_cdk as cdk
from aws_cdk import cloudformation_include

app = cdk.App()

# A role of its own, provisioned by the function of stack personalize-role.
through = cdk.Stack(app, "ThroughServiceToken")
role = cdk.CustomResource(
    through,
    "PersonalizeRole",
    resource_type="Custom::PersonalizeServiceRole",
    service_token=cdk.Fn.import_value("personalize-role-ServiceToken"),
    properties={
        "Buckets": [{"Name": "my-training-data", "Uses": ["DatasetImport", "BatchInference"]}],
        "PersonalizeAccess": "None",
    },
)
cdk.CfnOutput(through, "RoleArn", value=role.get_att_string("RoleArn"), export_name="python-RoleArn")

# The whole template, as `make package BUCKET=...` writes it.
included = cdk.Stack(app, "Included")
template = cloudformation_include.CfnInclude(
    included,
    "Template",
    template_file=os.environ.get("TEMPLATE", "../../dist/packaged.yaml"),
    parameters={"BucketNames": ["my-training-data"]},
)
cdk.CfnOutput(included, "Arn", value=template.get_resource("ServiceRole").get_att("RoleArn").to_string())

# And the ARN of a role that is there already.
importing = cdk.Stack(app, "Importing")
cdk.CfnOutput(importing, "Arn", value=cdk.Fn.import_value("personalize-role-RoleArn"))

app.synth()
