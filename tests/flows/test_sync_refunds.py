"""Refunds of BigCommerce become sales credits, each once, to the cent; and always run twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from refunding import (
    approve,
    cases,
    change,
    credit,
    credits_of,
    gross,
    imported,
    lines,
    paid_out,
    payouts,
    refund,
    release,
    runs_again_without_writing,
    settle,
    states,
    store_refunds,
    sync,
)
from world import PAIR, World

from flows.refunds import sync_refunds


def overridden(world: World, tax: str, shown: str) -> tuple[str, dict[str, Any]]:
    """An order of two units refunded in part, with a total and tax of the merchant's own."""
    key = imported(world, shipped=True)
    items = [{"sku": lines(world, 1)[0]["sku"], "quantity": 2}]
    made = refund(
        world, key, items=items, override_total="12.59", override_tax=tax, tax_shown=shown
    )
    return key, made


def test_a_refund_that_the_merchant_set_to_no_tax_takes_the_code_of_what_is_untaxed(
    world: World,
) -> None:
    key, made = overridden(world, "0", "number")

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    assert [(row.tax_code, row.tax) for row in one.rows.values()] == [("T0", 0)]
    assert (gross(one), one.tax) == (Decimal("12.59"), 0)
    assert payouts(world, one) == {"CARD": Decimal("12.59")}
    assert runs_again_without_writing(world, key)


@pytest.mark.parametrize("shown", ["null", "missing"])
def test_a_refund_whose_tax_the_store_does_not_say_is_booked_as_its_case_proposes(
    world: World, shown: str
) -> None:
    key, made = overridden(world, "0", shown)

    sync(world, key)

    (case,) = cases(world)
    assert (case.field, credits_of(world)) == ("tax", [])
    assert "--apply" in case.remedy
    approve(world)
    one = credit(world, key, made["refund_id"])
    assert [(row.tax_code, row.tax) for row in one.rows.values()] == [("T20", Decimal("2.10"))]
    assert gross(one) == Decimal("12.59")
    assert (cases(world), states(world, key)) == ([], ["done"])
    assert runs_again_without_writing(world, key)


def given_back(made: dict[str, Any]) -> tuple[Decimal, Decimal]:
    """Total and tax, as BigCommerce says."""
    return Decimal(str(made["total_amount"])), Decimal(str(made["total_tax"]))


def agrees(world: World, key: str, made: dict[str, Any]) -> bool:
    """Whether the refund has one credit, to the cent, wholly paid out, its rows adding up."""
    one = credit(world, key, made["refund_id"])
    rows = one.rows.values()
    whole = (gross(one), one.tax) == given_back(made)
    positive = all(row.net >= 0 and row.tax >= 0 for row in rows)
    return whole and positive and paid_out(world, one) == gross(one)


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


def payment_id(world: World, key: str) -> str:
    """Of the order's first refund in the store."""
    (payment,) = store_refunds(world, key)[0].payments
    return str(payment.id)


@pytest.mark.parametrize("inclusive", [True, False])
def test_every_part_of_a_refund_has_its_row_and_all_add_up(world: World, inclusive: bool) -> None:
    basket = [*lines(world, 3, 2), {"name": "Engraving", "price": "7.77", "quantity": 2}]
    basket[0] |= {"wrapping": "Red paper", "wrapping_price": "1.30"}
    key = imported(
        world,
        shipped=True,
        lines=basket,
        tax_inclusive=inclusive,
        shipping=[{"cost": "5.99", "handling": "1.11"}],
        fees=[{"name": "Packing", "price": "2.49"}],
        coupons=[{"code": "TEN", "type": "percent", "amount": "10"}],
    )
    part = refund(
        world,
        key,
        items=[{"sku": basket[0]["sku"], "quantity": 1}, {"sku": basket[1]["sku"], "quantity": 1}],
        shipping="3.00",
        handling="0.50",
        fee="1.01",
    )
    rest = refund(world, key, everything=True)

    sync(world, key)

    assert agrees(world, key, part)
    assert agrees(world, key, rest)
    refs = {row.external_ref for row in credit(world, key, part["refund_id"]).rows.values()}
    assert {"shipping", "handling"} < refs
    assert any(ref.startswith("fee-") for ref in refs)
    whole = sum(gross(one) for one in credits_of(world))
    assert whole == gross(world.sales_order(key))
    assert runs_again_without_writing(world, key)


