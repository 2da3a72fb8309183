"""S3, where MiniStack answers otherwise than AWS does.

Who pays for requests to a bucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html
"""
from ministack.services import s3

original_dispatch = s3._dispatch


def dispatch(method, bucket, key, headers, body, query_params):
    if method == "GET" and bucket and not key and "requestPayment" in query_params:
        return s3._get_bucket_request_payment(bucket)
    return original_dispatch(method, bucket, key, headers, body, query_params)


s3._dispatch = dispatch
