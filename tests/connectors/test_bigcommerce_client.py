"""The store's client: pages, cut lists, missing and unreadable orders, hooks."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from connectors.bigcommerce.api import rows_at_once
from connectors.bigcommerce.client import BigCommerce, IdRange
from connectors.bigcommerce.models import Missing, Order, Unreadable
from core.errors import ContractError, NotFoundError, RejectedError, TransientError
from tests.connectors.conftest import Script, bigcommerce

MONEY = [
    "total_inc_tax",
    "total_ex_tax",
    "total_tax",
    "shipping_cost_ex_tax",
    "shipping_cost_inc_tax",
    "shipping_cost_tax",
    "handling_cost_ex_tax",
    "handling_cost_inc_tax",
    "handling_cost_tax",
    "wrapping_cost_ex_tax",
    "wrapping_cost_inc_tax",
    "wrapping_cost_tax",
    "discount_amount",
    "coupon_discount",
    "store_credit_amount",
    "gift_certificate_amount",
]


def line(line_id: int, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": line_id,
        "product_id": 77,
        "sku": "MUG",
        "quantity": quantity,
        "total_ex_tax": "10.0000",
        "total_inc_tax": "12.0000",
        "total_tax": "2.0000",
        **changes,
    }


def order(order_id: int, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    lines = lines or (line(order_id * 10),)
    return {
        "id": order_id,
        "status_id": 11,
        "customer_id": 0,
        "date_created": "Wed, 01 Jul 2026 11:00:00 +0000",
        "date_modified": "Wed, 01 Jul 2026 12:00:00 +0000",
        "default_currency_code": "GBP",
        "items_total": sum(one["quantity"] for one in lines),
        "billing_address": {"email": "ann@example.com", "company": None},
        "consignments": {
            "pickups": [],
            "shipping": [{"id": 1, "shipping_method": "Courier", "line_items": list(lines)}],
            "downloads": [],
            "email": [],
        },
        "fees": [],
        **dict.fromkeys(MONEY, "0.0000"),
        **changes,
    }


class Shop(httpx.BaseTransport):
    """A store that lists orders as V2 does."""

    def __init__(self, orders: Iterable[dict[str, Any]], lines: Any = ()) -> None:
        self.orders = {one["id"]: one for one in orders}
        self.lines = list(lines)
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/stores/sandbox")
        params = request.url.params
        self.asked.append(path)
        if path == "/v2/orders":
            return self._listed(params)
        if path.endswith("/products"):
            start = (int(params["page"]) - 1) * int(params["limit"])
            return _rows(self.lines[start : start + int(params["limit"])])
        found = self.orders.get(int(path.rpartition("/")[2]))
        return httpx.Response(200, json=found) if found else httpx.Response(404, json=[])

    def _listed(self, params: httpx.QueryParams) -> httpx.Response:
        assert params["page"] == "1"
        assert params["sort"] == "id:asc"
        assert int(params["limit"]) == 250
        low, high = int(params["min_id"]), int(params.get("max_id", 10**9))
        found = [
            one
            for order_id, one in sorted(self.orders.items())
            if low <= order_id <= high and not one.get("is_deleted")
        ]
        return _rows(found[:250])


def _rows(rows: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json=rows) if rows else httpx.Response(204)


def test_no_orders_are_an_empty_answer_without_a_body():
    shop = Shop([])

    assert list(bigcommerce(shop).list_orders()) == []
    assert shop.asked == ["/v2/orders"]


@pytest.mark.parametrize(("many", "requests"), [(1, 1), (249, 1), (250, 2), (251, 2), (600, 3)])
def test_a_scan_costs_the_fewest_requests_and_ends_with_the_short_page(many, requests):
    shop = Shop(order(3 * number) for number in range(1, many + 1))

    ids = [one.order_id for one in bigcommerce(shop).list_orders()]

    assert ids == [str(3 * number) for number in range(1, many + 1)]
    assert len(shop.asked) == requests


def test_orders_that_come_and_change_during_a_scan_neither_repeat_nor_hide_others():
    shop = Shop(order(number) for number in range(1, 301))
    seen = []

    for one in bigcommerce(shop).list_orders():
        seen.append(int(one.order_id))
        if one.order_id == "100":
            del shop.orders[50]
            shop.orders[301] = order(301)

    assert seen == list(range(1, 302))


def test_a_filter_that_the_store_ignores_is_not_believed():
    shop = Shop([order(1)])

    with pytest.raises(ContractError, match="min_date_modified"):
        list(bigcommerce(shop).list_orders(min_date_modified=datetime(2026, 7, 2, tzinfo=UTC)))


def test_a_list_that_is_not_sorted_by_id_is_not_believed():
    script = Script(httpx.Response(200, json=[order(2), order(1)]))

    with pytest.raises(ContractError, match="min_id"):
        list(bigcommerce(script).list_orders())


def test_an_order_has_its_money_dates_and_addresses_in_our_types():
    shop = Shop(
        [order(7, total_inc_tax="67.8400", fees={"id": 3, "cost_ex_tax": 1, "cost_inc_tax": "1.2"})]
    )

    (found,) = bigcommerce(shop).get_orders(["7"])

    assert isinstance(found, Order)
    assert found.total_inc_tax == Decimal("67.84")
    assert found.date_modified == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert found.billing_address.company == ""
    assert found.fees[0].cost_inc_tax == Decimal("1.2")
    assert [one.id for one in found.lines] == ["70"]


@pytest.mark.parametrize("given", ["list", "link", "empty"])
def test_consignments_may_come_as_list_link_or_not_at_all(given):
    document = order(7)
    embedded = document["consignments"]
    document["consignments"] = {
        "list": [embedded],
        "link": {"url": "https://x.test", "resource": "/orders/7/consignments"},
        "empty": [],
    }[given]
    shop = Shop([document], lines=[line(70)])

    (found,) = bigcommerce(shop).get_orders(["7"])

    assert [one.id for one in found.lines] == ["70"]
    assert len(shop.asked) == (1 if given == "list" else 2)


@pytest.mark.parametrize(("many", "pages"), [(51, 1), (250, 2), (251, 2)])
def test_a_cut_list_of_lines_is_completed(many, pages):
    lines = [line(number) for number in range(1, many + 1)]
    document = order(7, *lines)
    cut = document["consignments"]["shipping"][0]["line_items"]
    del cut[50:]
    cut.append({"__warning__": {"message": "Not all line items are shown"}})
    shop = Shop([document], lines)

    (found,) = bigcommerce(shop).get_orders(["7"])

    assert [one.id for one in found.lines] == [str(number) for number in range(1, many + 1)]
    assert len(shop.asked) == 1 + pages


def test_an_order_that_vanishes_while_its_lines_are_read_is_one_unreadable_order():
    document = order(7)
    document["consignments"]["shipping"][0]["line_items"] = []
    script = Script(httpx.Response(200, json=document), httpx.Response(404))

    (found,) = bigcommerce(script).get_orders(["7"])

    assert isinstance(found, Unreadable)


def test_lines_are_found_wherever_they_go():
    document = order(7, line(70, quantity=2))
    document["consignments"] |= {
        "pickups": [{"id": 2, "line_items": [line(71)]}],
        "downloads": [{"recipient_email": "", "line_items": [line(72, type="digital")]}],
        "email": {"gift_certificates": [{"recipient_email": "", "line_items": [line(73)]}]},
    }
    document["items_total"] = 5

    (found,) = bigcommerce(Shop([document])).get_orders(["7"])

    assert sorted(one.id for one in found.lines) == ["70", "71", "72", "73"]


def test_an_order_keeps_no_line_twice_and_still_says_which_are_collected():
    document = order(7, line(70))
    document["consignments"]["pickups"] = [{"id": 2, "line_items": [line(71), line(72)]}]
    document["items_total"] = 3

    (found,) = bigcommerce(Shop([document])).get_orders(["7"])

    parts = found.consignments
    assert [one.line_items for one in parts.shipping] == [()]
    assert [one.line_items for one in parts.pickups] == [({"id": 71}, {"id": 72})]
    assert parts.collected_ids == {"71", "72"}
    assert [one.shipping_method for one in parts.shipping] == ["Courier"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total_inc_tax": None}, "total_inc_tax"),
        ({"total_inc_tax": "ann@example.com"}, "total_inc_tax"),
        ({"date_created": ""}, "date_created"),
        ({"date_created": "ann@example.com"}, "date_created"),
        ({"status_id": "ann@example.com"}, "status_id"),
        ({"billing_address": None}, "billing_address"),
        ({"total_ex_tax": True}, "total_ex_tax"),
        ({"total_ex_tax": "NaN"}, "total_ex_tax"),
    ],
)
def test_an_order_that_breaks_the_model_names_the_field_and_never_the_value(changes, field):
    shop = Shop([order(6), order(7, **changes), order(8)])

    before, broken, after = bigcommerce(shop).get_orders(["6", "7", "8"])

    assert isinstance(before, Order)
    assert isinstance(after, Order)
    assert (broken.order_id, broken.field) == ("7", field)
    assert broken.reason
    assert "@" not in broken.reason


@pytest.mark.parametrize("changes", [{"quantity": None}, {"quantity": "many"}, {"total_tax": {}}])
def test_a_line_that_breaks_the_model_makes_its_order_unreadable(changes):
    document = order(7, line(70))
    document["consignments"]["shipping"][0]["line_items"] = [line(70) | changes]

    (found,) = bigcommerce(Shop([document])).get_orders(["7"])

    assert isinstance(found, Unreadable)
    assert found.field == next(iter(changes))


def test_a_broken_row_does_not_stop_a_sweep():
    shop = Shop([order(1, date_modified="soon"), order(2)])

    assert [row.order_id for row in bigcommerce(shop).list_order_headers()] == ["1", "2"]


def test_a_lean_scan_asks_for_no_lines():
    script = Script(httpx.Response(200, json=[order(1)]))

    (row,) = bigcommerce(script).list_order_headers(
        min_date_modified=datetime(2026, 7, 1, tzinfo=UTC)
    )

    assert (row.status_id, row.total_inc_tax) == (11, 0)
    assert "include" not in script.requests[0].url.params


def test_missing_and_archived_orders_are_not_confused():
    shop = Shop([order(1), order(3, is_deleted=True), order(4)])

    found = bigcommerce(shop).get_orders(["1", "2", "3", "4"])

    assert [type(one) for one in found] == [Order, Missing, Order, Order]
    assert [one.order_id for one in found] == ["1", "2", "3", "4"]
    assert found[2].is_deleted
    assert shop.asked == ["/v2/orders", "/v2/orders/2", "/v2/orders/3"]


def test_a_full_page_up_to_the_highest_id_needs_no_further_request():
    shop = Shop(order(number) for number in range(1, 501))

    found = bigcommerce(shop).get_orders([str(number) for number in range(1, 501)])

    assert len(found) == 500
    assert shop.asked == ["/v2/orders", "/v2/orders"]


def test_an_answer_about_another_order_is_not_believed():
    script = Script(httpx.Response(200, json=order(8)))

    with pytest.raises(ContractError):
        bigcommerce(script).get_range(IdRange(("7",)))


def test_a_fault_in_the_middle_of_a_scan_is_raised_not_swallowed():
    page = httpx.Response(200, json=[order(number) for number in range(1, 251)])
    script = Script(page, httpx.Response(502))

    with pytest.raises(TransientError):
        list(bigcommerce(script).list_orders())


def test_transactions_are_read_with_their_odd_empty_values():
    row = {
        "id": 9,
        "order_id": "7",
        "event": "purchase",
        "amount": 12.5,
        "date_created": "2026-07-01T12:00:00+02:00",
        "reference_transaction_id": {},
    }
    script = Script(httpx.Response(200, json={"data": [row], "meta": {}}))

    (found,) = bigcommerce(script).list_transactions("7")

    assert (found.id, found.amount, found.reference_transaction_id) == ("9", Decimal("12.5"), "")
    assert found.date_created == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_transaction_that_breaks_the_model_concerns_its_order_alone():
    row = {"id": 9, "amount": None, "date_created": "2026-07-01T12:00:00Z"}
    script = Script(httpx.Response(200, json={"data": [row]}))

    with pytest.raises(RejectedError, match="order 7 has a wrong 'amount'") as caught:
        bigcommerce(script).list_transactions("7")

    assert caught.value.code == "document"


def test_taxes_are_read_to_the_last_page():
    tax = {"class": "Standard rate", "rate": "20.0000", "line_amount": "2.0000"}
    pages = [httpx.Response(200, json=[tax] * 250), httpx.Response(200, json=[tax])]
    taxes = bigcommerce(Script(*pages)).list_taxes("7")

    assert len(taxes) == 251
    assert (taxes[0].tax_class, taxes[0].rate) == ("Standard rate", Decimal(20))


def test_hooks_are_read_to_the_last_page():
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        hook = {"id": number, "scope": "store/order/*", "destination": "https://x.test/"}
        meta = {"pagination": {"current_page": number, "total_pages": 3}}
        return httpx.Response(200, json={"data": [hook], "meta": meta})

    hooks = bigcommerce(Script(page)).list_hooks()

    assert [hook.id for hook in hooks] == ["1", "2", "3"]


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_new_hook_is_understood_with_and_without_its_envelope(wrapped):
    hook = {"id": 5, "scope": "store/order/*", "destination": "https://x.test/"}
    script = Script(httpx.Response(200, json={"data": hook, "meta": {}} if wrapped else hook))

    made = bigcommerce(script).create_hook("store/order/*", "https://x.test/", {"X-Key": "s"})

    assert made.id == "5"
    assert json.loads(script.requests[0].content)["headers"] == {"X-Key": "s"}


def test_hooks_can_be_switched_on_again_and_removed():
    script = Script(
        httpx.Response(200, json={"data": {}}), httpx.Response(200, json={}), httpx.Response(404)
    )
    store = bigcommerce(script)

    store.update_hook("5", is_active=True)
    store.delete_hook("5")
    with pytest.raises(NotFoundError):
        store.delete_hook("5")

    assert [request.method for request in script.requests] == ["PUT", "DELETE", "DELETE"]


def test_the_store_has_its_zone_its_time_and_its_channels():
    document = {"id": "sandbox", "store_id": 1025646, "timezone": {"name": "Europe/London"}}
    zone = bigcommerce(Script(httpx.Response(200, json=document))).get_store().time_zone
    time = bigcommerce(Script(httpx.Response(200, json={"time": 1709251200}))).get_server_time()
    rows = [{"id": 1, "name": "UK web", "type": "storefront"}]
    channels = bigcommerce(Script(httpx.Response(200, json={"data": rows}))).list_channels()

    assert zone == "Europe/London"
    assert time == datetime(2024, 3, 1, tzinfo=UTC)
    assert [channel.name for channel in channels] == ["UK web"]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("get_store", {"id": "sandbox"}),
        ("get_server_time", {"time": "noon"}),
        ("get_server_time", {}),
        ("list_channels", {"data": [{"name": "no id"}]}),
        ("list_hooks", {"data": {"id": 1}}),
    ],
)
def test_a_changed_shape_of_the_stores_settings_breaks_the_contract(call, body):
    with pytest.raises(ContractError):
        getattr(bigcommerce(Script(httpx.Response(200, json=body))), call)()


@pytest.mark.parametrize(
    ("call", "most"),
    [
        *((name, 10) for name in ("create_customers", "update_customers", "delete_customers")),
        *((name, 10) for name in ("create_addresses", "update_addresses")),
        *((name, 10) for name in ("update_products", "update_product_prices")),
        *((name, 50) for name in ("write_variants", "update_variant_prices")),
        ("upsert_price_records", 1000),
    ],
)
def test_as_many_rows_are_written_at_once_as_the_store_takes_and_never_none(call, most):
    script = Script()
    for count in (0, most + 1):
        with pytest.raises(ValueError, match=f"1 to {most} rows are written at once, not {count}"):
            getattr(bigcommerce(script), call)([{"id": 1}] * count)

    assert script.requests == []
    assert rows_at_once(getattr(BigCommerce, call)) == most
