"""The vendor's own sample answers fit our models. Needs the machine-readable API descriptions."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.bigcommerce.models import Coupon, Order, OrderLine, TaxRow

SPEC = Path(__file__).parents[3] / "shared/specs/bigcommerce/orders.v2.oas2.yml"

pytestmark = pytest.mark.skipif(
    not SPEC.is_file(), reason=f"the API descriptions are not beside the repository ({SPEC})"
)


@pytest.fixture(scope="module")
def responses() -> dict[str, Any]:
    document = yaml.load(SPEC.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return document["components"]["responses"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("orderCollection_Resp", Order),
        ("order_Resp", Order),
        ("orderProductsCollection_Resp", OrderLine),
        ("orderProductLineItem_Resp", OrderLine),
        ("orderCouponsCollection_Resp", Coupon),
        ("orderTaxes_Resp", TaxRow),
    ],
)
def test_every_sample_of_the_vendor_is_read(responses, name, model):
    examples = responses[name]["content"]["application/json"]["examples"].values()
    values = [example["value"] for example in examples]
    rows = [row for value in values for row in (value if isinstance(value, list) else [value])]

    assert rows
    for row in rows:
        model.model_validate(row)
