"""Provisions the role as a Python function of the usual kind does: on crhelper and boto3, one call after the other."""

import json

import boto3
from crhelper import CfnResource

helper = CfnResource(log_level="INFO", boto_level="CRITICAL", sleep_on_delete=0)
iam = boto3.client("iam")
s3 = boto3.client("s3")

FULL_ACCESS = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"


def handler(event, context):
    helper(event, context)


def names(event):
    account = event["StackId"].split(":")[4]
    name = "PersonalizeRole-" + event["LogicalResourceId"]
    return account, name, f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:policy/{name}"


@helper.create
def create(event, _):
    account, name, role_arn, policy_arn = names(event)
    buckets = event["ResourceProperties"].get("Buckets", [])
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(account))
    iam.create_policy(PolicyName=name, PolicyDocument=access(buckets))
    for arn in (FULL_ACCESS, policy_arn):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    for bucket in buckets:
        merge(bucket, name, True)
    helper.Data["RoleArn"] = role_arn
    return role_arn


@helper.update
def update(event, _):
    account, name, role_arn, policy_arn = names(event)
    buckets = event["ResourceProperties"].get("Buckets", [])
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(account))
    versions = iam.list_policy_versions(PolicyArn=policy_arn)["Versions"]
    if len(versions) == 5:
        iam.delete_policy_version(PolicyArn=policy_arn, VersionId=versions[-1]["VersionId"])
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=access(buckets), SetAsDefault=True)
    for bucket in buckets:
        merge(bucket, name, True)
    for bucket in event["OldResourceProperties"].get("Buckets", []):
        if bucket not in buckets:
            merge(bucket, name, False)
    helper.Data["RoleArn"] = role_arn
    return role_arn


@helper.delete
def delete(event, _):
    _, name, _, policy_arn = names(event)
    for bucket in event["ResourceProperties"].get("Buckets", []):
        merge(bucket, name, False)
    for arn in (FULL_ACCESS, policy_arn):
        iam.detach_role_policy(RoleName=name, PolicyArn=arn)
    for version in iam.list_policy_versions(PolicyArn=policy_arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=policy_arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=policy_arn)
    iam.delete_role(RoleName=name)


def merge(bucket, name, wanted):
    """Reads a bucket's policy, and writes it with the statement or without."""
    try:
        document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucketPolicy":
            raise
        document = {"Version": "2012-10-17", "Statement": []}
    sid = name.replace("-", "")
    statements = [s for s in document["Statement"] if s.get("Sid") != sid]
    if wanted:
        statements.append({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        })
    if not statements:
        s3.delete_bucket_policy(Bucket=bucket)
        return
    document["Statement"] = statements
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))


def trust(account):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }]})


def access(buckets):
    return json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn for b in buckets for arn in (f"arn:aws:s3:::{b}", f"arn:aws:s3:::{b}/*")],
    }]})
