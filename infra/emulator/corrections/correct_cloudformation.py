"""CloudFormation, where MiniStack answers otherwise than AWS does.

It makes the calls for a stack's resources with the permissions of the stack's service role, or else of who deploys it
(handlers.json lists them by resource type), and sets the permissions boundary of roles:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""
import contextvars
import json
import os

from correct_iam import param
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.core.router import extract_access_key_id
from ministack.services import iam
from ministack.services.cloudformation import _stacks, changesets, engine, handlers as operations, provisioners, stacks

# The service roles that stacks were given, by account, Region and name.
service_roles = {}


def stack_name_of(name_or_arn):
    return name_or_arn.split("/")[1] if name_or_arn.startswith("arn:") else name_or_arn


original_context = iam_actions.request_tag_context


def request_tag_context(service, action, body, params):
    """A look at the request: which service role a stack is given."""
    if service == "cloudformation":
        stack = get_account_id(), get_region(), stack_name_of(param(params, "StackName"))
        if action == "cloudformation:CreateStack":
            service_roles.pop(stack, None)
        if param(params, "RoleARN"):
            service_roles[stack] = param(params, "RoleARN")
    return original_context(service, action, body, params)


caller = contextvars.ContextVar("caller", default="")
original_pin = iam_evaluator.pin_request_caller


def pin_request_caller(headers, query_params=None):
    caller.set(extract_access_key_id(headers, query_params or {}))
    return original_pin(headers, query_params)


with open(os.path.join(os.path.dirname(__file__), "handlers.json")) as file:
    handlers = json.load(file)


def resources(resource_type, name, props):
    """The ARNs that the calls for a resource are about, by action or by the action's service; "" for the others."""
    account, region = get_account_id(), get_region()
    code, role = props.get("Code") or {}, "arn:aws:iam::%s:role/" % account
    function = "arn:aws:lambda:%s:%s:function:" % (region, account)
    return {
        "AWS::Logs::LogGroup": {"": "arn:aws:logs:%s:%s:log-group:%s" % (region, account, name), "logs:DescribeLogGroups": "*",
                                "logs:DescribeResourcePolicies": "*"},
        "AWS::IAM::Role": {"": role + name},
        "AWS::IAM::ManagedPolicy": {"": name if name.startswith("arn:") else "arn:aws:iam::%s:policy/%s" % (account, name),
                                    "iam:AttachRolePolicy": role + (props.get("Roles") or [""])[0],
                                    "iam:DetachRolePolicy": role + (props.get("Roles") or [""])[0]},
        "AWS::Lambda::Function": {"": function + name, "iam:PassRole": props.get("Role"),
                                  "s3:GetObject": "arn:aws:s3:::%s/%s" % (code.get("S3Bucket"), code.get("S3Key"))},
        "AWS::Lambda::Permission": {"": function + (props.get("FunctionName") or "").rsplit(":", 1)[-1]},
        "AWS::Events::Rule": {"": "arn:aws:events:%s:%s:rule/%s" % (region, account, name)},
        "AWS::CloudWatch::Alarm": {"": "arn:aws:cloudwatch:%s:%s:alarm:%s" % (region, account, name)},
        "AWS::SSM::Parameter": {"": "arn:aws:ssm:%s:%s:parameter/%s" % (region, account, name.lstrip("/"))},
    }.get(resource_type) or {"": props.get("ServiceToken")}


def condition_context(arn, props):
    boundary = props.get("PermissionsBoundary") or iam._roles.get(arn.rsplit("/", 1)[-1], {}).get("PermissionsBoundary")
    context = {"iam:PassedToService": "lambda.amazonaws.com"}
    return {**context, "iam:PermissionsBoundary": boundary} if boundary else context


def refused(stack_name, action, arn, context):
    """Who may not make a call for a stack; None if it is allowed."""
    account, service_role = get_account_id(), service_roles.get((get_account_id(), get_region(), stack_name))
    if not service_role:
        denied = iam_evaluator.enforce(caller.get(), action, action.split(":")[0], get_region(), resource_arn=arn, service_context=context)
        return denied and getattr(denied, "principal_arn", caller.get())
    request = iam_evaluator.EvalContext(service_role, "AssumedRole", account, action, arn, get_region(), service_context={
        key.lower(): value for key, value in context.items()})
    policies = iam_evaluator._gather_role_policies(service_role.rsplit("/", 1)[-1], account)
    return None if iam_evaluator.evaluate(request, policies).decision == "Allow" else service_role


