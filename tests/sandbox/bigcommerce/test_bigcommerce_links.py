"""Every link that a document publishes can be followed, and so can those behind it."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.bigcommerce.staff import OrderEdit, edit

PREFIX = "https://api.bigcommerce.com/stores/sandbox"


def links(document: Any) -> Iterator[str]:
    """Links anywhere in a document; `url` and `resource` name the same thing."""
    if isinstance(document, list):
        for part in document:
            yield from links(part)
    elif isinstance(document, dict):
        if set(document) == {"url", "resource"}:
            assert document["url"] == f"{PREFIX}/v2{document['resource']}"
            yield document["url"]
        for part in document.values():
            yield from links(part)


def test_every_link_of_every_kind_of_order_can_be_followed(shop):
    gift = {"name": "Voucher", "price": "20", "gift_certificate_for": "eve@example.com"}
    orders = [
        shop.place({"sku": "MUG"}, {"sku": "PDF"}, gift, email="bob@example.com", fees=[{}],
                   coupons=[{"code": "TEN"}]),
        shop.place({"sku": "MUG"}, {"sku": "TEA", "address": 1}, shipping=[{}, {}]),
        shop.place(pickup={}),
        shop.place(source="manual"),
    ]  # fmt: skip
    for order in orders:
        edit(shop.store, OrderEdit(order_id=order.id, message="Where is it?"))
    waiting = [f"{PREFIX}/v2/orders/{order.id}" for order in orders]
    waiting += [f"{PREFIX}/v2/orders/{order.id}/messages" for order in orders]
    followed: dict[str, int] = {}
    while waiting:
        url = waiting.pop()
        if url in followed:
            continue
        answer = shop.call("GET", url.removeprefix(PREFIX))
        followed[url] = answer.status
        waiting += links(answer.body)
        consignments = url.endswith("/consignments")
        if consignments:
            waiting += links(shop.get(url.removeprefix(PREFIX), include="consignments.line_items"))

    assert {url: status for url, status in followed.items() if status not in (200, 204)} == {}
    kinds = {"products/", "shipping_quotes", "shippingquotes", "fees", "coupons", "customers/"}
    assert {kind for kind in kinds if any(kind in url for url in followed)} == kinds


def test_only_orders_of_the_storefront_have_shipping_quotes(shop):
    bought, entered = shop.place(), shop.place(source="manual")

    def quotes(order: Any) -> Any:
        place = order.addresses[0].id
        return shop.get(f"/v2/orders/{order.id}/shipping_addresses/{place}/shipping_quotes")

    assert quotes(bought)["id"] == str(bought.addresses[0].id)
    assert quotes(entered) is None


def test_the_lists_of_one_order_end_after_their_first_page(shop):
    order = shop.place({"sku": "MUG", "quantity": 2})
    line = order.lines[0].id
    path = f"/v3/orders/{order.id}/payment_actions/refunds"
    body = {"items": [{"item_type": "PRODUCT", "item_id": line, "quantity": 1}],
            "payments": [{"provider_id": "stripe", "amount": 12}]}  # fmt: skip
    shop.call("POST", path, body)

    first, second = shop.get(path), shop.get(path, page=2)
    rows = shop.get(f"/v3/orders/{order.id}/transactions")

    assert (len(first["data"]), second["data"]) == (1, [])
    assert first["meta"]["pagination"]["total_pages"] == 1
    assert rows["meta"]["pagination"]["total"] == len(rows["data"]) == 2
    assert shop.call("GET", f"/v3/orders/{order.id}/transactions", page=2).status == 204

    shop.store.switches.per_order_pagination = False

    assert shop.get(path)["meta"] == {}
    assert shop.get(f"/v3/orders/{order.id}/transactions")["meta"] == {}


OF_ONE_ORDER = [
    *("/v2/orders/{}/products", "/v2/orders/{}/coupons", "/v2/orders/{}/shipping_addresses"),
    *("/v2/orders/{}/messages", "/v2/orders/{}/shipments", "/v2/orders/{}/taxes"),
    *("/v3/orders/{}/transactions", "/v3/orders/{}/payment_actions/refunds"),
    "/v3/orders/{}/metafields",
]


def rows_of(answer: Any) -> list[Any]:
    """The rows of a page; none where the answer has no body."""
    body = answer.body or []
    return list(body["data"] if isinstance(body, dict) else body)


@pytest.mark.parametrize("path", OF_ONE_ORDER)
@pytest.mark.parametrize("count", [1, 3])
def test_whoever_pages_a_list_of_one_order_until_it_is_empty_comes_to_an_end(
    shop, path: str, count: int
) -> None:
    order = shop.place(*[{"sku": "MUG", "quantity": 2}] * count, coupons=[{"code": "TEN"}])
    for line in order.lines:
        edit(shop.store, OrderEdit(order_id=order.id, message="Where is it?"))
        item = {"item_type": "PRODUCT", "item_id": line.id, "quantity": 1}
        quote = shop.call(
            "POST", f"/v3/orders/{order.id}/payment_actions/refund_quotes", {"items": [item]}
        )
        (way, *_) = quote.body["data"]["refund_methods"]
        pays = [{"provider_id": one["provider_id"], "amount": one["amount"]} for one in way]
        body = {"items": [item], "payments": pays}
        refunds = f"/v3/orders/{order.id}/payment_actions/refunds"
        assert shop.call("POST", refunds, body).status == 201

    url, pages = path.format(order.id), []
    while rows := rows_of(shop.call("GET", url, page=len(pages) + 1)):
        pages.append(rows)
        assert len(pages) == 1
    assert rows_of(shop.call("GET", url, page=7)) == []
