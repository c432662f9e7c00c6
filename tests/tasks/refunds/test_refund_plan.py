"""The plan of refunds: desired minus actual, without any request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from refund_sides import (
    LINE,
    ORDER,
    PRODUCT,
    SOLD,
    credit,
    desired,
    link,
    refund,
    sale,
    settled,
    shipped,
    sides,
    sold_row,
)

from connectors.brightpearl.goods_note_models import GoodsInNote
from core.settings import RefundSettings
from tasks.reconciler.cases import Decisions
from tasks.refunds.frames import DesiredCredit
from tasks.refunds.goods import DeleteNote, ReleaseStock
from tasks.refunds.matching import RefundedOrder
from tasks.refunds.operations import (
    CancelCredit,
    CloseCredit,
    CreateCredit,
    DeletePayment,
    PayOut,
    ReceiveGoods,
)
from tasks.refunds.plan import OrderPlan, PlanContext, plan_order
from tasks.refunds.returns import CreateRefund

REF = f"BC-{ORDER}-R7"
PAID = {f"{REF}-1": "12.00"}
ALL_SHIPPED = {"notes": [shipped(3)]}
STAFFS = {"refund_id": "", "externalRef": ""}


def plan(
    both: RefundedOrder,
    wanted: Mapping[str, DesiredCredit] | None = None,
    *,
    approved: Sequence[str] = (),
    discarded: Sequence[str] = (),
    **settings: Any,
) -> OrderPlan:
    """The plan of the order. In: what the mapping made, by refund id."""
    by_refund = {(ORDER, key): one for key, one in (wanted or {"7": desired()}).items()}
    decisions = Decisions(
        approved={(ORDER, value) for value in approved},
        discarded={(ORDER, value) for value in discarded},
    )
    return plan_order(PlanContext(by_refund, decisions, RefundSettings(**settings)), both)


def kinds(found: OrderPlan) -> list[type]:
    return [type(one) for one in found.operations]


def test_a_new_refund_is_credited_paid_out_and_invoiced() -> None:
    found = plan(sides(refund(), **ALL_SHIPPED))
    assert kinds(found) == [CreateCredit, PayOut, CloseCredit]
    assert (found.result, found.cases) == ("created", ())
    assert kinds(plan(sides(refund(), **ALL_SHIPPED), close_credits=False)) == [
        CreateCredit,
        PayOut,
    ]


def test_a_settled_refund_needs_nothing() -> None:
    made = refund()
    both = sides(made, credits_=[credit(paid=PAID)], links=[settled(made, payments=PAID)])
    assert (plan(both).is_idle, plan(both).result) == (True, "unchanged")


def test_only_what_is_missing_of_a_credit_is_added() -> None:
    known = credit(paid=PAID)
    both = sides(refund(), credits_=[known], links=[link()], **ALL_SHIPPED)
    assert (kinds(plan(both)), plan(both).result) == ([CloseCredit], "completed")
    wanted = {"7": desired("7", "7.00", "5.00")}
    found = plan(both, wanted, close_credits=False)
    assert [one.payout.amount for one in found.operations if isinstance(one, PayOut)] == [
        Decimal("5.00")
    ]


def test_a_tender_that_was_declined_later_is_taken_back() -> None:
    paid = {f"{REF}-1": "7.00", f"{REF}-2": "5.00"}
    both = sides(
        refund(payments=["paid", "declined"]),
        credits_=[credit(paid=paid)],
        links=[link(payments=paid)],
        **ALL_SHIPPED,
    )
    found = plan(both, {"7": desired("7", "7.00")}, close_credits=False)
    assert [(one.ref, one.payment_id) for one in found.operations] == [(f"{REF}-2", "801")]  # type: ignore[attr-defined]


def test_a_pending_refund_holds_up_no_other_and_is_waited_for() -> None:
    both = sides(refund("6", payments=["pending"]), refund("7"), **ALL_SHIPPED)
    found = plan(both)
    assert [one.refund_id for one in found.credits] == ["7"]
    assert (found.waits_for, found.reason) == (("refund",), "waits for refund")


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"gross": "11.00"}, "says 11.00"),
        ({"paid": {}}, "was removed"),
        ({"is_cancelled": True}, "was cancelled"),
    ],
)
def test_what_staff_changed_in_a_credit_is_a_case_and_never_written(
    shown: Mapping[str, Any], said: str
) -> None:
    made, changed = refund(), dict(shown)
    is_cancelled = changed.pop("is_cancelled", False)
    known = replace(credit(**{"paid": PAID, **changed}), is_cancelled=is_cancelled)
    found = plan(sides(made, credits_=[known], links=[settled(made, payments=PAID)]))
    (case,) = found.cases
    assert (case.class_, case.value, found.result) == ("differs", REF, "held")
    assert said in case.reason
    assert found.is_idle


def test_a_deleted_credit_is_created_anew_only_when_a_person_approves() -> None:
    made = refund()
    both = sides(made, links=[settled(made, returned={LINE: 2})], **ALL_SHIPPED)
    (case,) = plan(both).cases
    assert (case.field, plan(both).operations) == ("deleted", ())
    found = plan(both, {"7": desired(condition="restock")}, approved=[case.value])
    # What came back on the deleted credit is in stock: it is not received again.
    assert kinds(found) == [CreateCredit, PayOut, CloseCredit]


def test_units_that_come_back_are_received_once() -> None:
    wanted = {"7": desired(condition="restock")}
    found = plan(sides(refund(), **ALL_SHIPPED), wanted)
    (goods,) = [one for one in found.operations if isinstance(one, ReceiveGoods)]
    assert [one.returned for one in goods.units] == [2]
    assert goods.row_refs == {LINE: LINE}
    moved = [{"purchaseOrderRowId": "91", "productId": PRODUCT, "quantity": 1}]
    note = GoodsInNote.model_validate({"id": "4", "orderId": "6001", "goodsMoved": moved})
    by_staff = [credit(paid=PAID, received=[note])]
    some = plan(sides(refund(), credits_=by_staff, links=[link()], **ALL_SHIPPED), wanted)
    (rest,) = [one for one in some.operations if isinstance(one, ReceiveGoods)]
    assert [one.returned for one in rest.units] == [1]


def test_units_that_had_not_left_are_released() -> None:
    found = plan(sides(refund()))
    (release,) = [one for one in found.operations if isinstance(one, ReleaseStock)]
    assert release.keep == {"1": (PRODUCT, 1)}
    on_note = plan(sides(refund(), notes=[shipped(3, stages=())]))
    assert [type(one) for one in on_note.operations][-2:] == [DeleteNote, ReleaseStock]


def test_a_picked_note_is_left_to_a_person_while_the_money_goes_out() -> None:
    found = plan(sides(refund(), notes=[shipped(3, stages=["picked"])]))
    (case,) = found.cases
    assert (case.field, found.result) == ("picked", "held")
    assert PayOut in kinds(found)
    assert DeleteNote not in kinds(found)


def test_an_open_credit_is_cancelled_with_its_refund() -> None:
    both = sides(
        refund(payments=["declined"]), credits_=[credit(paid=PAID)], links=[settled(refund())]
    )
    found = plan(both)
    assert (kinds(found), found.result) == ([DeletePayment, CancelCredit], "undone")


@pytest.mark.parametrize("why", ["closed", "goods", "staffs"])
def test_a_credit_that_is_final_or_of_staff_is_undone_by_a_person_only(why: str) -> None:
    moved = [{"purchaseOrderRowId": "91", "productId": PRODUCT, "quantity": 1}]
    note = GoodsInNote.model_validate({"id": "4", "orderId": "6001", "goodsMoved": moved})
    received = [note] if why == "goods" else []
    whose = STAFFS if why == "staffs" else {}
    agreed = settled(refund(), is_closed=why == "closed", unsent={LINE: 2})
    both = sides(
        refund(payments=["declined"]),
        credits_=[credit(**whose, paid=PAID, received=received)],
        links=[agreed],
    )
    (case,) = plan(both).cases
    assert (case.field, case.value, plan(both).operations) == ("undo", f"undo {REF}", ())
    approved = plan(both, approved=[case.value])
    assert (kinds(approved), approved.result) == ([DeletePayment], "undone")


def test_no_invoice_is_made_for_a_sale_that_was_cancelled() -> None:
    cancelled = sale(isCanceled=True)
    assert CloseCredit not in kinds(plan(sides(refund(), sale=cancelled)))


def test_money_that_staff_booked_on_their_credit_is_not_booked_again() -> None:
    whole = credit("6002", **STAFFS, paid={"their own": "12.00"})
    assert plan(sides(refund(), credits_=[whole])).is_idle


def test_a_credit_that_staff_paid_out_is_not_refunded_and_never_anothers() -> None:
    part = credit("6002", **STAFFS, paid={"their own": "2.00"})
    found = plan(sides(refund(), credits_=[part]), staff_credits="refund")
    assert CreateCredit in kinds(found)
    assert CreateRefund not in kinds(found)
    (case,) = found.cases
    assert (case.field, case.value) == ("paid", "paid 6002-2.00")
    assert not plan(sides(credits_=[part]), staff_credits="refund").operations


def test_a_credit_that_a_person_left_is_not_refunded_whatever_the_policy_becomes() -> None:
    staffs = credit("6002", **STAFFS, gross="6.00", rows=[sold_row("91", units=1)])
    (case,) = plan(sides(credits_=[staffs])).cases
    found = plan(sides(credits_=[staffs]), staff_credits="refund", discarded=[case.value])
    assert found.operations == ()


@pytest.mark.parametrize("total_tax", [None, ""])
def test_a_tax_that_nobody_stated_is_proposed_and_booked_when_a_person_approves(
    total_tax: str | None,
) -> None:
    made = refund(total_tax=total_tax)
    (case,) = plan(sides(made)).cases
    assert (case.value, case.detail["proposal"]["tax"]) == (f"tax {REF} 2", "2")
    assert CreateCredit not in kinds(plan(sides(made)))
    assert CreateCredit in kinds(plan(sides(made), approved=[case.value]))
    assert plan(sides(made, credits_=[credit()])).cases == ()


def test_staffs_credits_are_refunded_one_at_a_time_and_none_while_another_is_pending() -> None:
    rows = [sold_row("91", units=1)]
    staffs = [credit(one, **STAFFS, gross="6.00", rows=rows) for one in ("6002", "6003")]
    found = plan(sides(credits_=staffs), staff_credits="refund")
    assert [one.credit.id for one in found.operations if isinstance(one, CreateRefund)] == ["6002"]
    assert found.result == "refunded"
    pending = sides(refund(payments=["pending"]), credits_=staffs)
    assert plan(pending, staff_credits="refund").is_idle
    held = plan(sides(credits_=staffs))
    assert [case.field for case in held.cases] == ["refund", "refund"]
    approved = plan(sides(credits_=staffs), approved=[held.cases[1].value])
    (made,) = approved.operations
    assert isinstance(made, CreateRefund)
    assert (made.credit.id, made.is_approved) == ("6003", True)


def test_the_release_names_the_sales_order() -> None:
    found = plan(sides(refund(), notes=[shipped(3, stages=())]))
    (note,) = [one for one in found.operations if isinstance(one, DeleteNote)]
    assert (note.sales_order_id, note.note_id) == (SOLD, "9")