def authorise(handler, resource_type, name, props, stack_name):
    """Fails like CloudFormation if it may not do what a handler of a resource type does."""
    calls = handlers.get(resource_type)
    if not calls or not caller.get():
        return
    reads = [] if handler == "Delete" else calls["Read"] or []
    about = resources(resource_type, name, props)
    for action in (calls[handler] or []) + reads:
        if action == "iam:%sRolePermissionsBoundary" % ("Delete" if props.get("PermissionsBoundary") else "Put"):
            continue
        if resource_type == "AWS::IAM::ManagedPolicy" and action.endswith("tachRolePolicy") and not props.get("Roles"):
            continue
        arn = about.get(action, about[""])
        principal = refused(stack_name, action, arn, condition_context(arn, props))
        if principal:
            raise ValueError("%s is not authorized to perform: %s on resource: %s" % (principal, action, arn))


original_provision = provisioners._provision_resource
original_update = provisioners._update_resource
original_remove = provisioners._delete_resource


def named(resource_type, stack_name, logical_id, props):
    if resource_type == "AWS::SSM::Parameter" and props.get("Name"):
        return props["Name"]
    return provisioners._physical_name(stack_name, logical_id, max_len=64)


def known(resource_type, physical_id, stack_name, logical_id):
    """The emulator names log groups otherwise than CloudFormation."""
    return named(resource_type, stack_name, logical_id, {}) if resource_type == "AWS::Logs::LogGroup" else physical_id


def provision_resource(resource_type, logical_id, props, stack_name):
    authorise("Create", resource_type, named(resource_type, stack_name, logical_id, props), props, stack_name)
    physical_id, attributes = original_provision(resource_type, logical_id, props, stack_name)
    if resource_type == "AWS::IAM::Role":
        iam._roles[physical_id]["PermissionsBoundary"] = props.get("PermissionsBoundary")
    return physical_id, attributes


def update_resource(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None):
    if old_props != new_props and not provisioners._replacing_change(resource_type, old_props, new_props):
        authorise("Update", resource_type, known(resource_type, physical_id, stack_name, logical_id), new_props, stack_name)
    updated, attributes = original_update(resource_type, physical_id, old_props, new_props, stack_name, logical_id, old_attrs)
    if resource_type == "AWS::IAM::Role":
        iam._roles[updated]["PermissionsBoundary"] = new_props.get("PermissionsBoundary")
    return updated, attributes


def show_deletion(stack_name, logical_id, physical_id):
    """A resource is shown as DELETE_IN_PROGRESS before its event is sent:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html"""
    record = _stacks.get(stack_name, {}).get("_resources", {}).get(logical_id)
    if record and record.get("PhysicalResourceId") == physical_id:
        record["ResourceStatus"] = "DELETE_IN_PROGRESS"


def delete_resource(resource_type, physical_id, props, stack_name=None, logical_id=None):
    show_deletion(stack_name, logical_id, physical_id)
    authorise("Delete", resource_type, known(resource_type, physical_id, stack_name, logical_id), props, stack_name)
    return original_remove(resource_type, physical_id, props, stack_name, logical_id)


original_conditions = engine._evaluate_conditions


def evaluate_conditions(template, params):
    """Conditions may compare what Fn::Join, Fn::Select, Fn::Split and Fn::Sub return."""
    def resolved(value):
        if isinstance(value, list):
            return [resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if value.keys() & {"Fn::Join", "Fn::Select", "Fn::Split", "Fn::Sub"}:
            return engine._resolve_refs(value, {}, params, {}, template.get("Mappings", {}), "", "")
        return {key: resolved(item) for key, item in value.items()}

    return original_conditions({**template, "Conditions": resolved(template.get("Conditions", {}))}, params)


# The answers that requests with a token got.
answers = {}


def once(action, operation):
    """A request that comes again with its token is answered as it was the first time:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html"""
    def handle(params):
        token = param(params, "ClientRequestToken")
        request = get_account_id(), get_region(), action, param(params, "StackName"), token
        if request in answers:
            return answers[request]
        answer = operation(params)
        if token and answer[0] == 200:
            answers[request] = answer
        return answer
    return handle


for action in ("CreateStack", "UpdateStack", "DeleteStack"):
    operations._ACTION_HANDLERS[action] = once(action, operations._ACTION_HANDLERS[action])
for module in (changesets, engine, operations, provisioners, stacks):
    module._evaluate_conditions = evaluate_conditions
for module in (provisioners, stacks):
    module._provision_resource, module._update_resource, module._delete_resource = provision_resource, update_resource, delete_resource
iam_evaluator.pin_request_caller = pin_request_caller
iam_actions.request_tag_context = request_tag_context
