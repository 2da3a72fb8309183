"""Lambda, where MiniStack answers otherwise than AWS does."""
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc

original_invalidate = lambda_svc.invalidate_worker


def invalidate_worker(name, qualifier=None, account=None, region=None):
    """A function that is created ends no running function of the same name in another account or Region: names are those of one account and
    Region, https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html"""
    return original_invalidate(name, qualifier, account or get_account_id(), region or get_region())


lambda_svc.invalidate_worker = invalidate_worker
