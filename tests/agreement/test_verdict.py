from datetime import datetime

import pytest
from both_states import (
    NOON,
    account,
    at,
    credit,
    line,
    note,
    payment,
    refund,
    row,
    sales_order,
    shipment,
    store,
    store_order,
    transaction,
)

from agreement.differences import Case, Difference, Kind
from agreement.verdict import Sides, judge

IMPORTABLE = (11, 9)


def verdict(in_store=None, in_account=None, **more):
    sides = Sides(in_store or store(), in_account or account(), **more)
    return judge(sides, importable=IMPORTABLE)


def nothing():
    return account(orders={}, payments={}, reservations={}) | {"orders": {}}


def test_an_order_that_is_whole_on_both_sides_agrees():
    found = verdict()
    assert found.agrees
    assert (found.placed, found.eligible, found.in_brightpearl) == (1, 1, 1)


def test_an_eligible_order_that_is_nowhere_is_missing():
    found = verdict(in_account=nothing())
    assert found.with_kind(Kind.MISSING) == ["101"]
    assert found.of_orders() == ["101: there is no sales order"]


def test_an_eligible_order_that_is_named_in_quarantine_is_not_missing():
    found = verdict(in_account=nothing(), quarantined=["101"])
    assert found.agrees
    assert found.quarantined == 1


def test_an_order_that_is_only_parked_is_missing_all_the_same():
    assert not verdict(in_account=nothing(), parked=["101"]).agrees


def test_an_unpaid_order_is_not_eligible_and_must_have_no_sales_order():
    waiting = store(store_order(status_id=0))
    assert verdict(waiting, nothing()).agrees
    assert verdict(waiting).with_kind(Kind.UNWANTED) == ["101"]


def test_an_order_twice_in_brightpearl_is_doubled():
    twice = account(sales_order(), sales_order(id=100002))
    assert verdict(in_account=twice).with_kind(Kind.DOUBLED) == ["101"]


def test_a_receipt_twice_in_brightpearl_is_doubled():
    ref = {"transaction_ref": "BC-101-1", "amount_paid": "6.00"}
    twice = account(payments={"1": payment(1, **ref), "2": payment(2, **ref)})
    assert verdict(in_account=twice).with_kind(Kind.DOUBLED) == ["101"]


def test_a_sales_order_of_an_order_the_store_does_not_know_is_unwanted():
    other = sales_order(id=100002, external_ref="BC-7")
    found = verdict(in_account=account(sales_order(), other))
    assert found.with_kind(Kind.UNWANTED) == ["7"]


def test_sales_orders_of_others_are_not_judged():
    other = sales_order(id=100002, external_ref=None)
    assert verdict(in_account=account(sales_order(), other)).agrees


def test_a_cent_is_a_difference():
    found = verdict(in_account=account(sales_order(row(net="10.01"))))
    assert found.cents_off == 1
    assert "12.01" in found.of_orders()[0]


def test_an_order_cancelled_on_both_sides_agrees_and_on_one_side_does_not():
    cancelled = store(store_order(status_id=5))
    found = verdict(cancelled, account(sales_order(status_id=5)))
    assert found.agrees
    assert found.cancelled == 1
    assert verdict(cancelled).with_kind(Kind.CANCELLATION) == ["101"]
    assert verdict(in_account=account(sales_order(status_id=5))).with_kind(Kind.CANCELLATION)


def test_a_refund_needs_its_credit_to_the_cent_and_its_payment_out():
    refunded = store(store_order(status_id=14, refunds=[refund()]))
    out = payment(2, order_id=7, type_code="PAYMENT", amount_paid="4.80", transaction_ref="")

    def credited(made, paid):
        return account(sales_order(), made, payments={"1": payment(), "2": paid})

    found = verdict(refunded, credited(credit(), out))
    assert found.agrees
    assert (found.refunds, found.credits) == (1, 1)
    assert verdict(refunded).with_kind(Kind.REFUND) == ["101"]
    short = verdict(refunded, credited(credit(), out | {"amount_paid": "4.79"}))
    assert short.with_kind(Kind.REFUND) == ["101"]
    less = verdict(refunded, credited(credit("4.79"), out))
    assert (less.with_kind(Kind.REFUND), less.refund_cents_off) == (["101"], 1)


