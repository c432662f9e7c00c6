"""The plan of orders: desired minus actual, without any request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from new_orders import ANN, LINE, NEW, PAID, PERSON, PLACED

from tasks.brightpearl.contacts import plan_contact
from tasks.brightpearl.sales_orders import AgreedOrder, AgreedRow, Payment
from tasks.orders.cancellations import UNDONE
from tasks.orders.completion import CreateReceipt, ReserveStock
from tasks.orders.edits import AddRow, DeleteRow, SetShippingMethod, UpdateRows
from tasks.orders.frames import DesiredOrder, StoreOrder
from tasks.orders.matching import Account, ActualOrder, ActualRow, Allocation, Content
from tasks.orders.operations import (
    AddNote,
    CancelSalesOrder,
    CreateCredit,
    CreateSalesOrder,
    DeleteGoodsOutNote,
    OrderPlan,
    ReleaseStock,
    Rules,
    SetStatus,
    UpdateStoreOrder,
)
from tasks.orders.plan import plan_orders

NOBODY = Account()
KNOWN = replace(NEW, store=StoreOrder("9", "500", 0))
"""The same order after the write-back."""
COMPLETE = ActualOrder(
    order_id_bp="500",
    gross=Decimal("12.00"),
    rows={"1": ActualRow("9001", Content("1001", 2, Decimal("10.00"), Decimal("2.00")))},
    status_id="2",
    shipping_method_id="6",
    allocation="all",
    transaction_refs=frozenset({"BC-1-7"}),
)
AGREED = AgreedOrder(
    rows={
        "1": AgreedRow(
            row_id="9001", product_id="1001", quantity=2, net=Decimal(10), tax=Decimal(2)
        )
    },
    shipping_method_id="6",
    status_bc="9",
    status_bp="2",
    receipts=("BC-1-7",),
)
RULES = Rules(cancelled="5", on_hold="20")

T = TypeVar("T")


def plan(
    desired: DesiredOrder = KNOWN,
    actual: ActualOrder | None = COMPLETE,
    agreed: AgreedOrder | None = None,
    rules: Rules = RULES,
    **account: object,
) -> OrderPlan:
    orders = {"1": actual} if actual else {}
    known = {"1": agreed} if agreed else {}
    found = Account(orders, agreed=known, **account)  # type: ignore[arg-type]
    (order,) = plan_orders([desired], found, rules)
    return order


def of(order: OrderPlan, kind: type[T]) -> list[T]:
    return [one for one in order.operations if isinstance(one, kind)]


def kinds(order: OrderPlan) -> Sequence[type]:
    return [type(one) for one in order.operations]


def rows(**changed: object) -> dict[str, ActualRow]:
    content = Content("1001", 2, Decimal("10.00"), Decimal("2.00"))
    return {"1": ActualRow("9001", replace(content, **changed))}  # type: ignore[arg-type]


def approving(order: OrderPlan) -> Rules:
    return replace(RULES, approved={("1", case.value) for case in order.cases})


def test_an_unknown_order_is_created_paid_reserved_and_written_back() -> None:
    order = plan(NEW, actual=None)

    assert order.result == "created"
    assert kinds(order) == [CreateSalesOrder, CreateReceipt, ReserveStock, UpdateStoreOrder]
    (reservation,) = of(order, ReserveStock)
    assert reservation.units == {"1": ("1001", 2)}
    assert of(order, UpdateStoreOrder)[0].status_id == "9"


def test_a_new_customer_is_created_with_the_order() -> None:
    (create,) = of(plan(NEW, actual=None), CreateSalesOrder)

    assert create.contact == plan_contact(PERSON)
    (create,) = of(plan(NEW, actual=None, contacts={"a@example.com": "7"}), CreateSalesOrder)
    assert create.contact is None


def test_a_complete_order_needs_nothing() -> None:
    order = plan()

    assert (order.result, order.operations, order.cases) == ("unchanged", (), ())


@pytest.mark.parametrize("allocation", ["part", "none"])
def test_a_reservation_is_completed_only_when_stock_came_in(allocation: str) -> None:
    actual = replace(COMPLETE, allocation=allocation, reserved={"9001": 1})

    short = plan(actual=actual, on_hand={("2", "1001"): 0})
    assert short.operations == ()
    assert short.short == {"1001": 1}

    restocked = plan(actual=actual, on_hand={("2", "1001"): 5})
    (reservation,) = of(restocked, ReserveStock)
    assert restocked.result == "completed"
    assert reservation.replaces is (allocation == "part")


def test_orders_that_wait_for_stock_are_served_in_the_sequence_they_were_placed() -> None:
    later = replace(KNOWN, order_id="2", external_ref="BC-2", placed_at=PLACED + timedelta(hours=1))
    waiting = replace(COMPLETE, allocation="none")
    account = Account(orders={"1": waiting, "2": waiting}, on_hand={("2", "1001"): 3})
    first, second = plan_orders([later, KNOWN], account, RULES)

    assert [first.key, second.key] == ["1", "2"]
    assert [one.units for one in of(first, ReserveStock)] == [{"1": ("1001", 2)}]
    assert [one.units for one in of(second, ReserveStock)] == [{"1": ("1001", 1)}]


def test_an_order_created_but_unpaid_gets_its_receipt_only() -> None:
    order = plan(actual=replace(COMPLETE, transaction_refs=frozenset()))

    assert order.result == "completed"
    assert kinds(order) == [CreateReceipt]


def test_money_that_was_not_read_is_left_alone() -> None:
    unread = replace(KNOWN, payments=(), is_money_read=False)

    assert plan(unread, agreed=AGREED).cases == ()
    gone = plan(replace(KNOWN, payments=()), agreed=AGREED)
    assert [case.field for case in gone.cases] == ["receipt"]


def money(ref: str, amount: str, currency: str = "GBP") -> Payment:
    (payment,) = KNOWN.payments
    return replace(payment, transaction_ref=ref, amount=Decimal(amount), currency_code=currency)


@pytest.mark.parametrize(
    ("payments", "booked", "held"),
    [
        ([money("BC-1-8", "12.00")], ["BC-1-8"], []),
        ([money("BC-1-8", "5.00"), money("BC-1-9", "7.00")], ["BC-1-8", "BC-1-9"], []),
        ([money("BC-1-8", "12.00"), money("BC-1-9", "12.00")], ["BC-1-8"], ["BC-1-9"]),
        ([money("BC-1-8", "22.00")], [], ["BC-1-8"]),
        ([money("BC-1-8", "12.00", "USD")], [], ["BC-1-8"]),
        ([money("BC-1-8", "12.00"), money("BC-1-9", "0.01")], ["BC-1-8"], ["BC-1-9"]),
    ],
)
def test_receipts_beyond_what_an_order_owes_wait_for_a_person(
    payments: list[Payment], booked: list[str], held: list[str]
) -> None:
    paid = replace(KNOWN, payments=tuple(payments))
    for actual in (None, replace(COMPLETE, transaction_refs=frozenset())):
        found = plan(paid, actual=actual)
        assert [one.payment.transaction_ref for one in of(found, CreateReceipt)] == booked
        assert [case.detail["proposal"]["receipt"] for case in found.cases] == held
        approved = plan(paid, actual=actual, rules=approving(found))
        assert len(of(approved, CreateReceipt)) == len(payments)
        assert approved.cases == ()


def test_what_went_back_to_the_shopper_may_come_in_again() -> None:
    twice = (money("BC-1-8", "12.00"), money("BC-1-9", "12.00"))
    found = plan(replace(KNOWN, payments=twice, paid_back=Decimal("12.00")), actual=None)
    assert (len(of(found, CreateReceipt)), found.cases) == (2, ())


def test_a_receipt_that_staff_deleted_is_booked_again_only_after_approval() -> None:
    actual = replace(COMPLETE, transaction_refs=frozenset())
    held = plan(actual=actual, agreed=AGREED)

    assert held.operations == ()
    assert [case.field for case in held.cases] == ["receipt"]
    assert kinds(plan(actual=actual, agreed=AGREED, rules=approving(held))) == [CreateReceipt]


def test_rows_that_differ_with_nothing_agreed_are_a_persons_to_decide() -> None:
    actual = replace(COMPLETE, gross=Decimal("11.93"), rows=rows(net=Decimal("9.93")))
    order = plan(actual=actual)

    assert order.result == "held"
    (case,) = order.cases
    assert "12.00 GBP" in case.reason
    assert "a difference of 0.07" in case.reason
    assert order.operations == ()


def test_an_edit_in_the_store_changes_adds_and_drops_rows() -> None:
    more = replace(LINE, quantity=3, net=Decimal("15.00"), tax=Decimal("3.00"))
    extra = replace(LINE, row_ref="2", product_id="1002", quantity=1)
    edited = replace(KNOWN, rows=(more, extra), total_inc_tax=Decimal("30.00"))
    actual = replace(COMPLETE, rows={**rows(), "3": ActualRow("9003", rows()["1"].content)})
    agreed = AGREED.model_copy(
        update={
            "rows": {**AGREED.rows, "3": AGREED.rows["1"].model_copy(update={"row_id": "9003"})}
        }
    )
    order = plan(edited, actual, agreed)

    assert order.result == "amended"
    assert kinds(order) == [UpdateRows, AddRow, DeleteRow]
    assert order.agrees


def test_an_edit_of_an_order_on_a_note_waits_and_holds_the_pick() -> None:
    edited = replace(KNOWN, rows=(replace(LINE, quantity=1, net=Decimal(5), tax=Decimal(1)),))
    actual = replace(COMPLETE, has_notes=True, unsent_notes=("77",))
    held = plan(edited, actual, AGREED)

    assert held.holds
    assert [(one.after, one.returns_to) for one in of(held, SetStatus)] == [("20", "2")]
    applied = plan(edited, actual, AGREED, approving(held))
    assert kinds(applied)[:2] == [DeleteGoodsOutNote, UpdateRows]


def test_a_shipping_method_travels_where_staff_did_not_choose_another() -> None:
    express = replace(KNOWN, shipping_method_id="7")

    assert [one.after for one in of(plan(express, agreed=AGREED), SetShippingMethod)] == ["7"]
    chosen = replace(COMPLETE, shipping_method_id="8")
    assert of(plan(express, chosen, AGREED), SetShippingMethod) == []


def test_a_new_address_is_a_note_for_staff_once() -> None:
    moved = replace(KNOWN, delivery=ANN.model_copy(update={"line_1": "2 Low St"}))
    agreed = AGREED.model_copy(update={"delivery": KNOWN.delivery_hash})
    order = plan(moved, replace(COMPLETE, delivery=KNOWN.delivery_hash), agreed)

    assert [one.about for one in of(order, AddNote)] == ["address"]
    assert "2 Low St" not in order.operations[0].describe()
    assert order.is_address_outdated
    asked = agreed.model_copy(update={"address_note": moved.delivery_hash})
    again = plan(moved, replace(COMPLETE, delivery=KNOWN.delivery_hash), asked)
    assert of(again, AddNote) == []


def test_an_order_deleted_in_brightpearl_is_created_again_only_after_approval() -> None:
    held = plan(NEW, actual=None, deleted={"1": ()})

    assert held.result == "held"
    assert held.operations == ()
    again = plan(NEW, actual=None, deleted={"1": ()}, rules=approving(held))
    assert of(again, CreateSalesOrder)


def test_a_deleted_order_whose_back_order_exists_is_not_proposed_anew() -> None:
    held = plan(NEW, actual=None, deleted={"1": ("501",)})

    (case,) = held.cases
    assert "501" in case.reason
    assert not case.detail["proposal"]
    again = plan(NEW, actual=None, deleted={"1": ()}, rules=approving(held))
    assert of(again, CreateSalesOrder) == []


def test_what_is_in_a_back_order_is_not_reserved_in_the_order_itself() -> None:
    actual = replace(COMPLETE, allocation="none", moved={"1": 1})
    (reservation,) = of(plan(actual=actual, on_hand={("2", "1001"): 9}), ReserveStock)
    assert dict(reservation.units) == {"1": ("1001", 1)}

    moved = plan(actual=replace(actual, moved={"1": 2}), on_hand={("2", "1001"): 9})
    assert of(moved, ReserveStock) == []
    assert not moved.short


CANCELLED = replace(KNOWN, store=StoreOrder("5", "500", 0))


def test_a_cancelled_order_gives_back_notes_and_stock_before_its_status_is_set() -> None:
    on_note = replace(COMPLETE, has_notes=True, unsent_notes=("77",))
    order = plan(CANCELLED, on_note, AGREED)

    assert order.result == "cancelled"
    assert kinds(order) == [SetStatus, DeleteGoodsOutNote, ReleaseStock, CancelSalesOrder]


def test_a_cancellation_waits_where_staff_set_another_status_meanwhile() -> None:
    actual = replace(COMPLETE, status_id="18")
    held = plan(CANCELLED, actual, AGREED)

    assert of(held, CancelSalesOrder) == []
    assert held.is_status_undecided
    (case,) = held.cases
    assert "the status 18" in case.reason
    assert of(plan(CANCELLED, actual, AGREED, approving(held)), CancelSalesOrder)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({"is_shipped": True}, "intercept"),
        ({"is_invoiced": True}, "credit"),
        ({"back_orders": ("501",)}, "split"),
    ],
)
def test_a_cancellation_that_a_person_decides_says_what_stands_against_it(
    state: dict[str, object], kind: str
) -> None:
    order = plan(CANCELLED, replace(COMPLETE, **state), AGREED)  # type: ignore[arg-type]

    assert [case.field for case in order.cases] == [kind]
    assert order.operations == ()


def test_an_approved_credit_undoes_an_invoiced_order() -> None:
    invoiced = replace(COMPLETE, is_invoiced=True)
    held = plan(CANCELLED, invoiced, AGREED)

    (credit,) = of(plan(CANCELLED, invoiced, AGREED, approving(held)), CreateCredit)
    assert credit.external_ref == f"BC-1{UNDONE}"


def test_an_order_that_staff_cancelled_is_cancelled_in_the_store() -> None:
    off = replace(COMPLETE, status_id="5", is_cancelled=True)
    order = plan(KNOWN, off, AGREED)

    assert [one.status_id for one in of(order, UpdateStoreOrder)] == ["5"]


@pytest.mark.parametrize(("allocation", "units"), [("none", {"1": 2}), ("all", {})])
def test_units_of_an_order_that_only_staff_cancelled_are_missing_once_they_are_not_reserved(
    allocation: Allocation, units: dict[str, int]
) -> None:
    off = replace(COMPLETE, status_id="5", is_cancelled=True, allocation=allocation)
    kept = plan(KNOWN, off, AGREED, replace(RULES, cancel_in_store=False))

    assert kept.operations == ()
    assert kept.missing_units == units


def test_an_order_reopened_and_put_on_hold_does_not_go_back_to_cancelled() -> None:
    actual = replace(
        COMPLETE,
        status_id="5",
        is_cancelled=True,
        has_notes=True,
        rows=rows(quantity=1, net=Decimal(5), tax=Decimal(1)),
    )
    row = AgreedRow(row_id="9001", product_id="1001", quantity=1, net=Decimal(5), tax=Decimal(1))
    agreed = AgreedOrder(rows={"1": row}, status_bc="5", status_bp="5", is_cancelled=True)
    order = plan(KNOWN, actual, agreed)

    assert order.holds
    assert [(one.after, one.returns_to) for one in of(order, SetStatus)] == [("20", "2")]


@given(
    exists=st.booleans(),
    paid=st.booleans(),
    known_payment=st.booleans(),
    allocation=st.sampled_from(["not required", "none", "part", "all"]),
    free=st.integers(0, 3),
    is_written_back=st.booleans(),
)
def test_carrying_out_a_plan_leaves_nothing_to_plan(
    exists: bool, paid: bool, known_payment: bool, allocation: str, free: int, is_written_back: bool
) -> None:
    payments = (PAID,) if paid else ()
    desired = replace(KNOWN if is_written_back else NEW, payments=payments)
    refs = frozenset({"BC-1-7"}) if known_payment else frozenset()
    actual = replace(COMPLETE, allocation=allocation, transaction_refs=refs)
    on_hand = {("2", "1001"): free}
    order = plan(desired, actual if exists else None, on_hand=on_hand)

    booked = {one.payment.transaction_ref for one in of(order, CreateReceipt)}
    afterwards = replace(
        actual,
        transaction_refs=actual.transaction_refs | booked,
        allocation="all" if of(order, ReserveStock) else allocation,
    )
    again = plan(replace(KNOWN, payments=payments), afterwards, on_hand=on_hand)

    assert again.result == "unchanged"
    assert again.operations == ()