@pytest.mark.long
def test_money_off_the_order_as_a_whole_bears_no_tax(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="5.00")

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    (row,) = one.rows.values()
    assert (row.net, row.tax, row.tax_code, row.product_id) == (Decimal("5.00"), 0, "T0", None)
    assert agrees(world, key, made)
    assert runs_again_without_writing(world, key)


@pytest.mark.long
def test_tax_alone_is_a_row_without_net(world: World) -> None:
    key = imported(world)
    made = refund(world, key, tax="0.50")

    sync(world, key)

    (row,) = credit(world, key, made["refund_id"]).rows.values()
    assert (row.net, row.tax, row.tax_code) == (0, Decimal("0.50"), "T20")
    assert agrees(world, key, made)


def test_what_is_kept_back_of_a_return_is_not_credited(world: World) -> None:
    key = imported(world, shipped=True)
    sku = lines(world, 1)[0]["sku"]
    items = [{"sku": sku, "quantity": 2, "adjustment": "-1.25"}]
    made = refund(world, key, items=items, shipping="1.00")

    sync(world, key)

    rows = {row.external_ref: row for row in credit(world, key, made["refund_id"]).rows.values()}
    assert agrees(world, key, made)
    assert abs(rows["shipping"].net + rows["shipping"].tax - Decimal("1.10")) <= Decimal("0.11")


def test_each_tender_is_paid_out_by_itself(world: World) -> None:
    key = imported(
        world, shipped=True, customer_id=1, store_credit="20.00", gift_certificate="3.00"
    )
    made = refund(world, key, everything=True)

    sync(world, key)

    one = credit(world, key, made["refund_id"])
    by_method = payouts(world, one)
    assert set(by_method) == {"CARD", "STORECREDIT", "GIFTCERT"}
    assert by_method["STORECREDIT"] == Decimal("20.00")
    assert agrees(world, key, made)
    assert runs_again_without_writing(world, key)


def test_nothing_is_written_while_the_gateway_owes_an_answer(world: World) -> None:
    key = imported(world)
    made = refund(world, key, amount="5.00", payment="pending")
    world.forget_requests()

    sync(world, key, source="webhook")

    assert world.writes() == 0
    assert credits_of(world) == []
    assert states(world, key) == ["parked"]

    change(world, made, complete=True)
    sync(world, key, source="transaction")

    assert agrees(world, key, made)
    assert states(world, key) == ["done"]
    assert runs_again_without_writing(world, key)


@pytest.mark.long
def test_a_pending_refund_does_not_hold_up_those_before_it(world: World) -> None:
    key = imported(world)
    first = refund(world, key, amount="5.00")
    refund(world, key, amount="3.00", payment="pending")

    sync(world, key)

    assert [one.external_ref for one in credits_of(world)] == [f"BC-{key}-R{first['refund_id']}"]
    assert states(world, key) == ["parked"]
    assert runs_again_without_writing(world, key)


@pytest.mark.long
def test_a_refund_that_was_declined_at_once_leaves_no_trace(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="5.00", payment="declined")

    sync(world, key)

    assert credits_of(world) == []
    assert states(world, key) == ["done"]


def test_a_status_without_a_refund_is_an_echo(world: World) -> None:
    key = imported(world)
    world.bigcommerce("edit", order_id=int(key), status_id=14)

    report = sync(world, key, source="webhook")

    assert report["counts"]["unchanged"] == 1
    assert credits_of(world) == []
    assert states(world, key) == ["done"]


def test_refunds_of_one_order_are_all_credited_in_one_pass(world: World) -> None:
    key = imported(world, shipped=True)
    made = [refund(world, key, amount=amount) for amount in ("1.00", "2.00", "3.00")]

    sync(world, key, source="webhook")

    assert all(agrees(world, key, one) for one in made)
    later = refund(world, key, amount="0.50")
    sync(world, key, source="webhook")
    assert agrees(world, key, later)
    assert len(credits_of(world)) == 4
    assert runs_again_without_writing(world, key)


def test_an_echo_costs_one_request_to_the_store_and_none_to_the_account(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="1.00")
    sync(world, key)
    world.forget_requests()

    sync(world, key, source="webhook")

    assert sum(world.requests("bigcommerce").values()) == 1
    assert world.requests("brightpearl") == {}