@pytest.mark.parametrize("declined", [None, True])
def test_a_refund_that_gave_no_money_back_needs_no_credit(declined):
    assert verdict(store(store_order(refunds=[refund(declined=declined)]))).agrees


def test_a_credit_without_a_refund_is_a_difference_unless_it_is_cancelled():
    assert verdict(in_account=account(sales_order(), credit())).with_kind(Kind.REFUND)
    assert verdict(in_account=account(sales_order(), credit(status_id=21))).agrees


def test_units_that_left_must_be_shipped_in_the_store():
    sent = account(goods_out={"5": note(units=2)})
    assert verdict(in_account=sent).with_kind(Kind.SHIPMENT) == ["101"]
    shipped = store_order(lines=[line(quantity_shipped=2)], shipments=[shipment(2)])
    found = verdict(store(shipped), sent)
    assert found.agrees
    assert (found.units_left, found.units_shipped) == (2, 2)


def test_units_of_a_line_that_was_dropped_once_they_had_left_are_in_the_store_s_shipments():
    dropped = store_order(lines=[line(2)], shipments=[shipment(2)])
    sent = account(goods_out={"5": note(units=2)})
    assert verdict(store(dropped), sent).with_kind(Kind.SHIPMENT) == []
    unsent = store_order(lines=[line(2)])
    assert verdict(store(unsent), sent).with_kind(Kind.SHIPMENT) == ["101"]


def test_a_note_that_has_not_left_is_no_shipment():
    found = verdict(in_account=account(goods_out={"5": note(units=2, shipped=False)}))
    assert found.agrees
    assert found.units_left == 0


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"orders": {"100001": sales_order(currency_code="EUR")}}, Kind.AMOUNT),
        ({"orders": {"100001": sales_order(row(net="9.00", tax="3.00"))}}, Kind.AMOUNT),
        ({"orders": {"100001": sales_order(row(quantity="2"))}}, Kind.LINE),
        ({"payments": {"1": payment(amount_paid="11.99")}}, Kind.RECEIPT),
        ({"payments": {"1": payment(transaction_ref="CASH")}}, Kind.RECEIPT),
    ],
)
def test_each_part_of_an_order_is_compared(changed, kind):
    found = verdict(in_account=account() | changed)
    assert len(found.of_orders()) == 1
    assert found.with_kind(kind) == ["101"]


def test_the_store_must_know_brightpearls_number_of_an_order():
    found = verdict(store(store_order(external_order_id="")))
    assert found.with_kind(Kind.NUMBER) == ["101"]


def test_back_orders_count_for_the_order_they_were_made_of():
    parent = sales_order(row(quantity="2", net="6.00", tax="1.20"))
    child = sales_order(
        row(12, quantity="1", net="4.00", tax="0.80"), id=9, external_ref=None, parent_id=100001
    )
    found = verdict(in_account=account(parent, child))
    assert found.agrees
    assert found.cents_off == 0


def test_an_order_paid_by_hand_is_paid_in_full():
    assert verdict(store(store_order(paid="0"))).agrees
    unpaid = store(store_order(paid="0", payment_status=""))
    assert verdict(unpaid).with_kind(Kind.RECEIPT) == ["101"]


def test_free_stock_that_is_not_reserved_is_a_difference():
    free = {"stock": {"7": {"2": {"in_stock": 3, "allocated": 2}}}}
    partly = {"reservations": {"100001": {"rows": {"11": [7, 2]}}}}
    found = verdict(in_account=account() | free | partly)
    assert not found.agrees
    assert found.unreserved == ["101"]


@pytest.mark.parametrize(("refunded", "unreserved"), [(0, ["101"]), (1, [])])
def test_units_that_the_store_counts_as_refunded_are_not_expected_to_be_reserved(
    refunded, unreserved
):
    free = {"stock": {"7": {"2": {"in_stock": 9, "allocated": 2}}}}
    partly = {"reservations": {"100001": {"rows": {"11": [7, 2]}}}}
    sold = store(store_order(lines=[line(quantity_refunded=refunded)]))
    assert verdict(sold, account() | free | partly).unreserved == unreserved


