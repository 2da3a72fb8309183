"""KMS, where MiniStack answers otherwise than AWS does.

An operation on a key is authorised by the key's ARN, by whichever name the request calls it:
https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
Condition keys: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""
import json

from ministack.core import iam_actions
from ministack.services import kms

original_arn = iam_actions.extract_resource_arn

# Those that are about the alias itself as well.
ABOUT_ALIASES = "CreateAlias", "DeleteAlias", "UpdateAlias"


def extract_resource_arn(service, method, path, headers, body, params, region, account):
    arn = original_arn(service, method, path, headers, body, params, region, account)
    if service == "kms" and ":alias/" in (arn or "") and not headers.get("x-amz-target", "").endswith(ABOUT_ALIASES):
        key = kms._resolve_key(arn)
        return key["Arn"] if key else arn
    return arn


original_context = iam_actions.request_tag_context


def request_tag_context(service, action, body, params):
    """kms:BypassPolicyLockoutSafetyCheck is filled where the request has the parameter."""
    context = original_context(service, action, body, params)
    if action == "kms:PutKeyPolicy" and "BypassPolicyLockoutSafetyCheck" in json.loads(body):
        context["kms:BypassPolicyLockoutSafetyCheck"] = str(json.loads(body)["BypassPolicyLockoutSafetyCheck"]).lower()
    return context


iam_actions.request_tag_context = request_tag_context
iam_actions.extract_resource_arn = extract_resource_arn
