"""Refunds of BigCommerce become sales credits, each once, to the cent; and always run twice."""

from __future__ import annotations

from decimal import Decimal

from refunding import (
    credit,
    credits_of,
    gross,
    imported,
    lines,
    paid_out,
    payouts,
    refund,
    runs_again_without_writing,
    states,
    sync,
)
from world import World


def test_a_refunded_line_is_credited_and_paid_out(world: World) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    made = refund(world, key, items=[{"sku": sku, "quantity": 1}])

    report = sync(world, key, source="webhook")

    one = credit(world, key, made["refund_id"])
    (row,) = one.rows.values()
    assert report["counts"]["created"] == 1
    assert one.parent_id == world.sales_order(key).id
    assert gross(one) == Decimal(str(made["total_amount"]))
    assert one.tax == Decimal(str(made["total_tax"]))
    assert (row.sku, row.quantity) == (sku, 1)
    assert payouts(world, one) == {"CARD": gross(one)}
    assert paid_out(world, one) == gross(one)
    assert one.payment_status == "PAID"
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)
    assert len(credits_of(world)) == 1