def test_a_credit_does_not_excuse_that_the_rest_of_an_order_is_not_reserved():
    free = {"stock": {"7": {"2": {"in_stock": 9, "allocated": 1}}}}
    partly = {"reservations": {"100001": {"rows": {"11": [7, 1]}}}}
    sold = store(store_order(lines=[line(quantity_refunded=1)]))
    credited = account(sales_order(), credit())
    assert verdict(sold, credited | free | partly).unreserved == ["101"]


def test_stock_counts_units_of_an_order_that_a_person_may_yet_cancel():
    off = account(sales_order(status_id=5), reservations={})
    levels = {"on_sale": {"MUG": {"1": [9, 6]}}, "levels": {"MUG": {"2": [9, 9]}}}
    cases = {"101": [Case("orders", "review", "cancelled")]}
    assert verdict(in_account=off, cases=cases, **levels).wrong_stock == {}
    assert list(verdict(in_account=off, **levels).wrong_stock) == ["MUG"]


def test_a_difference_that_an_open_case_names_waits_for_a_person():
    off = store(store_order(total_inc_tax="12.5000"))
    named = verdict(off, cases={"101": [Case("orders", "review", "edit")]})
    assert verdict(off).unexplained_cents == 50
    assert (named.agrees, named.unexplained_cents) == (True, 0)


def test_an_order_with_an_open_case_is_not_expected_to_be_reserved():
    free = {"stock": {"7": {"2": {"in_stock": 3, "allocated": 2}}}}
    partly = {"reservations": {"100001": {"rows": {"11": [7, 2]}}}}
    cases = {"101": [Case("orders", "review", "edit")]}
    assert verdict(in_account=account() | free | partly, cases=cases).agrees


@pytest.mark.parametrize("status_id", [2, 10])
def test_an_order_that_staff_closed_in_the_store_is_not_expected_to_be_reserved(status_id):
    free = {"stock": {"7": {"2": {"in_stock": 3, "allocated": 2}}}, "reservations": {}}
    assert verdict(store(store_order(status_id=status_id)), account() | free).unreserved == []


def test_contacts_that_share_an_e_mail_address_are_doubled():
    same = {"1": {"emails": {"PRI": "a@example.com"}}, "2": {"emails": {"PRI": "A@example.com "}}}
    assert verdict(in_account=account(contacts=same)).doubled_contacts == {"1": ["1", "2"]}


def test_units_short_for_want_of_stock_are_no_difference():
    found = verdict(in_account=account(reservations={"100001": {"rows": {"11": [7, 1]}}}))
    assert found.agrees
    assert (found.units, found.units_reserved) == (3, 1)


def test_only_products_with_stock_are_reserved():
    service = account(products={"7": {"document": {}}}, reservations={})
    assert verdict(in_account=service).agrees


def test_an_order_takes_from_its_payment_to_its_receipt():
    paid = store_order(transactions=[transaction(1, "purchase", "12.00")])
    assert verdict(store(paid)).latencies_s == [1.0]
    assert verdict(store(paid), not_timed=["101"]).latencies_s == []


def test_orders_from_before_say_nothing_about_speed():
    sides = Sides(store(), account())
    assert judge(sides, since=datetime.fromisoformat(NOON)).latencies_s == [2.0]
    assert judge(sides, since=datetime.fromisoformat(at(1))).latencies_s == []


def test_stock_that_differs_is_a_difference():
    stocked = {"on_sale": {"MUG": {"1": [5, 5]}}, "levels": {"MUG": {"2": [4, 4]}}}
    found = verdict(**stocked)
    assert not found.agrees
    assert found.of_stock() == ["MUG: 5 on sale, 4 promised, 0 held by orders"]


def test_a_case_names_a_difference_of_its_entity_and_field():
    difference = Difference(Kind.LINE, "", "orders", {"edit"})
    assert difference.is_named([Case("orders", "review", "edit")])
    assert not difference.is_named([Case("refunds", "review", "edit")])
    assert not difference.is_named([Case("orders", "review", "cancelled")])
    assert Difference(Kind.MISSING, "", "orders").is_named([Case("orders", "sku", "")])
    assert not Difference(Kind.DOUBLED, "").is_named([Case("orders", "sku", "")])