def test_an_echo_leaves_cases_open(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="1.00")
    sync(world, key)
    world.brightpearl("credit", external_ref=f"BC-{key}", rows=[lines(world, 1)[0]])
    sync(world, key)
    (case,) = cases(world)

    sync(world, key, source="webhook")

    assert [one.id for one in cases(world)] == [case.id]


@pytest.mark.parametrize("cancelled", [True, False])
def test_units_on_a_back_order_are_credited_by_the_row_they_came_from(
    world: World, cancelled: bool
) -> None:
    key = imported(world)
    line = lines(world, 3)[0]
    first = world.brightpearl("backorder", external_ref=f"BC-{key}", rows={line["sku"]: 2})
    back_order_id = first["back_order_id"]
    second = world.brightpearl("backorder", order_id=back_order_id, rows={line["sku"]: 1})
    if cancelled:
        world.brightpearl("edit", order_id=second["back_order_id"], cancel=True)
    made = refund(world, key, items=[{"sku": line["sku"], "quantity": 3}])

    sync(world, key)

    assert agrees(world, key, made)
    assert cases(world) == []
    assert runs_again_without_writing(world, key)


def test_a_foreign_order_is_credited_at_the_rate_of_its_sales_order(world: World) -> None:
    key = imported(world, currency="EUR", exchange_rate="1.2345")
    made = refund(world, key, amount="4.00")

    sync(world, key)

    one, order = credit(world, key, made["refund_id"]), world.sales_order(key)
    assert (one.currency_code, one.exchange_rate) == ("EUR", order.exchange_rate)
    (payment,) = [p for p in world.sandbox.account.payments.values() if p.order_id == one.id]
    assert (payment.currency_code, payment.exchange_rate) == ("EUR", order.exchange_rate)
    assert agrees(world, key, made)


@pytest.mark.long
def test_a_rate_that_has_drifted_is_reported(world: World) -> None:
    key = imported(world, currency="EUR", exchange_rate="1.2000")
    world.sales_order(key).exchange_rate = Decimal("1.2100")
    refund(world, key, amount="4.00")

    report = sync(world, key)

    assert any("exchange rate" in note for note in report["notes"])
    assert report["counts"]["created"] == 1


@pytest.mark.long
def test_another_currency_than_the_sales_order_is_refused(world: World) -> None:
    key = imported(world)
    world.sales_order(key).currency_code = "USD"
    refund(world, key, amount="4.00")

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.key) == ("currency", key)
    assert case.remedy
    assert credits_of(world) == []


@pytest.mark.long
def test_money_that_the_gateway_sent_in_another_currency_is_refused(world: World) -> None:
    key = imported(world, currency="EUR", exchange_rate="1.2000")
    refund(world, key, amount="4.00", currency="GBP")

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("currency", "GBP")
    assert case.remedy
    assert credits_of(world) == []


@pytest.mark.long
def test_transactions_that_cannot_be_read_refuse_their_order_and_others_go_on(world: World) -> None:
    bad = imported(world, currency="EUR", exchange_rate="1.2000")
    good = imported(world, currency="EUR", exchange_rate="1.2000")
    refund(world, bad, amount="4.00")
    made = refund(world, good, amount="4.00")
    rule = {"kind": "null_fields", "method": "GET", "path": f"/v3/orders/{bad}/transactions$"}
    world.fault("bigcommerce", {**rule, "rate": 1.0, "field": "amount"})

    sync(world, bad, good)

    (case,) = cases(world)
    assert (case.class_, case.key) == ("document", bad)
    assert agrees(world, good, made)


def test_a_tender_nobody_mapped_is_refused_and_released_by_its_value(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="4.00", tender="custom")

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("payment_method", "custom")
    assert "payment_methods.csv" in case.remedy
    assert credits_of(world) == []
    release(world)
    assert [case.value for case in cases(world)] == ["custom"]


@pytest.mark.long
def test_more_than_the_order_was_worth_is_refused(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="4.00")
    store_refunds(world, key)[0].amount = Decimal("100000.00")

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("money", "beyond_order")
    assert case.remedy
    assert credits_of(world) == []


@pytest.mark.long
def test_more_units_than_the_line_had_are_refused(world: World) -> None:
    key = imported(world)
    sku = lines(world, 1)[0]["sku"]
    refund(world, key, items=[{"sku": sku, "quantity": 1}])
    store_refunds(world, key)[0].items[0].quantity = 9

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.field) == ("document", "qty_beyond")
    assert credits_of(world) == []


