import json
from datetime import UTC, datetime
from decimal import Decimal

from demo import summary
from demo.account_side import account_orders
from demo.store_side import store_orders
from demo.verdict import Verdict

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def in_store(**more):
    order = {
        "id": 101,
        "status_id": 9,
        "total_inc_tax": "12.0000",
        "default_currency_code": "GBP",
        "payment_status": "captured",
        "external_order_id": "100001",
        "is_deleted": False,
        "created_at": "2026-11-24T12:00:01+00:00",
        "transactions": [],
    }
    return store_orders({"orders": {"101": order | more}}, START)[0]


def transaction(number, event, amount, *, status="ok", reference=None):
    return {
        "id": number,
        "event": event,
        "status": status,
        "amount": amount,
        "reference_id": reference,
        "created_at": f"2026-11-24T12:00:0{number}+00:00",
    }


def test_an_order_paid_by_hand_is_paid_in_full():
    assert in_store().paid == Decimal("12.00")


def test_an_order_nobody_paid_is_not_paid():
    assert in_store(payment_status="").paid == 0


def test_every_tender_counts_and_an_authorisation_does_not():
    rows = [
        transaction(1, "purchase", "5.00"),
        transaction(2, "authorization", "7.00"),
        transaction(3, "purchase", "7.00", status="error"),
    ]
    assert in_store(transactions=rows, payment_status="authorized").paid == Decimal("5.00")


def test_a_capture_and_its_settlement_are_one_payment():
    rows = [
        transaction(1, "authorization", "12.00"),
        transaction(2, "capture", "12.00", reference=1),
        transaction(3, "settled", "12.00", reference=1),
    ]
    assert in_store(transactions=rows, payment_status="").paid == Decimal("12.00")


def test_an_order_is_ready_when_its_money_came():
    order = in_store(transactions=[transaction(4, "purchase", "12.00")])
    assert order.ready_at == datetime(2026, 11, 24, 12, 0, 4, tzinfo=UTC)


def test_an_order_from_before_the_demo_tells_nothing_about_speed():
    assert in_store(created_at="2011-11-14T08:10:00+00:00").ready_at is None


def account(credit=None, **more):
    order = {
        "id": 100001,
        "type_code": "SO",
        "external_ref": "BC-101",
        "parent_id": None,
        "status_id": 2,
        "currency_code": "GBP",
        "warehouse_id": 2,
        "created_on": "2026-11-24T12:00:01+00:00",
        "rows": {
            "1": {"id": 1, "product_id": 7, "quantity": "3", "net": "9.00", "tax": "1.80"},
            "2": {"id": 2, "product_id": None, "quantity": "1", "net": "1.00", "tax": "0.20"},
        },
    }
    state = {
        "orders": {"100001": order},
        "payments": {
            "1": {
                "order_id": 100001,
                "type_code": "RECEIPT",
                "amount_paid": "12.00",
                "created_on": "2026-11-24T12:00:02+00:00",
            }
        },
        "reservations": {"100001": {"rows": {"1": [7, 2]}}},
        "products": {"7": {"document": {"stock": {"stockTracked": True}}}},
        "stock": {"7": {"2": {"in_stock": 2, "allocated": 2}}},
    }
    if credit is not None:
        state["orders"]["7"] = credit
    return account_orders(state | more)


def test_a_sales_order_is_the_sum_of_its_rows_and_receipts():
    order = account()["101"][0]
    assert (order.gross, order.received) == (Decimal("12.00"), Decimal("12.00"))
    assert order.complete_at == datetime(2026, 11, 24, 12, 0, 2, tzinfo=UTC)


def test_only_products_with_stock_are_reserved():
    order = account()["101"][0]
    assert (order.units, order.reserved, order.could_reserve) == (3, 2, 0)


def test_stock_that_lies_there_unreserved_shows():
    order = account(stock={"7": {"2": {"in_stock": 5, "allocated": 2}}})["101"][0]
    assert order.could_reserve == 1


def test_orders_of_others_are_not_looked_at():
    orders = {
        "1": {"id": 1, "type_code": "SO", "external_ref": None, "parent_id": None},
        "2": {
            "id": 2,
            "type_code": "SC",
            "external_ref": "BC-101",
            "parent_id": 1,
            "status_id": 9,
        },
    }
    assert account(orders=orders) == {}


def test_credits_payments_out_and_parcels_count_for_their_sales_order():
    credit = {
        "id": 7,
        "type_code": "SC",
        "external_ref": "BC-101-R3",
        "parent_id": 100001,
        "status_id": 9,
        "rows": {"9": {"net": "4.00", "tax": "0.80"}},
    }
    state = {
        "goods_out": {
            "1": {"order_id": 100001, "stages": {"shipped": []}, "rows": {"1": [[7, 2, 2]]}},
            "2": {"order_id": 100001, "stages": {}, "rows": {"1": [[7, 1, 2]]}},
        },
        "payments": {
            "2": {
                "order_id": 7, "type_code": "PAYMENT", "amount_paid": "4.80",
                "created_on": "2026-11-24T12:00:03+00:00",
            }
        },
    }  # fmt: skip
    order = account(credit=credit, **state)["101"][0]
    assert (order.credits, order.credited, order.paid_out) == (1, Decimal("4.80"), Decimal("4.80"))
    assert order.shipped == 2


REQUESTS = {"bigcommerce": 12, "brightpearl": 34, "throttled": 0}


def test_the_document_of_a_demo_has_the_promised_shape(tmp_path):
    verdict = Verdict(
        placed=5, eligible=4, in_brightpearl=3, parked=1, quarantined=1, latencies_s=[0.5, 0.75]
    )
    path = tmp_path / "var" / "demo.json"

    summary.write(summary.to_json(verdict, REQUESTS, 61.23), path)

    told = json.loads(path.read_text())
    assert told["orders"]["in_brightpearl"] == 3
    assert told["money"]["cents_off"] == 0
    assert told["latency_s"] == {"p50": 0.5, "p95": 0.75, "max": 0.75}
    assert told["requests"] == REQUESTS
    assert told["shipments"] == {"units_sent": 0, "units_told": 0, "orders_off": 0}
    assert told["refunds"] == {"refunded": 0, "credited": 0, "cents_off": 0, "orders_off": 0}
    assert told["seconds"] == 61.2
    assert told["agrees"] is True


def test_the_summary_names_what_differs():
    verdict = Verdict(2, 2, 1, 0, 0, missing=["101"], cents_off=3)
    shown = summary.to_text(summary.to_json(verdict, REQUESTS, 1.0))
    assert "The two systems differ:" in shown
    assert "101 is missing in Brightpearl" in shown


def test_a_demo_without_a_single_order_has_no_latency():
    told = summary.to_json(Verdict(0, 0, 0, 0, 0), REQUESTS, 1.0)
    assert told["latency_s"] == {"p50": None, "p95": None, "max": None}
    assert "- / - / - s" in summary.to_text(told)
