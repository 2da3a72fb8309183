"""A role of its own, provisioned by the function of the deployed stack personalize-role; and the ARN of a role that is there already."""
import aws_cdk as cdk

app = cdk.App()

through = cdk.Stack(app, "ThroughServiceToken")
role = cdk.CustomResource(
    through,
    "PersonalizeRole",
    resource_type="Custom::PersonalizeServiceRole",
    service_token=cdk.Fn.import_value("personalize-role-ServiceToken"),
    # Longer than the function's own time with one retry.
    service_timeout=cdk.Duration.minutes(12),
    properties={
        # The stack of the function must name the bucket in AdditionalBucketNames.
        "Buckets": [{"Name": "my-training-data", "Uses": ["DatasetImport", "BatchInference"]}],
        "PersonalizeAccess": "None",
    },
)
cdk.CfnOutput(through, "RoleArn", value=role.get_att_string("RoleArn"), export_name="python-RoleArn")

importing = cdk.Stack(app, "Importing")
cdk.CfnOutput(importing, "Arn", value=cdk.Fn.import_value("personalize-role-RoleArn"))

app.synth()
