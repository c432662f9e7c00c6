"""What a credit that staff made would be as a refund in the store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from refund_sides import LINE, ORDER, credit, order, refund, sale, sides, sold_row

from connectors.bigcommerce.refund_models import RefundItemCreate
from core.refusals import Refusal
from tasks.reconciler.cases import Decisions
from tasks.refunds.returns import CreateRefund, plan_return

SHIPPING = sold_row("2", "shipping", 1, productId="", name="Delivery", net="5.00", tax="1.00")
FEE = sold_row("3", "fee-9", 1, productId="", name="Packing", net="2.00", tax="0.40")
CONSIGNMENTS = {"shipping": [{"id": "70", "line_items": []}]}


def planned(*rows: Mapping[str, Any], by_itself: bool = True, **wanted: Any) -> Any:
    """What a credit of these rows calls for."""
    document = wanted.pop("document", {})
    staffs = credit("6002", "", externalRef="", rows=list(rows), **document)
    store = order(consignments=CONSIGNMENTS, **wanted)
    both = sides(refund(), sale=sale(sold_row(), SHIPPING, FEE), order=store)
    return plan_return(both, store, staffs, Decisions(), by_itself=by_itself)


def charge(name: str, net: str, tax: str = "0", **fields: Any) -> dict[str, Any]:
    return sold_row("95", "", 1, productId="", name=name, net=net, tax=tax, **fields)


def wires(items: tuple[RefundItemCreate, ...]) -> list[tuple[str, int, object]]:
    return [(one.item_type, one.item_id, one.quantity or one.amount) for one in items]


def test_units_and_charges_are_refunded_as_what_they_are() -> None:
    made = planned(sold_row("91", units=1), charge("delivery", "3.00", "0.60"))
    assert isinstance(made, CreateRefund)
    assert wires(made.items) == [("PRODUCT", 31, 1), ("SHIPPING", 70, Decimal("3.00"))]
    assert wires(made.other_items) == [("PRODUCT", 31, 1), ("SHIPPING", 70, Decimal("3.60"))]


def test_a_charge_is_known_by_its_name_and_all_else_is_money_off_the_order() -> None:
    made = planned(
        charge("Packing", "1.00", "0.20", nominalCode="4999"),
        charge("Goodwill", "2.00", nominalCode="4999"),
    )
    assert wires(made.items) == [
        ("FEE", 9, Decimal("1.00")),
        ("ORDER", int(ORDER), Decimal("2.00")),
    ]


def test_a_credit_that_reads_the_same_in_both_price_terms_has_no_other_items() -> None:
    assert planned(sold_row("91", units=1)).other_items == ()


@pytest.mark.parametrize(
    ("rows", "document", "class_"),
    [
        ([sold_row("91", units=2)], {}, "quantity"),  # one of three is left
        ([sold_row("91", units=1)], {"currency": {"code": "USD"}}, "currency"),
        ([sold_row("91", units=1)], {"gross": "0.00"}, "money"),
        ([], {}, "money"),
    ],
)
def test_a_credit_that_is_no_refund_is_for_a_person(
    rows: list[dict[str, Any]], document: dict[str, Any], class_: str
) -> None:
    case = planned(*rows, document=document)
    assert isinstance(case, Refusal)
    assert (case.class_, case.value) == (class_, "credit 6002")
    assert f"--class {class_} --value 'credit 6002'" in case.remedy


def test_the_same_proposal_has_the_same_name_and_another_one_another() -> None:
    """A name that changed would open cases anew that people have decided about."""
    rows = [sold_row("91", units=1)]
    first, again = (planned(*rows, by_itself=False) for _ in range(2))
    other = planned(*rows, by_itself=False, document={"gross": "11.00"})
    assert first.value == again.value
    assert first.value != other.value
    assert first.value.startswith("refund 6002-")
    assert LINE in str(first.detail)
