"""What every program here shares: which resources it tried, and whether each was as expected."""

import json
import os

ORDER_ID = int(os.environ.get("ORDER_ID", "0"))
PRODUCT_ID = int(os.environ.get("PRODUCT_ID", "0"))
CUSTOMER_ID = int(os.environ.get("CUSTOMER_ID", "0"))
SKU = os.environ.get("SKU", "")
STORE_HASH = "sandbox"
ACCESS_TOKEN = "sandbox-access-token"

_tried = []


def check(resource, is_as_expected):
    """Note a resource; a wrong one ends the program."""
    if not is_as_expected:
        raise SystemExit(f"{resource} is not as expected")
    _tried.append(resource)


def report():
    """Print the resources, as the last line."""
    print(json.dumps(_tried))  # noqa: T201 - what the test reads
