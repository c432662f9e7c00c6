"""Every link that a document publishes can be followed, and so can those behind it."""

from collections.abc import Iterator
from typing import Any

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
