"""Which refunded units come back and which had not left, without any system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refund_sides import link, refund

from connectors.bigcommerce.refund_models import Refund
from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.models import SalesOrder
from store.links import Link
from tasks.refunds.frames import CreditRow
from tasks.refunds.goods import Goods, Units
from tasks.refunds.matching import RefundedOrder, Sale

ORDER, SOLD = "100", "5001"
MUG, PEN, SET = "11", "12", "13"
HAS_STOCK = {MUG: True, PEN: True}


def row(row_id: str, ref: str, product_id: str, quantity: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "externalRef": ref,
        "productId": product_id,
        "quantity": str(quantity),
        "net": "10.00",
        "tax": "2.00",
        **fields,
    }


def order(*rows: dict[str, Any], order_id: str = SOLD, allocation: str = "AAA") -> SalesOrder:
    total = {"net": "10.00", "tax": "2.00", "gross": "12.00"}
    return SalesOrder.model_validate(
        {"id": order_id, "total": total, "rows": rows, "allocationStatusCode": allocation}
    )


def note(
    note_id: str, units: Mapping[str, int], *stages: str, order_id: str = SOLD
) -> GoodsOutNote:
    return GoodsOutNote.model_validate(
        {
            "id": note_id,
            "orderId": order_id,
            "warehouseId": 2,
            "status": {"shipped": "shipped" in stages, "picked": "picked" in stages},
            "orderRows": {r: [{"productId": MUG, "quantity": q}] for r, q in units.items()},
        }
    )


def goods(
    sale: Sale,
    *notes: GoodsOutNote,
    held: Mapping[str, Mapping[str, int]] | None = None,
    links: Mapping[str, Link] | None = None,
    refunds: Sequence[Refund] = (),
) -> Goods:
    return Goods(
        RefundedOrder(
            ORDER,
            sale,
            refunds,
            links=links or {},
            notes=notes,
            reserved=held or {},
            has_stock=HAS_STOCK,
        )
    )


def asked(ref: str, quantity: int, condition: str = "", product_id: str = MUG) -> CreditRow:
    return CreditRow(
        order_id=ORDER,
        refund_id="1",
        row_ref=ref,
        sold_ref=ref,
        kind="product",
        product_id=product_id,
        name="",
        quantity=quantity,
        tax_code="T20",
        net=Decimal(10),
        tax=Decimal(2),
        nominal_code="",
        sequence=1,
        condition=condition,
    )


MUGS = row("1", "31", MUG, 3)
SALE = Sale(order(MUGS))


@pytest.mark.parametrize(
    ("shipped", "condition", "quantity", "returned", "unsent"),
    [
        (0, "", 2, 0, 2),
        (3, "", 2, 0, 0),
        (3, "restock", 2, 2, 0),
        (2, "", 2, 0, 1),
        (2, "quarantine", 3, 2, 1),
        (0, "restock", 2, 0, 2),
    ],
)
def test_units_are_split_by_whether_they_had_left(
    shipped: int, condition: str, quantity: int, returned: int, unsent: int
) -> None:
    notes = [note("9", {"1": shipped}, "shipped")] if shipped else []
    found = goods(SALE, *notes).split([asked("31", quantity, condition)])
    assert found == ([Units("31", condition, returned, unsent)] if returned or unsent else [])


def test_what_earlier_refunds_took_is_taken() -> None:
    one = goods(
        SALE,
        note("9", {"1": 2}, "shipped"),
        refunds=[refund("7")],
        links={"100/7": link("7", returned={"31": 1}, unsent={"31": 1})},
    )
    assert one.split([asked("31", 2, "restock")]) == [Units("31", "restock", 1, 0)]


def test_rows_without_stock_have_no_goods() -> None:
    sale = Sale(order(row("1", "31", "99", 3)))
    assert goods(sale).split([asked("31", 1, "restock", "99")]) == []


def test_a_bundle_has_left_as_far_as_all_its_parts_have() -> None:
    parts = [
        row("2", "", MUG, 4, parentRowId="1", bundleChild=True),
        row("3", "", PEN, 2, parentRowId="1", bundleChild=True),
    ]
    sale = Sale(order(row("1", "31", SET, 2, bundleParent=True), *parts))
    one = goods(sale, note("9", {"2": 4, "3": 1}, "shipped"))
    assert one.split([asked("31", 2, "restock", SET)]) == [Units("31", "restock", 1, 1)]


def test_unsent_units_of_a_bundle_free_all_its_parts() -> None:
    parts = [
        row("2", "", MUG, 4, parentRowId="1", bundleChild=True),
        row("3", "", PEN, 2, parentRowId="1", bundleChild=True),
    ]
    one = goods(Sale(order(row("1", "31", SET, 2, bundleParent=True), *parts)))
    one.split([asked("31", 1, "", SET)])
    (release,) = one.releases(["31"])
    assert release.keep == {"2": (MUG, 2), "3": (PEN, 1)}


def test_units_on_a_back_order_belong_to_the_line() -> None:
    sale = Sale(order(row("1", "31", MUG, 1)), (order(row("7", "31", MUG, 2), order_id="5002"),))
    one = goods(sale, note("9", {"1": 1}, "shipped"))
    assert one.split([asked("31", 2)]) == [Units("31", "", 0, 2)]
    releases = {release.sales_order_id: release.keep for release in one.releases(["31"])}
    assert releases["5002"] == {"7": (MUG, 0)}
    assert releases["5001"] == {}


def test_only_what_is_held_is_given_back() -> None:
    sale = Sale(order(MUGS, allocation="APA"))
    one = goods(sale, held={SOLD: {"1": 1}})
    one.split([asked("31", 1)])
    (release,) = one.releases(["31"])
    assert (release.keep, release.notes) == ({}, ())
    one.split([asked("31", 2)])
    (release,) = one.releases(["31"])
    assert release.keep == {"1": (MUG, 0)}


def test_the_latest_note_that_nobody_picked_goes_first() -> None:
    one = goods(SALE, note("8", {"1": 1}), note("9", {"1": 2}))
    one.split([asked("31", 1)])
    (release,) = one.releases(["31"])
    assert (release.notes, release.picked) == (("9",), ())
    assert release.keep == {"1": (MUG, 1)}


def test_a_picked_note_that_holds_refunded_units_is_named() -> None:
    one = goods(SALE, note("8", {"1": 3}, "picked"))
    one.split([asked("31", 1)])
    (release,) = one.releases(["31"])
    assert (release.notes, release.picked) == ((), ("8",))


@given(
    shipped=st.integers(0, 5),
    refunds=st.lists(
        st.tuples(st.integers(1, 5), st.sampled_from(["", "restock", "quarantine"])), max_size=5
    ),
)
def test_no_unit_comes_back_twice_or_is_given_up_twice(
    shipped: int, refunds: list[tuple[int, str]]
) -> None:
    notes = [note("9", {"1": shipped}, "shipped")] if shipped else []
    one = goods(Sale(order(row("1", "31", MUG, 5))), *notes)
    left, returned, unsent = 5, 0, 0
    for quantity, condition in refunds:
        units = min(quantity, left)
        if not units:
            break
        left -= units
        for found in one.split([asked("31", units, condition)]):
            assert found.returned + found.unsent <= units
            returned, unsent = returned + found.returned, unsent + found.unsent
    assert returned <= shipped
    assert unsent <= 5 - shipped
    for release in one.releases(["31"]):
        assert release.keep.get("1", (MUG, 5 - shipped))[1] >= 0
