"""IAM, where MiniStack answers otherwise than AWS does.

Authorisation of roles and policies by their whole ARN, and by the tags of managed policies:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
Condition keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""
import contextvars

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, tagging


def param(params, key):
    value = params.get(key, "")
    return (value[0] if value else "") if isinstance(value, list) else value or ""


def iam_arn(params):
    """The ARN of the role or managed policy that an IAM request is about; None for other requests."""
    prefix = "arn:aws:iam::%s:" % get_account_id()
    path = param(params, "Path") or "/"
    role = param(params, "RoleName")
    if role:
        known = iam._roles.get(role)
        return known["Arn"] if known else prefix + "role" + path + role
    if param(params, "Action") == "CreatePolicy":
        return prefix + "policy" + path + param(params, "PolicyName")
    return None


original_arn = iam_actions.extract_resource_arn


def extract_resource_arn(service, method, path, headers, body, params, region, account):
    """Roles and policies are authorised by their whole ARN, path included, also when they are being created."""
    arn = iam_arn(params) if service == "iam" else None
    return arn or original_arn(service, method, path, headers, body, params, region, account)


# The calls for which AWS lists the key and which set no boundary.
BELOW_A_BOUNDARY = ("AttachRolePolicy", "DeleteRolePermissionsBoundary", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy")
original_context = iam_actions.request_tag_context


def request_tag_context(service, action, body, params):
    """iam:PolicyARN and iam:PermissionsBoundary are filled, the latter from the role where the call doesn't set it."""
    context = original_context(service, action, body, params)
    if service == "iam":
        if param(params, "PolicyArn"):
            context["iam:PolicyARN"] = param(params, "PolicyArn")
        if param(params, "PermissionsBoundary"):
            context["iam:PermissionsBoundary"] = param(params, "PermissionsBoundary")
        elif param(params, "Action") in BELOW_A_BOUNDARY:
            boundary = (iam._roles.get(param(params, "RoleName")) or {}).get("PermissionsBoundary")
            if boundary:
                context["iam:PermissionsBoundary"] = boundary
    return context


original_collect = tagging._RESOURCE_TAG_COLLECTORS["iam"]


def collect_iam():
    """Tags of managed policies count as aws:ResourceTag."""
    yield from original_collect()
    for arn, policy in iam._policies.items():
        yield arn, tagging._normalise_list(policy.get("Tags"))


original_delete = iam._delete_policy


def delete_policy(params):
    """A managed policy with more than one version can't be deleted:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html"""
    policy = iam._policies.get(param(params, "PolicyArn"))
    if policy and len(policy["Versions"]) > 1:
        return iam._error(409, "DeleteConflict", "This policy has more than one version. Before you delete a policy, "
                          "you must delete the policy's versions.", ns="iam")
    return original_delete(params)


original_attach = iam._attach_role_policy


def attach_role_policy(params):
    """A policy that doesn't exist can't be attached:
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html"""
    arn = param(params, "PolicyArn")
    if ":iam::aws:" not in arn and arn not in iam._policies and param(params, "RoleName") in iam._roles:
        return iam._error(404, "NoSuchEntity", "Policy %s does not exist or is not attachable." % arn, ns="iam")
    return original_attach(params)


simulated = contextvars.ContextVar("simulated", default={})
original_simulate = iam._simulate_principal_policy
original_evaluate = iam_evaluator.evaluate


def simulate_principal_policy(params):
    """ContextEntries count: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html"""
    entries = {}
    while param(params, "ContextEntries.member.%d.ContextKeyName" % (len(entries) + 1)):
        prefix = "ContextEntries.member.%d." % (len(entries) + 1)
        entries[param(params, prefix + "ContextKeyName").lower()] = param(params, prefix + "ContextKeyValues.member.1")
    token = simulated.set(entries)
    try:
        return original_simulate(params)
    finally:
        simulated.reset(token)


def evaluate(ctx, *arguments, **named):
    ctx.service_context.update(simulated.get())
    return original_evaluate(ctx, *arguments, **named)


original_resolve = iam_evaluator._resolve_condition_key


def resolve_condition_key(key, ctx):
    """aws:PrincipalArn of a role's session is the role's ARN:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn"""
    value = original_resolve(key, ctx)
    if key.lower() == "aws:principalarn" and ":assumed-role/" in (value or ""):
        role = iam._roles.get(value.split("/")[1])
        return role["Arn"] if role else value
    return value


iam_evaluator._resolve_condition_key = resolve_condition_key
iam_evaluator.evaluate = evaluate
iam_actions.extract_resource_arn = extract_resource_arn
iam_actions.request_tag_context = request_tag_context
tagging._RESOURCE_TAG_COLLECTORS["iam"] = collect_iam
corrected = {original_delete: delete_policy, original_attach: attach_role_policy, original_simulate: simulate_principal_policy}
for actions in [v for v in vars(iam).values() if isinstance(v, dict)]:
    for name, handler in list(actions.items()):
        if callable(handler) and handler in corrected:
            actions[name] = corrected[handler]
