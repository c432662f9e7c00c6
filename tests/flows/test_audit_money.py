"""The money tie-out, over real HTTP: what agrees, and every reason."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from refunding import change, credit, lines, refund, skus
from refunding import sync as sync_refunds
from world import PAIR, World

from core.times import utc_now
from flows.money import audit_money
from store.quarantine import Quarantine
from store.runs import Runs
from tasks.orders.entity import ORDERS
from tasks.reconciler.connections import connect

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = "2026-03-10"
REFUNDABLE = {"captured", "paid"}


@pytest.fixture(autouse=True)
def noon(world: World) -> None:
    """The clocks of both systems stop at noon of the day."""
    world.sandbox.clock.freeze(NOON)


def audit(day: str = DAY) -> dict[str, Any]:
    return asyncio.run(audit_money.fn(PAIR, day))


def differences(found: dict[str, Any], *, explained: bool = False) -> dict[str, str]:
    """Reasons by name."""
    return {
        one["name"]: one["reason"] for one in found["differences"] if one["explained"] is explained
    }


def figure(found: dict[str, Any], side: str, name: str, block: str = "orders") -> Decimal:
    """A figure of one side, over all channels and currencies."""
    return sum((Decimal(line[side][name]) for line in found[block]), Decimal(0))


def imported(world: World, **order: Any) -> str:
    (key,) = all_imported(world, order)
    return key


def all_imported(world: World, *orders: dict[str, Any]) -> list[str]:
    """Orders of two lines each, in Brightpearl; their ids."""
    keys = [world.place(**{"lines": lines(world, 2, 1), **order}) for order in orders]
    world.sync(*keys)
    return keys


def test_a_day_of_120_orders_with_refunds_edits_and_cancellations_agrees(world: World) -> None:
    keys = [str(one) for one in world.bigcommerce("orders", generate=120)["ids"]]
    store = world.sandbox.store
    world.sync(*keys)
    paid = [k for k in keys if store.orders[int(k)].payment_status in REFUNDABLE]
    refunded, pending, declined, undone, edited, cancelled = (
        paid[:10], paid[10:13], paid[13:15], paid[15:17], paid[20:26], paid[26:31],
    )  # fmt: skip
    for key in [*refunded[:7], *undone]:
        line = store.orders[int(key)].lines[0]
        refund(world, key, items=[{"id": line.id, "quantity": 1}])
    for key in refunded[7:]:
        refund(world, key, everything=True)
    for key, outcome in [*((k, "pending") for k in pending), *((k, "declined") for k in declined)]:
        refund(world, key, amount="1.00", payment=outcome)
    for key in edited:
        line = store.orders[int(key)].lines[0]
        change_ = {"id": line.id, "quantity": line.quantity + 1}
        world.bigcommerce("edit", order_id=int(key), lines=[change_])
    for key in cancelled:
        world.bigcommerce("edit", order_id=int(key), status_id=5)
    world.sync(*edited, *cancelled)
    sync_refunds(world, *refunded, *pending, *declined, *undone)
    world.forget_requests()

    found = audit()

    assert found["unexplained"] == {}
    assert found["agrees"] is True
    assert set(differences(found, explained=True).values()) <= {"pending", "declined", "rounding"}
    assert sum(r == "pending" for r in differences(found, explained=True).values()) == len(pending)
    assert sum(r == "declined" for r in differences(found, explained=True).values()) == len(
        declined
    )
    sold = [o for k in keys if (o := store.orders[int(k)]).status_id not in {0, 5, 6}]
    assert figure(found, "bigcommerce", "orders") == len(sold) > 100
    assert figure(found, "bigcommerce", "total") == sum(o.totals.inc for o in sold)
    assert figure(found, "brightpearl", "total") == sum(
        order.net + order.tax for order in world.sales_orders if order.status_id != 5
    )
    assert figure(found, "brightpearl", "taxed") == sum(o.totals.tax for o in sold)
    assert figure(found, "bigcommerce", "refunded") == sum(
        one.amount for k in keys for one in store.orders[int(k)].refunds
    )
    assert figure(found, "brightpearl", "refunded") == sum(
        one.amount for k in [*refunded, *undone] for one in store.orders[int(k)].refunds
    )
    assert figure(found, "bigcommerce", "refunds", "refunds") == 17
    systems = ("bigcommerce", "brightpearl")
    sent = {system: sum(world.requests(system).values()) for system in systems}
    assert sent == found["requests"]
    assert sum(sent.values()) <= 12 + len(edited)
    assert world.writes() == 0


def test_the_audits_of_orders_and_of_money_count_the_same_orders_of_a_day(world: World) -> None:
    keys = all_imported(world, *[{}] * 3)
    _, cancelled, deleted = keys
    world.brightpearl("edit", external_ref=f"BC-{cancelled}", cancel=True)
    world.brightpearl("edit", external_ref=f"BC-{deleted}", delete=True)
    paid = {"lines": lines(world, 1), "payment": "captured"}
    parked = world.place(**paid, status_id=12)
    world.sync(parked)
    world.place(**paid, status_id=13)
    world.place(lines=lines(world, 1), payment="authorized", status_id=12)
    world.place(**paid, status_id=5)
    world.place(**paid, status_id=0)
    archived = world.place(**paid)
    world.bigcommerce("edit", order_id=int(archived), archive=True)
    world.place(**paid)

    money = audit()
    orders: dict[str, Any] = ORDERS.audit(PAIR, (utc_now() - NOON).days + 1)

    assert money["population"] == orders["days"][DAY] == orders["population"]
    assert money["population"] == {
        "placed": 9,
        "sales": 7,
        "in_brightpearl": 1,
        "cancelled": 1,
        "waiting": 2,
        "not_imported": 1,
        "missing": 2,
        "no_sale": {"cancelled": 1, "incomplete": 1},
        "unreadable": 0,
    }
    counted = (
        "9 orders were placed, 7 of them sales (1 in Brightpearl, 1 cancelled in Brightpearl, "
        "2 waiting, 1 not to be imported, 2 missing); no sale: 1 cancelled, 1 incomplete."
    )
    assert counted in money["says"]
    assert counted in orders["says"]
    assert figure(money, "bigcommerce", "orders") == orders["orders"] == 7


def test_a_payout_by_another_tender_than_the_stores_is_named(world: World) -> None:
    (key,) = all_imported(world, {})
    made = refund(world, key, amount="5.00")
    sync_refunds(world, key)
    assert audit()["agrees"] is True
    one = credit(world, key, made["refund_id"])
    (paid,) = (p for p in world.sandbox.account.payments.values() if p.order_id == one.id)
    world.brightpearl("payment", delete=paid.id)
    world.brightpearl("payment", order_id=one.id, method="CASH")

    found = audit()

    assert differences(found) == {one.external_ref: "payout_tender"}
    assert "went back by CARD 5.00, booked by CASH 5.00" in found["unexplained"][one.external_ref]


def test_a_cent_on_either_side_is_named_with_its_reason(world: World) -> None:
    keys = all_imported(world, *({"channel_id": 1 + (n % 2)} for n in range(9)))
    amended, unpaid, overpaid, deleted, cancelled, ended, archived, edited, doubled = keys
    account = world.sandbox.account
    ref = {key: f"BC-{key}" for key in keys}
    row = next(r for r in world.sales_order(amended).rows.values() if r.product_id)
    cent = {"id": row.id, "net": str(row.net + Decimal("0.01"))}
    world.brightpearl("edit", external_ref=ref[amended], rows=[cent])
    (receipt,) = [
        p.id for p in account.payments.values() if p.order_id == world.sales_order(unpaid).id
    ]
    world.brightpearl("payment", delete=receipt)
    world.brightpearl("payment", external_ref=ref[overpaid], amount="0.01", method="CASH")
    world.brightpearl("edit", external_ref=ref[deleted], delete=True)
    world.brightpearl("edit", external_ref=ref[cancelled], cancel=True)
    world.bigcommerce("edit", order_id=int(ended), status_id=5)
    world.bigcommerce("edit", order_id=int(archived), archive=True)
    world.bigcommerce("edit", order_id=int(edited), discount="0.01")
    copy = world.sales_order(doubled)
    account.orders[copy.id + 10_000] = twin = _twin(copy)
    account.orders_by_external_ref[ref[doubled]].append(twin.id)
    missing = world.place(lines=lines(world, 1))

    found = audit()

    assert found["agrees"] is False
    assert differences(found) == {
        ref[amended]: "amended",
        ref[unpaid]: "receipt_missing",
        ref[overpaid]: "receipt_too_much",
        ref[deleted]: "deleted_in_brightpearl",
        ref[cancelled]: "cancelled_in_brightpearl",
        ref[ended]: "cancelled_in_store",
        ref[archived]: "gone_from_store",
        ref[edited]: "edited",
        ref[doubled]: "doubled",
        f"BC-{missing}": "not_imported",
    }
    assert "missing BC-" in found["unexplained"][ref[unpaid]]
    cents = next(one["amounts"] for one in found["differences"] if one["name"] == ref[amended])
    assert cents["total"]["difference"] == "-0.01"
    assert _named_accounts_for_everything(found)


def test_an_order_whose_receipt_is_gone_is_compared_once_more_and_becomes_a_case(
    world: World,
) -> None:
    key = imported(world)
    sale = world.sales_order(key)
    (receipt,) = [p.id for p in world.sandbox.account.payments.values() if p.order_id == sale.id]
    world.brightpearl("payment", delete=receipt)
    world.sync(key, source="sweep")
    assert Quarantine(connect(PAIR).database).list(pair=PAIR) == []

    found = audit()

    assert differences(found) == {f"BC-{key}": "receipt_missing"}
    assert found["requeued"] == 1
    assert "To be compared once more: 1." in found["says"]
    world.sync()
    sync_refunds(world)
    (case,) = Quarantine(connect(PAIR).database).list(pair=PAIR)
    assert (case.key, case.class_) == (key, "review")
    assert "receipt" in case.reason
    again = audit()
    assert (differences(again), again["requeued"]) == ({}, 0)


def test_what_waits_for_a_person_is_explained(world: World) -> None:
    amended, deleted, unpaid = all_imported(world, {}, {}, {})
    unknown = world.place(lines=[{"sku": "NOT-THERE", "name": "New", "price": "5.00"}])
    parked = world.place(lines=lines(world, 1), status_id=12)
    row = next(r for r in world.sales_order(amended).rows.values() if r.product_id)
    world.brightpearl("edit", external_ref=f"BC-{amended}", rows=[{"id": row.id, "quantity": "1"}])
    world.brightpearl("edit", external_ref=f"BC-{deleted}", delete=True)
    (receipt,) = [
        p.id
        for p in world.sandbox.account.payments.values()
        if p.order_id == world.sales_order(unpaid).id
    ]
    world.brightpearl("payment", delete=receipt)
    world.sync(amended, deleted, unpaid, unknown, parked)

    found = audit()

    assert found["unexplained"] == {}
    assert found["agrees"] is True
    assert differences(found, explained=True) == {
        f"BC-{amended}": "amended",
        f"BC-{deleted}": "deleted_in_brightpearl",
        f"BC-{unpaid}": "receipt_missing",
        f"BC-{unknown}": "not_imported",
        f"BC-{parked}": "not_imported",
    }
    because = {one["name"]: one["because"] for one in found["differences"]}
    assert because[f"BC-{unknown}"] == "quarantined: sku"
    assert because[f"BC-{parked}"] == "parked: status 12 is not imported yet"
    assert because[f"BC-{amended}"] == "waits for a person: case differs"

    quarantine = Quarantine(connect(PAIR).database)
    ids = [case.id for case in quarantine.list(pair=PAIR)]
    quarantine.discard(ids, "as it should be", now=utc_now())
    assert audit()["agrees"] is True

    row = next(r for r in world.sales_order(amended).rows.values() if r.product_id)
    cent = {"id": row.id, "net": str(row.net + Decimal("0.01"))}
    world.brightpearl("edit", external_ref=f"BC-{amended}", rows=[cent])
    assert differences(audit()) == {f"BC-{amended}": "amended"}


def test_refunds_and_credits_that_differ_are_named(world: World) -> None:
    keys = all_imported(world, *[{}] * 5)
    fine, amended, unbooked, waiting, credited = keys
    made = {}
    for key in keys[:3]:
        made[key] = refund(world, key, items=[{"sku": skus(world)[0], "quantity": 1}])
    sync_refunds(world, *made)
    made[waiting] = refund(world, waiting, amount="2.50")
    booked = credit(world, amended, made[amended]["refund_id"])
    row = next(iter(booked.rows.values()))
    cent = {"id": row.id, "net": str(row.net - Decimal("0.01"))}
    world.brightpearl("edit", order_id=booked.id, rows=[cent])
    paid = credit(world, unbooked, made[unbooked]["refund_id"])
    (payout,) = [p.id for p in world.sandbox.account.payments.values() if p.order_id == paid.id]
    world.brightpearl("payment", delete=payout)
    staffs = world.brightpearl("credit", external_ref=f"BC-{credited}")

    found = audit()

    assert differences(found) == {
        f"BC-{amended}-R{made[amended]['refund_id']}": "credit_differs",
        f"BC-{unbooked}-R{made[unbooked]['refund_id']}": "payout_missing",
        f"BC-{waiting}-R{made[waiting]['refund_id']}": "no_credit",
        f"BC-{credited} credit {staffs['credit_id']}": "no_refund",
    }
    assert _named_accounts_for_everything(found)
    world.due(waiting, entity="refunds")
    again = audit()
    assert differences(again) == {}  # what was found is compared once more
    assert differences(again, explained=True) == differences(found)
    change(world, made[fine], undo=True)
    assert differences(audit())[f"BC-{fine}-R{made[fine]['refund_id']}"] == "no_refund"


@pytest.mark.long
def test_a_refund_counts_for_its_order_and_again_for_its_own_day(world: World) -> None:
    key = imported(world, channel_id=2)
    world.sandbox.clock.advance(timedelta(days=3).total_seconds())
    made = refund(world, key, items=[{"sku": skus(world)[0], "quantity": 1}])
    sync_refunds(world, key)
    amount = Decimal(str(made["total_amount"]))

    first, third = audit(), audit("2026-03-13")

    assert first["agrees"] is third["agrees"] is True
    assert figure(first, "bigcommerce", "refunded") == amount
    assert figure(first, "brightpearl", "paid_back") == amount
    assert first["refunds"] == []
    assert third["orders"] == []
    (line,) = third["refunds"]
    assert (line["channel"], line["currency"]) == ("2", "GBP")
    assert Decimal(line["bigcommerce"]["refunded"]) == amount
    assert line["bigcommerce"] == line["brightpearl"]


@pytest.mark.long
def test_the_day_is_the_stores_own_and_the_next_day_has_its_own_orders(world: World) -> None:
    world.sandbox.clock.freeze(datetime(2026, 7, 1, 22, 59, tzinfo=UTC))
    early = imported(world)
    world.sandbox.clock.freeze(datetime(2026, 7, 1, 23, 0, tzinfo=UTC))
    late = imported(world)

    first, second = audit("2026-07-01"), audit("2026-07-02")

    assert first["until"] == second["since"] == "2026-07-01T23:00:00.000Z"
    for found, key in ((first, early), (second, late)):
        assert found["agrees"] is True
        assert figure(found, "bigcommerce", "orders") == 1
        total = world.sandbox.store.orders[int(key)].totals.inc
        assert figure(found, "brightpearl", "total") == total


def test_back_orders_belong_to_their_order(world: World) -> None:
    key = imported(world)
    sku = skus(world)[0]
    world.brightpearl("backorder", external_ref=f"BC-{key}", rows={sku: 1})
    assert audit()["agrees"] is True


@pytest.mark.long
def test_an_order_that_was_paid_for_less_than_its_new_total_agrees_by_its_transactions(
    world: World,
) -> None:
    key = imported(world)
    world.bigcommerce("edit", order_id=int(key), lines=[{"sku": skus(world)[0], "quantity": 4}])
    world.sync(key)
    world.forget_requests()
    found = audit()
    assert found["agrees"] is True
    assert figure(found, "bigcommerce", "paid") < figure(found, "bigcommerce", "total")
    sent = world.requests("bigcommerce")
    assert sum(count for name, count in sent.items() if name.endswith("/transactions")) == 1


def test_the_report_is_kept_and_holds_nothing_personal(world: World) -> None:
    imported(world, email="somebody@example.com")
    world.place(lines=[{"sku": "GONE", "name": "Gone", "price": "5.00"}], email="x.y@example.com")
    found = audit()
    (kept,) = Runs(connect(PAIR).database).last(PAIR, flow="audit-money")
    assert kept == found
    for personal in ("somebody@example.com", "x.y@example.com", "Ann", "High Street", "Lee"):
        assert personal not in str(found)


def _named_accounts_for_everything(found: dict[str, Any]) -> bool:
    """Whether the differences, added up, are what the totals differ by."""
    for line in found["orders"]:
        for name, difference in line["difference"].items():
            named = sum(
                Decimal(one["amounts"][name]["difference"])
                for one in found["differences"]
                if (one["channel"], one["currency"]) == (line["channel"], line["currency"])
                and name in one["amounts"]
            )
            if named != Decimal(difference):
                return False
    return True


def _twin(order: Any) -> Any:
    return replace(order, id=order.id + 10_000, rows=dict(order.rows))
