"""Starts MiniStack with the places corrected where it answers otherwise than AWS does, so that the template under test needs no
allowance for the emulator. Each module corrects one service, and names the page of AWS that it follows."""
import os

import uvicorn

import correct_iam  # noqa: F401
import correct_cloudformation  # noqa: F401, it looks at requests before IAM does
import correct_kms  # noqa: F401
import correct_lambda  # noqa: F401
import correct_s3  # noqa: F401
from ministack.app import app

# The server that MiniStack brings parses HTTP in Python, and takes twice the processor time for a request.
uvicorn.run(app, host=os.environ["BIND_HOST"], port=int(os.environ["GATEWAY_PORT"]), http="httptools", loop="uvloop", access_log=False,
            server_header=False, date_header=False, timeout_keep_alive=75)
