"""Starts MiniStack with the places corrected where it answers otherwise than AWS does, so that the template under test needs no
allowance for the emulator. Each module corrects one service, and names the page of AWS that it follows."""
import sys

import correct_iam  # noqa: F401
import correct_cloudformation  # noqa: F401, it looks at requests before IAM does
import correct_kms  # noqa: F401
import correct_lambda  # noqa: F401
import correct_s3  # noqa: F401
from ministack.app import main

sys.exit(main())
