"""The plan: desired minus actual, without any world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames import frame
from core.orders import CONTACTS, LINES, ORDERS, PAYMENTS, ROWS, SALES_ORDERS
from tasks.orders.desired import Desired, Rules
from tasks.orders.memory import AgreedRow, Memory
from tasks.orders.plan import work_out
from tasks.orders.plan_models import Action, OrderPlan
from tasks.orders.states import Actual, ActualOrder, ActualRow, Content

PLACED = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = Actual(orders={}, contacts={})


def desired(
    *order_ids: str, email_key: str = "a@example.com", paid: bool = True, status_id: str = "11"
) -> Desired:
    return Desired(
        orders=frame(
            (
                {
                    "order_id": i,
                    "status_id": status_id,
                    "external_order_id": "",
                    "placed_at": PLACED,
                }
                for i in order_ids
            ),
            ORDERS,
        ),
        lines=frame([], LINES),
        sales_orders=frame(
            (
                {
                    "order_id": i,
                    "external_ref": f"BC-{i}",
                    "warehouse_id": "2",
                    "currency_code": "GBP",
                    "email_key": email_key,
                    "status_id_after": "9",
                    "total_inc_tax": Decimal("12.00"),
                    "placed_at": PLACED,
                }
                for i in order_ids
            ),
            SALES_ORDERS,
        ),
        rows=frame(
            (
                {
                    "order_id": i,
                    "row_ref": "1",
                    "product_id": "1001",
                    "quantity": 2,
                    "net": Decimal("10.00"),
                    "tax": Decimal("2.00"),
                }
                for i in order_ids
            ),
            ROWS,
        ),
        contacts=frame([{"email_key": email_key}], CONTACTS),
        payments=frame(
            (
                {
                    "order_id": i,
                    "transaction_ref": f"BC-{i}-7",
                    "amount": Decimal("12.00"),
                    "currency_code": "GBP",
                    "paid_at": PLACED,
                }
                for i in order_ids
                if paid
            ),
            PAYMENTS,
        ),
        stock_tracked=frozenset({"1001"}),
    )


def settled(order_id: str = "1", id_bp: str = "500") -> ActualOrder:
    return ActualOrder(
        order_id_bp=id_bp,
        external_ref=f"BC-{order_id}",
        gross=Decimal("12.00"),
        rows={"1": ActualRow("9001", Content("1001", 2, Decimal("10.00"), Decimal("2.00")))},
        allocation="all",
        transaction_refs=frozenset({f"BC-{order_id}-7"}),
    )


def told(batch: Desired, id_bp: str = "500") -> Desired:
    """The same batch after the store has been told."""
    return replace(batch, orders=batch.orders.assign(status_id="9", external_order_id=id_bp))


def test_an_order_nobody_knows_is_created_reserved_paid_and_told() -> None:
    plan = work_out(desired("1"), NOBODY)

    (order,) = plan.orders
    assert order.action is Action.CREATE
    assert order.create is not None
    assert order.create.external_ref == "BC-1"
    assert order.reservation is not None
    assert order.reservation.units == {"1": ("1001", 2)}
    assert [receipt.transaction_ref for receipt in order.receipts] == ["BC-1-7"]
    assert order.write_back is not None
    assert order.write_back.status_id == "9"


def test_many_orders_of_one_new_customer_make_one_contact() -> None:
    plan = work_out(desired("1", "2", "3"), NOBODY)

    assert [contact.email_key for contact in plan.contacts] == ["a@example.com"]


def test_a_known_customer_is_not_created_again() -> None:
    plan = work_out(desired("1"), Actual(orders={}, contacts={"a@example.com": "77"}))

    assert plan.contacts == ()


def test_a_settled_order_needs_nothing() -> None:
    plan = work_out(told(desired("1")), Actual(orders={"BC-1": settled()}, contacts={}))

    assert plan.orders[0].action is Action.NOTHING
    assert plan.contacts == ()
    assert {k: v for k, v in plan.count().items() if v} == {"unchanged": 1}


@pytest.mark.parametrize("allocation", ["part", "none"])
def test_a_reservation_is_completed_only_when_stock_came_in(allocation: str) -> None:
    there = replace(settled(), allocation=allocation, reserved={"9001": 1})
    short = Actual(orders={"BC-1": there}, contacts={}, on_hand={("2", "1001"): 0})
    restocked = replace(short, on_hand={("2", "1001"): 5})

    assert work_out(told(desired("1")), short).orders[0].action is Action.NOTHING
    (order,) = work_out(told(desired("1")), restocked).orders
    assert order.action is Action.COMPLETE
    assert order.reservation is not None
    assert order.reservation.replaces is (allocation == "part")


def test_an_order_created_but_unpaid_gets_its_receipt_only() -> None:
    there = replace(settled(), transaction_refs=frozenset())
    (order,) = work_out(told(desired("1")), Actual({"BC-1": there}, {})).orders

    assert order.action is Action.COMPLETE
    assert len(order.receipts) == 1
    assert order.create is None
    assert order.reservation is None
    assert order.write_back is None


def test_rows_that_differ_with_nothing_remembered_are_a_persons_to_decide() -> None:
    rows = {"1": ActualRow("9001", Content("1001", 2, Decimal("9.93"), Decimal("2.00")))}
    there = replace(settled(), gross=Decimal("11.93"), rows=rows)
    (order,) = work_out(told(desired("1")), Actual({"BC-1": there}, {})).orders

    assert order.action is Action.HOLD
    (case,) = order.cases
    assert "12.00 GBP" in case.reason
    assert "0.07 apart" in case.reason
    assert order.amend is None


def test_an_order_deleted_in_brightpearl_is_created_again_only_by_a_persons_word() -> None:
    gone = replace(NOBODY, deleted={"BC-1": ()})
    (order,) = work_out(desired("1"), gone).orders

    assert order.action is Action.HOLD
    assert order.create is None

    rules = Rules(approved={("1", order.cases[0].value)})
    (again,) = work_out(desired("1"), gone, rules).orders
    assert again.create is not None


def test_a_deleted_order_whose_back_order_stands_is_not_proposed_anew() -> None:
    (order,) = work_out(desired("1"), replace(NOBODY, deleted={"BC-1": ("501",)})).orders

    (case,) = order.cases
    assert "501" in case.reason
    assert not case.detail["proposal"]
    rules = Rules(approved={("1", case.value)})
    (again,) = work_out(desired("1"), replace(NOBODY, deleted={"BC-1": ()}), rules).orders
    assert again.create is None


def test_what_stands_in_a_back_order_is_not_reserved_in_the_order_itself() -> None:
    there = replace(settled(), allocation="none", moved={"1": 1})
    free = Actual({"BC-1": there}, {}, on_hand={("2", "1001"): 9})
    (order,) = work_out(told(desired("1")), free).orders
    assert order.reservation is not None
    assert dict(order.reservation.units) == {"1": ("1001", 1)}

    moved = replace(there, moved={"1": 2})
    (order,) = work_out(told(desired("1")), replace(free, orders={"BC-1": moved})).orders
    assert order.reservation is None
    assert not order.short


def test_a_cancellation_waits_where_staff_gave_the_order_another_status_meanwhile() -> None:
    rules = Rules(cancelled="5")
    agreed = {"BC-1": Memory(status_bc="11", status_bp="2")}
    off = desired("1", status_id="5")

    def plan(status: str, rules: Rules = rules) -> OrderPlan:
        there = replace(settled(), status_id=status)
        return work_out(off, Actual({"BC-1": there}, {}, memories=agreed), rules).orders[0]

    assert plan("2").call_off is not None
    held = plan("18")
    assert held.call_off is None
    assert held.is_status_open
    (case,) = held.cases
    assert "the status 18" in case.reason
    assert plan("18", replace(rules, approved={("1", case.value)})).call_off is not None


def test_an_order_taken_up_again_and_put_on_hold_does_not_go_back_to_cancelled() -> None:
    there = replace(
        settled(),
        status_id="5",
        is_cancelled=True,
        has_notes=True,
        rows={"1": ActualRow("9001", Content("1001", 1, Decimal(5), Decimal(1)))},
    )
    row = AgreedRow(row_id="9001", product_id="1001", quantity=1, net=Decimal(5), tax=Decimal(1))
    memory = Memory(rows={"1": row}, status_bc="5", status_bp="5", is_cancelled=True)
    batch = told(desired("1"))
    header = batch.sales_orders.assign(status_id="2")
    (order,) = work_out(
        replace(batch, sales_orders=header),
        Actual({"BC-1": there}, {}, memories={"BC-1": memory}),
        Rules(cancelled="5", on_hold="20"),
    ).orders

    assert order.holds
    assert order.status is not None
    assert (order.status.after, order.status.returns_to) == ("20", "2")


def test_an_empty_batch_gives_an_empty_plan() -> None:
    assert work_out(Desired.nothing(), NOBODY).orders == ()


@given(
    exists=st.booleans(),
    paid=st.booleans(),
    known_payment=st.booleans(),
    allocation=st.sampled_from(["not required", "none", "part", "all"]),
    free=st.integers(0, 3),
    is_told=st.booleans(),
)
def test_carrying_out_a_plan_leaves_nothing_to_plan(
    exists: bool, paid: bool, known_payment: bool, allocation: str, free: int, is_told: bool
) -> None:
    batch = desired("1", paid=paid)
    refs = frozenset({"BC-1-7"}) if known_payment else frozenset()
    there = replace(settled(), allocation=allocation, transaction_refs=refs)
    actual = Actual({"BC-1": there} if exists else {}, {}, on_hand={("2", "1001"): free})
    (order,) = work_out(told(batch) if is_told else batch, actual).orders

    afterwards = replace(
        there,
        transaction_refs=there.transaction_refs | {r.transaction_ref for r in order.receipts},
        allocation="all" if order.reservation else there.allocation,
    )
    again = work_out(told(batch), Actual({"BC-1": afterwards}, {}, on_hand=actual.on_hand))

    assert again.orders[0].action is Action.NOTHING
