"""The vendor's own sample answers fit our models. Needs the machine-readable API descriptions."""

from typing import Any

import pytest
import yaml
from reference_material import SPECS, needs_specs

from connectors.bigcommerce.models import Order, OrderLine, TaxRow
from connectors.bigcommerce.refund_models import Refund
from connectors.bigcommerce.shipment_models import Shipment

pytestmark = needs_specs


def components(name: str) -> dict[str, Any]:
    text = (SPECS / "bigcommerce" / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader)["components"]


@pytest.fixture(scope="module")
def responses() -> dict[str, Any]:
    return components("orders.v2.oas2.yml")["responses"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("orderCollection_Resp", Order),
        ("order_Resp", Order),
        ("orderProductsCollection_Resp", OrderLine),
        ("orderProductLineItem_Resp", OrderLine),
        ("orderTaxes_Resp", TaxRow),
        ("orderShipmentCollection_Resp", Shipment),
        ("orderShipment_Resp", Shipment),
    ],
)
def test_every_sample_of_the_vendor_is_read(responses, name, model):
    examples = responses[name]["content"]["application/json"]["examples"].values()
    values = [example["value"] for example in examples]
    rows = [row for value in values for row in (value if isinstance(value, list) else [value])]

    assert rows
    for row in rows:
        model.model_validate(row)


def test_the_vendors_sample_of_a_refund_is_read():
    sample = components("orders.v3.yml")["schemas"]["RefundID_Get"]["x-examples"]["Example"]

    found = Refund.model_validate(sample["data"])

    assert (found.order_id, found.total_amount, found.is_pending) == ("180", 50, False)