def test_one_credit_that_is_refused_holds_up_no_other_of_its_order(world: World) -> None:
    key, other = imported(world), imported(world)
    first, second = (refund(world, key, amount=amount) for amount in ("2.00", "3.00"))
    taken = f"BC-{key}-R{first['refund_id']}-{payment_id(world, key)}"
    world.brightpearl("payment", external_ref=f"BC-{other}", amount="1.00", transaction_ref=taken)

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("payment", taken)
    assert states(world, key) == ["dead"]
    assert payouts(world, credit(world, key, first["refund_id"])) == {}
    assert credit(world, key, first["refund_id"]).invoice_due_at is None
    assert agrees(world, key, second)
    assert credit(world, key, second["refund_id"]).invoice_due_at is not None


def test_a_refund_of_an_order_on_its_way_is_woken_by_its_import(world: World) -> None:
    key = world.place(lines=lines(world, 3, 2))
    made = refund(world, key, amount="4.00")
    world.due(key)

    sync(world, key)
    assert states(world, key) == ["parked"]

    world.bigcommerce("edit", order_id=int(key), status_id=11)
    world.sync(key)
    assert states(world, key) == ["due"]
    sync(world)
    assert agrees(world, key, made)


def test_a_refund_of_an_order_that_is_not_imported_yet_is_parked(world: World) -> None:
    key = world.place(lines=lines(world, 3, 2))
    refund(world, key, amount="4.00")
    world.bigcommerce("edit", order_id=int(key), status_id=12)

    sync(world, key)

    assert states(world, key) == ["parked"]
    assert cases(world) == []

    world.bigcommerce("edit", order_id=int(key), status_id=11)
    world.sync(key)

    assert states(world, key) == ["due"]
    sync(world)
    assert len(credits_of(world)) == 1


@pytest.mark.long
def test_a_refund_of_an_order_that_will_never_be_imported_is_refused(world: World) -> None:
    key = world.place(lines=lines(world, 3, 2))
    refund(world, key, everything=True)

    sync(world, key)

    (case,) = cases(world)
    assert (case.class_, case.value) == ("order", f"BC-{key}")
    assert "add `4,,<Brightpearl status id>` to mappings/tables/order_status.csv" in case.remedy
    assert states(world, key) == ["dead"]


@pytest.mark.long
def test_a_refund_of_an_order_that_was_deleted_in_brightpearl_is_refused(world: World) -> None:
    key = imported(world)
    world.brightpearl("edit", external_ref=f"BC-{key}", delete=True)
    refund(world, key, amount="4.00")

    sync(world, key)

    (case,) = cases(world)
    assert case.class_ == "deleted"
    assert case.remedy
    assert credits_of(world) == []


def test_a_preview_shows_the_plan_and_writes_nothing(world: World) -> None:
    key = imported(world)
    refund(world, key, amount="4.00")
    world.forget_requests()

    report = asyncio.run(sync_refunds.fn(pair=PAIR, dry_run=True, keys=[key]))

    assert "sales credit" in report["preview"][0]["writes"]
    assert "pay out 4.00 GBP" in report["preview"][0]["writes"]
    assert world.writes() == 0
    assert credits_of(world) == []


@pytest.mark.long
def test_credits_stay_open_where_the_merchant_wants_to_check_them_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(monkeypatch, close_credits="false")
    key = imported(world)
    made = refund(world, key, amount="4.00")

    sync(world, key)

    assert credit(world, key, made["refund_id"]).invoice_due_at is None
    assert runs_again_without_writing(world, key)


def test_a_document_that_breaks_the_model_is_refused_with_its_field(world: World) -> None:
    good, bad = imported(world), imported(world)
    made = refund(world, good, amount="1.00")
    refund(world, bad, amount="1.00")
    world.fault(
        "bigcommerce",
        {
            "kind": "null_fields",
            "method": "GET",
            "path": "payment_actions/refunds",
            "rate": 1.0,
            "fields": ["total_amount"],
            "times": 1,
        },
    )

    sync(world, bad)

    (case,) = cases(world)
    assert (case.class_, case.key) == ("document", bad)
    sync(world, good)
    assert agrees(world, good, made)
