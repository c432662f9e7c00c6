"""Every operation's answer, held against the machine-readable description of the API."""

import json
import re
from typing import Any

import pytest
from reference_material import SPECS, needs_specs
from spec_check import Specification

from sandbox.bigcommerce.gateway import ROUTER
from sandbox.bigcommerce.shipments import Parcel, ship_parcels
from sandbox.bigcommerce.staff import OrderEdit, edit
from sandbox.bigcommerce.staff_refunds import act

pytestmark = needs_specs

FILES = (
    ("orders.v2.oas2.yml", "/v2"),
    ("store_information.v2.yml", "/v2"),
    ("tax_classes.v2.yml", "/v2"),
    ("orders.v3.yml", "/v3"),
    ("webhooks.v3.yml", "/v3"),
    ("channels.v3.yml", "/v3"),
    ("settings.v3.yml", "/v3"),
    ("inventory.v3.yml", "/v3"),
    ("locations.v3.yml", "/v3"),
    ("customers.v3.yml", "/v3"),
    ("products_catalog.v3.yml", "/v3"),
    ("product-variants_catalog.v3.yml", "/v3"),
    ("product-variant-options_catalog.v3.yml", "/v3"),
    ("customers.v2.yml", "/v2"),
    ("price_lists.v3.yml", "/v3"),
)
NOT_DESCRIBED = {
    ("GET", "/v2/orders/{id}/shippingaddresses"): "the spelling that the links of orders use",
    ("GET", "/v2/orders/{id}/shippingaddresses/{address_id}/shippingquotes"): (
        "the spelling that the links of addresses use, which answers 204"
    ),
    **dict.fromkeys(
        [
            (method, f"/v3/catalog/{what}")
            for method in ("GET", "POST")
            for what in ("brands", "categories")
        ],
        "the description at hand lacks brands and categories",
    ),
}
EXCEPTIONS = {
    ("POST", "/v2/orders", 201): "declared 200; what is created is answered with 201",
}
"""Statuses where the description is known to be wrong about the wire, with the reason."""
TOLERATED = {
    ("GET", "/v2/orders/{id}/fees"): (
        re.compile(r": \[\{.*"),
        "typed as one object although an order has several; a switch answers that shape",
    ),
    **dict.fromkeys(
        [
            ("POST", "/v3/orders/{id}/payment_actions/refunds"),
            ("GET", "/v3/orders/{id}/payment_actions/refunds"),
            ("GET", "/v3/orders/payment_actions/refunds"),
        ],
        (
            re.compile(r"data/(\d+/)?items/\d+/requested_amount: None is not of type 'number'"),
            "null as in its own example: nobody asks for an amount of products",
        ),
    ),
    ("GET", "/v3/inventory/items"): (
        re.compile(r"data/\d+/identity/sku_id: None is not of type 'integer'"),
        "null as its description says: a base variant has none",
    ),
    **dict.fromkeys(
        [
            ("GET", "/v3/catalog/products"),
            ("GET", "/v3/catalog/products/{id}"),
            ("POST", "/v3/catalog/products"),
            ("PUT", "/v3/catalog/products"),
            ("PUT", "/v3/catalog/products/{id}"),
        ],
        (
            re.compile(
                r"data/(\d+/)?(base_variant_id|option_set_id|variants/\d+/\w+|preorder_release_date|"
                r"options/\d+/option_values/\d+/value_data): None is not of type '\w+'"
            ),
            "null: the product has several variants, no option set, or the variant inherits",
        ),
    ),
    ("GET", "/v3/catalog/products/{id}/variants/{variant_id}"): (
        re.compile(r"data/\w+: None is not of type '\w+'"),
        "null: the variant inherits from its product",
    ),
    ("GET", "/v3/catalog/products/{id}/options/{option_id}/values"): (
        re.compile(r"data/\d+/value_data: None is not of type 'object'"),
        "null: only swatches have data besides their label",
    ),
    ("GET", "/v3/catalog/products/{id}/variants"): (
        re.compile(r"data/\d+/\w+: None is not of type '\w+'"),
        "null: the variant inherits from its product",
    ),
    **dict.fromkeys(
        [("GET", "/v3/catalog/variants"), ("PUT", "/v3/catalog/variants")],
        (
            re.compile(r"data/\d+/\w+: None is not of type '\w+'"),
            "null: the variant inherits from its product",
        ),
    ),
    ("POST", "/v3/catalog/products/{id}/options/{option_id}/values"): (
        re.compile(r"data/value_data: None is not of type 'object'"),
        "null: only swatches have data besides their label",
    ),
    ("GET", "/v3/pricelists/{id}/records"): (
        re.compile(r"data/\d+/\w+_price: None is not of type 'number'"),
        "null: the record has no such price, as its upsert says",
    ),
    **dict.fromkeys(
        [("GET", "/v3/pricelists/assignments"), ("PUT", "/v3/pricelists/{id}/assignments")],
        (
            re.compile(r"data/(\d+/)?channel_id: None is not of type 'integer'"),
            "null: the list is for a customer group on every channel",
        ),
    ),
    **dict.fromkeys(
        [("GET", "/v3/customers"), ("POST", "/v3/customers"), ("PUT", "/v3/customers")],
        (
            re.compile(r"data/\d+/channel_ids: None is not of type 'array'"),
            "null: the customer may use every channel",
        ),
    ),
}
"""Fields where the description is known to be wrong about the wire, with the reason."""
FULL = {"include": "consignments.line_items,fees", "consignment_structure": "object"}
BILLING = {"first_name": "A", "last_name": "B", "street_1": "1", "city": "Bath", "zip": "BA1",
           "country": "United Kingdom", "email": "a@example.com"}  # fmt: skip
NEW_ORDER = {
    "billing_address": BILLING,
    "products": [{"name": "X", "quantity": 1, "price_ex_tax": 5, "price_inc_tax": 6}],
}
PERSON = {"email": "new@example.com", "first_name": "Ann", "last_name": "Lee"}
PRICE = {"sku": "MUG", "currency": "GBP", "price": 8, "bulk_pricing_tiers": [
    {"quantity_min": 5, "quantity_max": 9, "type": "price", "amount": 7}]}  # fmt: skip
PLACE = {"first_name": "Ann", "last_name": "Lee", "address1": "1 High St", "city": "Bath",
         "state_or_province": "Somerset", "postal_code": "BA1", "country_code": "GB"}  # fmt: skip
HOOK = {"scope": "store/order/*", "destination": "https://example.com/in", "headers": {"a": "b"}}
CUSTOM = [{"provider_id": "custom", "amount": 1, "offline": True}]
TRACKED = {"tracking_number": "EJ9580", "shipping_provider": "fedex", "tracking_link": "",
           "tracking_carrier": "dhl", "shipping_method": "Express", "comments": "Fragile",
           "merchant_shipping_cost": "4.5"}  # fmt: skip
SOCK = {"sku": "SOCK-M"}
SETTINGS = [{"identity": SOCK, "safety_stock": 1, "warning_level": 2, "is_in_stock": True,
             "bin_picking_number": "B7"}]  # fmt: skip
METAFIELD = {"permission_set": "read", "namespace": "causeway", "key": "id", "value": "7"}
Example = tuple[str, dict[str, str], Any]


def every_kind(ids: dict[str, Any]) -> list[dict[str, Any]]:
    """A refund item of each type."""
    line, place, order = ids["line"], ids["address"], ids["order"]
    less = [{"amount": -0.5, "description": "Worn"}]
    return [
        {"item_type": "PRODUCT", "item_id": line, "quantity": 1, "adjustments": less},
        {"item_type": "GIFT_WRAPPING", "item_id": line, "quantity": 1},
        {"item_type": "SHIPPING", "item_id": place, "amount": 1},
        {"item_type": "HANDLING", "item_id": place, "amount": 0.5, "reason": "Sorry"},
        {"item_type": "FEE", "item_id": ids["fee"], "amount": 1.2},
        {"item_type": "TAX", "item_id": order, "amount": 0.01},
        {"item_type": "ORDER", "item_id": order, "amount": 0.3},
    ]


def examples(ids: dict[str, Any]) -> dict[tuple[str, str], list[Example]]:
    """Calls for each operation; several where its answers differ in kind."""
    o, line, place = ids["order"], ids["line"], ids["address"]
    actions = f"/v3/orders/{o}/payment_actions"
    shipment = f"/v2/orders/{ids['shipped']}/shipments/{ids['shipment']}"
    metafield = f"/v3/orders/{o}/metafields/{ids['metafield']}"
    plain: dict[str, Any] = {}
    sock = ids["sock"]
    prices = f"/v3/pricelists/{ids['prices']}"
    counted = {"location_id": 1, "quantity": 4, **SOCK}
    return {
        ("GET", "/v2/orders"): [
            ("/v2/orders", plain, None),
            ("/v2/orders", FULL, None),
            ("/v2/orders", {"status_id": "13"}, None),
        ],
        ("POST", "/v2/orders"): [("/v2/orders", plain, NEW_ORDER)],
        ("GET", "/v2/orders/{id}"): [
            (f"/v2/orders/{o}", FULL, None),
            (f"/v2/orders/{o}", {**FULL, "include": "consignments"}, None),
            (f"/v2/orders/{ids['mixed']}", FULL, None),
            (f"/v2/orders/{ids['collected']}", FULL, None),
            (f"/v2/orders/{o}", plain, None),
            ("/v2/orders/999999", plain, None),
        ],
        ("PUT", "/v2/orders/{id}"): [(f"/v2/orders/{o}", plain, {"status_id": 9})],
        ("DELETE", "/v2/orders/{id}"): [(f"/v2/orders/{ids['mixed']}", plain, None)],
        ("DELETE", "/v2/orders"): [("/v2/orders", plain, None)],
        ("GET", "/v2/orders/{id}/products"): [(f"/v2/orders/{o}/products", plain, None)],
        ("GET", "/v2/orders/{id}/products/{line_id}"): [
            (f"/v2/orders/{o}/products/{line}", plain, None)
        ],
        ("GET", "/v2/orders/{id}/shipping_addresses/{address_id}"): [
            (f"/v2/orders/{o}/shipping_addresses/{place}", plain, None)
        ],
        ("PUT", "/v2/orders/{id}/shipping_addresses/{address_id}"): [
            (f"/v2/orders/{o}/shipping_addresses/{place}", plain, {"city": "Wells"})
        ],
        ("GET", "/v2/orders/{id}/shipping_addresses/{address_id}/shipping_quotes"): [
            (f"/v2/orders/{o}/shipping_addresses/{place}/shipping_quotes", plain, None)
        ],
        ("GET", "/v2/orders/{id}/consignments/shipping/{address_id}/shipping_quotes"): [
            (f"/v2/orders/{o}/consignments/shipping/{place}/shipping_quotes", plain, None)
        ],
        ("GET", "/v2/orders/{id}/consignments"): [
            (f"/v2/orders/{o}/consignments", plain, None),
            (f"/v2/orders/{ids['collected']}/consignments", FULL, None),
        ],
        ("GET", "/v2/orders/{id}/taxes"): [
            (f"/v2/orders/{o}/taxes", plain, None),
            (f"/v2/orders/{o}/taxes", {"details": "true"}, None),
        ],
        ("GET", "/v2/orders/{id}/shipments"): [
            (f"/v2/orders/{ids['shipped']}/shipments", plain, None),
            (f"/v2/orders/{o}/shipments", plain, None),
        ],
        ("POST", "/v2/orders/{id}/shipments"): [
            (f"/v2/orders/{o}/shipments", plain, ids["parcel"]),
            (f"/v2/orders/{o}/shipments", plain, ids["parcel"] | TRACKED),
        ],
        ("GET", "/v2/orders/{id}/shipments/{shipment_id}"): [(shipment, plain, None)],
        ("PUT", "/v2/orders/{id}/shipments/{shipment_id}"): [(shipment, plain, TRACKED)],
        ("DELETE", "/v2/orders/{id}/shipments/{shipment_id}"): [(shipment, plain, None)],
        ("GET", "/v2/order_statuses/{id}"): [("/v2/order_statuses/11", plain, None)],
        ("GET", "/v2/tax_classes/{id}"): [("/v2/tax_classes/1", plain, None)],
        ("GET", "/v3/inventory/items"): [
            ("/v3/inventory/items", plain, None),
            ("/v3/inventory/items", {"sku:in": "sock-m,MUG", "location_id:in": "1"}, None),
        ],
        ("GET", "/v3/inventory/locations/{location_id}/items"): [
            ("/v3/inventory/locations/1/items", plain, None),
            ("/v3/inventory/locations/99/items", plain, None),
        ],
        ("PUT", "/v3/inventory/locations/{location_id}/items"): [
            ("/v3/inventory/locations/1/items", plain, {"settings": SETTINGS}),
            ("/v3/inventory/locations/1/items", plain, {"settings": [{"identity": SOCK}]}),
        ],
        ("PUT", "/v3/inventory/adjustments/absolute"): [
            ("/v3/inventory/adjustments/absolute", plain, {"items": [counted]}),
            (
                "/v3/inventory/adjustments/absolute",
                plain,
                {"items": [counted | {"location_id": 9}]},
            ),
            ("/v3/inventory/adjustments/absolute", plain, {"items": [counted] * 2001}),
            ("/v3/inventory/adjustments/absolute", plain, {"items": [{"sku": "MUG"}]}),
        ],
        ("POST", "/v3/inventory/adjustments/relative"): [
            ("/v3/inventory/adjustments/relative", plain, {"items": [counted]}),
            ("/v3/inventory/adjustments/relative", plain, {"items": [counted | {"quantity": -99}]}),
        ],
        ("GET", "/v3/orders/{id}/transactions"): [
            (f"/v3/orders/{o}/transactions", plain, None),
            (f"/v3/orders/{ids['authorized']}/transactions", plain, None),
            (f"/v3/orders/{ids['unpaid']}/transactions", plain, None),
        ],
        ("POST", "/v3/orders/{id}/payment_actions/capture"): [
            (f"/v3/orders/{ids['authorized']}/payment_actions/capture", plain, None)
        ],
        ("POST", "/v3/orders/{id}/payment_actions/void"): [
            (f"/v3/orders/{ids['authorized']}/payment_actions/void", plain, None)
        ],
        ("POST", "/v3/orders/{id}/payment_actions/refund_quotes"): [
            (f"{actions}/refund_quotes", plain, {"items": every_kind(ids)}),
            (f"{actions}/refund_quotes", plain, {"items": []}),
            (
                f"/v3/orders/{ids['unpaid']}/payment_actions/refund_quotes",
                plain,
                {"items": [{"item_type": "ORDER", "item_id": ids["unpaid"], "amount": 1}]},
            ),
        ],
        ("POST", "/v3/orders/{id}/payment_actions/refunds"): [
            (
                f"{actions}/refunds",
                plain,
                {
                    "items": [{"item_type": "ORDER", "item_id": o, "amount": 1}],
                    "payments": CUSTOM,
                },
            ),
            (
                f"{actions}/refunds",
                plain,
                {
                    "items": every_kind(ids),
                    "payments": CUSTOM,
                    "merchant_calculated_override": {"total_amount": 1, "total_tax": 0.1},
                },
            ),
            (f"{actions}/refunds", plain, {"items": [], "payments": CUSTOM}),
        ],
        ("GET", "/v3/orders/{id}/payment_actions/refunds"): [
            (f"/v3/orders/{ids['refunded']}/payment_actions/refunds", plain, None),
            (f"{actions}/refunds", plain, None),
        ],
        ("GET", "/v3/orders/payment_actions/refunds/{refund_id}"): [
            (f"/v3/orders/payment_actions/refunds/{ids['refund']}", plain, None)
        ],
        ("POST", "/v3/orders/{id}/metafields"): [
            (f"/v3/orders/{o}/metafields", plain, METAFIELD | {"key": "new"}),
            (f"/v3/orders/{o}/metafields", plain, METAFIELD),
            (f"/v3/orders/{o}/metafields", plain, {}),
        ],
        ("GET", "/v3/orders/{id}/metafields/{metafield_id}"): [(metafield, plain, None)],
        ("PUT", "/v3/orders/{id}/metafields/{metafield_id}"): [(metafield, plain, {"value": "8"})],
        ("DELETE", "/v3/orders/{id}/metafields/{metafield_id}"): [(metafield, plain, None)],
        ("POST", "/v3/orders/metafields"): [
            ("/v3/orders/metafields", plain, [METAFIELD | {"key": "new", "resource_id": o}]),
            ("/v3/orders/metafields", plain, [METAFIELD | {"resource_id": o}]),
            ("/v3/orders/metafields", plain, {}),
        ],
        ("PUT", "/v3/orders/metafields"): [
            ("/v3/orders/metafields", plain, [{"id": ids["metafield"], "value": "8"}]),
            ("/v3/orders/metafields", plain, [{"id": 999_999, "value": "8"}]),
        ],
        ("DELETE", "/v3/orders/metafields"): [
            ("/v3/orders/metafields", plain, [ids["metafield"]]),
            ("/v3/orders/metafields", plain, [999_999]),
        ],
        ("GET", "/v3/channels/{id}"): [("/v3/channels/1", plain, None)],
        ("GET", "/v3/settings/inventory"): [("/v3/settings/inventory", plain, None)],
        ("POST", "/v3/hooks"): [("/v3/hooks", plain, HOOK)],
        ("GET", "/v3/hooks/{id}"): [(f"/v3/hooks/{ids['hook']}", plain, None)],
        ("PUT", "/v3/hooks/{id}"): [(f"/v3/hooks/{ids['hook']}", plain, {"is_active": False})],
        ("DELETE", "/v3/hooks/{id}"): [(f"/v3/hooks/{ids['hook']}", plain, None)],
        ("PUT", "/v3/hooks/admin"): [("/v3/hooks/admin", plain, {"emails": ["a@example.com"]})],
        ("GET", "/v3/catalog/products"): [
            ("/v3/catalog/products", {"include": "variants,images,custom_fields"}, None),
            ("/v3/catalog/products", {"include": "options,modifiers,channels,videos"}, None),
        ],
        **catalog_writes(ids["product"], sock, ids["option"], ids["variant"]),
        ("DELETE", "/v3/catalog/products/{id}/images/{image_id}"): [
            (f"/v3/catalog/products/{ids['product']}/images/{ids['image']}", plain, None)
        ],
        ("GET", "/v3/catalog/products/{id}/variants/{variant_id}"): [
            (f"/v3/catalog/products/{sock}/variants/{ids['variant']}", plain, None)
        ],
        ("GET", "/v3/catalog/products/{id}/options"): [
            (f"/v3/catalog/products/{sock}/options", plain, None)
        ],
        ("GET", "/v3/catalog/products/{id}/options/{option_id}"): [
            (f"/v3/catalog/products/{sock}/options/{ids['option']}", plain, None)
        ],
        ("GET", "/v3/catalog/products/{id}/options/{option_id}/values"): [
            (f"/v3/catalog/products/{sock}/options/{ids['option']}/values", plain, None)
        ],
        ("GET", "/v2/customers/{id}"): [("/v2/customers/1", plain, None)],
        ("GET", "/v2/customers/{id}/addresses"): [("/v2/customers/1/addresses", plain, None)],
        ("GET", "/v3/catalog/products/{id}"): [
            (f"/v3/catalog/products/{ids['product']}", plain, None)
        ],
        ("GET", "/v3/catalog/products/{id}/variants"): [
            (f"/v3/catalog/products/{ids['product']}/variants", plain, None)
        ],
        ("GET", "/v2/customer_groups/{id}"): [("/v2/customer_groups/1", plain, None)],
        ("POST", "/v3/customers"): [
            ("/v3/customers", plain, [{**PERSON, "addresses": [PLACE], "email": "n@example.com"}]),
            ("/v3/customers", plain, [PERSON, PERSON]),
            ("/v3/customers", plain, [PERSON] * 11),
        ],
        ("PUT", "/v3/customers"): [
            ("/v3/customers", plain, [{"id": 1, "phone": "1", "customer_group_id": 2}]),
            ("/v3/customers", plain, [{"phone": "1"}]),
        ],
        ("GET", "/v3/pricelists"): [("/v3/pricelists", plain, None)],
        ("POST", "/v3/pricelists"): [
            ("/v3/pricelists", plain, {"name": "VIP"}),
            ("/v3/pricelists", plain, {"name": "Trade"}),
            ("/v3/pricelists", plain, {}),
        ],
        ("GET", "/v3/pricelists/{id}"): [(prices, plain, None)],
        ("PUT", "/v3/pricelists/{id}"): [(prices, plain, {"active": False})],
        ("DELETE", "/v3/pricelists/{id}"): [(prices, plain, None)],
        ("GET", "/v3/pricelists/{id}/records"): [
            (f"{prices}/records", {"include": "bulk_pricing_tiers,sku"}, None)
        ],
        ("PUT", "/v3/pricelists/{id}/records"): [
            (f"{prices}/records", plain, [PRICE]),
            (f"{prices}/records", plain, [PRICE, {**PRICE, "sku": "NOTHING"}]),
        ],
        ("PUT", "/v3/pricelists/records"): [
            ("/v3/pricelists/records", plain, [{**PRICE, "price_list_id": ids["prices"]}])
        ],
        ("POST", "/v3/pricelists/{id}/records"): [
            (f"{prices}/records", plain, [{**PRICE, "sku": "SOCK-M"}])
        ],
        ("DELETE", "/v3/pricelists/{id}/records"): [(f"{prices}/records", {"sku:in": "MUG"}, None)],
        ("GET", "/v3/pricelists/assignments"): [("/v3/pricelists/assignments", plain, None)],
        ("PUT", "/v3/pricelists/{id}/assignments"): [
            (f"{prices}/assignments", plain, {"customer_group_id": 2})
        ],
        ("POST", "/v3/pricelists/assignments"): [
            (
                "/v3/pricelists/assignments",
                plain,
                [{"price_list_id": ids["prices"], "customer_group_id": 1}],
            )
        ],
        ("DELETE", "/v3/customers"): [("/v3/customers", {"id:in": "1"}, None)],
        ("POST", "/v3/customers/addresses"): [
            ("/v3/customers/addresses", plain, [{**PLACE, "customer_id": 1}]),
            ("/v3/customers/addresses", plain, [PLACE]),
        ],
        ("PUT", "/v3/customers/addresses"): [
            ("/v3/customers/addresses", plain, [{"id": 90001, "city": "Bath"}]),
            ("/v3/customers/addresses", plain, [{"id": 5}]),
        ],
        ("DELETE", "/v3/customers/addresses"): [
            ("/v3/customers/addresses", {"id:in": "90001"}, None)
        ],
        ("GET", "/v3/customers"): [
            ("/v3/customers", {"include": "addresses,storecredit,attributes,formfields"}, None),
            ("/v3/customers", {"limit": "1", "after": "MA"}, None),
        ],
    }


@pytest.fixture(scope="session")
def specification():
    folder = SPECS / "bigcommerce"
    return Specification((folder / name, prefix) for name, prefix in FILES)


def _with_prices(shop) -> int:
    """A price list with a record, for a customer group."""
    number = shop.call("POST", "/v3/pricelists", {"name": "Trade"}).body["data"]["id"]
    shop.call("PUT", f"/v3/pricelists/{number}/records", [PRICE])
    shop.call("PUT", f"/v3/pricelists/{number}/assignments", {"customer_group_id": 2})
    return number


@pytest.fixture
def ids(shop) -> dict[str, Any]:
    order = shop.place(
        {"sku": "MUG", "quantity": 2, "wrapping": "Paper", "wrapping_price": "2.50"},
        {"sku": "SOCK-M"},
        {"name": "Engraving", "price": "3.00", "options": {"Text": "Ann"}},
        coupons=[{"code": "TEN"}],
        fees=[{}],
        shipping=[{"handling": "2"}],
        gift_certificate="5",
        store_credit="1",
        discount="1",
    )
    shop.call("POST", "/v3/hooks", HOOK | {"destination": "https://example.com/other"})
    edit(shop.store, OrderEdit(order_id=order.id, message="When does it come?"))
    many = [{"sku": "BOOK"} for _ in range(51)]
    shipped = shop.place()
    refunded = shop.place({"sku": "MUG", "quantity": 2})
    path = f"/v3/orders/{refunded.id}/payment_actions/refunds"
    item = {"item_type": "PRODUCT", "item_id": refunded.lines[0].id, "quantity": 1}
    paid = [{"provider_id": "stripe", "amount": 12}]
    shop.call("POST", path, {"items": [item], "payments": paid})
    gift = {"name": "Voucher", "price": "20", "gift_certificate_for": "eve@example.com"}
    return {
        "order": order.id,
        "line": order.lines[0].id,
        "address": order.addresses[0].id,
        "mixed": shop.place({"sku": "PDF"}, gift, *many[:3]).id,
        "long": shop.place(*many).id,
        "collected": shop.place(pickup={}).id,
        "authorized": shop.place(payment="authorized").id,
        "unpaid": shop.place(payment_method="Bank deposit").id,
        "hook": next(iter(shop.store.hooks)),
        "metafield": shop.call("POST", f"/v3/orders/{order.id}/metafields", METAFIELD).body["data"][
            "id"
        ],
        "image": shop.call(
            "POST",
            f"/v3/catalog/products/{order.lines[0].product_id}/images",
            {"image_url": "https://images.example/a.jpg"},
        ).body["data"]["id"],
        "product": order.lines[0].product_id,
        "sock": order.lines[1].product_id,
        "variant": order.lines[1].variant_id,
        "option": order.lines[1].options[0].option_id,
        "fee": order.fees[0].id,
        "refunded": refunded.id,
        "refund": refunded.refunds[0].id,
        "shipped": shipped.id,
        "prices": _with_prices(shop),
        "shipment": ship_parcels(shop.store, Parcel(order_id=shipped.id))["shipment_ids"][0],
        "parcel": {
            "order_address_id": order.addresses[0].id,
            "items": [{"order_product_id": order.lines[0].id, "quantity": 1}],
        },
    }


def catalog_writes(
    product: int, sock: int, option: int, variant: int
) -> dict[tuple[str, str], list[Example]]:
    """Calls that write products, variants and their parts."""
    path, plain = "/v3/catalog/products", {}
    labels = [{"option_display_name": "Size", "label": "S"}]
    new = {
        "name": "Cap",
        "type": "physical",
        "weight": 1,
        "price": 9.5,
        "variants": [{"sku": "CAP-S", "option_values": labels}],
        "custom_fields": [{"name": "Care", "value": "Wash"}],
    }
    field = {"name": "Care", "value": "Wash"}
    image = {"image_url": "https://images.example/a.jpg"}
    return {
        ("POST", path): [(path, plain, new)],
        ("PUT", path): [(path, plain, [{"id": product, "description": "<p>New</p>"}])],
        ("PUT", f"{path}/{{id}}"): [(f"{path}/{product}", plain, {"name": "Mug 2"})],
        ("PUT", "/v3/catalog/variants"): [
            ("/v3/catalog/variants", plain, [{"id": variant, "upc": "12345"}]),
        ],
        ("PUT", f"{path}/{{id}}/variants/{{variant_id}}"): [
            (f"{path}/{sock}/variants/{variant}", plain, {"upc": "12345"})
        ],
        ("POST", f"{path}/{{id}}/options/{{option_id}}/values"): [
            (f"{path}/{sock}/options/{option}/values", plain, {"label": "XXL", "sort_order": 9})
        ],
        ("POST", f"{path}/{{id}}/custom-fields"): [
            (f"{path}/{product}/custom-fields", plain, field)
        ],
        ("POST", f"{path}/{{id}}/images"): [(f"{path}/{product}/images", plain, image)],
        ("GET", f"{path}/{{id}}/images"): [(f"{path}/{product}/images", plain, None)],
        ("PUT", f"{path}/channel-assignments"): [
            (f"{path}/channel-assignments", plain, [{"product_id": product, "channel_id": 2}])
        ],
        ("DELETE", path): [(path, {"id:in": str(product)}, None)],
        ("DELETE", f"{path}/{{id}}"): [(f"{path}/{product}", plain, None)],
        ("DELETE", f"{path}/{{id}}/variants/{{variant_id}}"): [
            (f"{path}/{sock}/variants/{variant}", plain, None)
        ],
    }


OPERATIONS = sorted(ROUTER.operations())


@pytest.mark.parametrize(("method", "template"), OPERATIONS, ids=str)
def test_the_operation_answers_as_described(shop, ids, specification, method, template):
    if (method, template) in NOT_DESCRIBED:
        assert not specification.knows(method, template)
        return
    assert specification.knows(method, template)
    default = [(template.replace("{id}", str(ids["order"])), {}, None)]
    for path, query, body in examples(ids).get((method, template), default):
        answer = shop.call(method, path, body, **query)

        if (method, template, answer.status) in EXCEPTIONS:
            continue
        faults = specification.faults(method, template, answer.status, answer.body)
        known, _reason = TOLERATED.get((method, template), (re.compile("nothing"), ""))
        assert [fault for fault in faults if not known.fullmatch(fault)] == []


def test_the_other_shape_of_fees_is_as_described(shop, ids, specification):
    shop.store.switches.fees_shape = "object"
    path = f"/v2/orders/{ids['order']}/fees"
    answer = shop.call("GET", path)

    assert specification.faults("GET", "/v2/orders/{id}/fees", 200, answer.body) == []


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v2/orders/{id}", "/v2/orders/{order}"),
        ("/v2/orders/{id}/products", "/v2/orders/{order}/products"),
        ("/v2/orders/{id}/shipping_addresses", "/v2/orders/{order}/shipping_addresses"),
        ("/v2/orders/{id}/coupons", "/v2/orders/{order}/coupons"),
        ("/v2/orders/{id}/taxes", "/v2/orders/{order}/taxes"),
        ("/v2/orders/{id}/messages", "/v2/orders/{order}/messages"),
        ("/v2/orders/{id}/shipments", "/v2/orders/{shipped}/shipments"),
        ("/v2/store", "/v2/store"),
    ],
)
def test_every_described_field_is_there(shop, ids, specification, template, path):
    body = shop.get(path.format(**ids), details="true") if "taxes" in path else None
    body = body or shop.get(path.format(**ids))
    row = body[0] if isinstance(body, list) else body

    assert specification.properties("GET", template) - set(row) <= {"infrastructure_region",
                                                                    "favicon_url"}  # fmt: skip


def test_a_cut_list_differs_from_the_description_by_its_warning_alone(shop, ids, specification):
    template, path = "/v2/orders/{id}", f"/v2/orders/{ids['long']}"
    answer = shop.call("GET", path, **FULL)
    lines = answer.body["consignments"]["shipping"][0]["line_items"]

    assert "__warning__" in lines.pop()
    assert specification.faults("GET", template, 200, answer.body) == []


def test_a_pending_refund_differs_from_the_description_by_its_nulls_alone(shop, ids, specification):
    act(shop.store, {"order_id": ids["order"], "amount": 1, "payment": "pending"})
    template = "/v3/orders/{id}/payment_actions/refunds"
    answer = shop.call("GET", template.format(id=ids["order"]))

    assert specification.faults("GET", template, 200, answer.body) == [
        f"data/0/payments/0/{name}: None is not of type '{kind}'"
        for name, kind in (("is_declined", "boolean"), ("transaction_id", "string"))
    ]


def test_a_refund_that_the_tax_service_fails_is_as_described(shop, ids, specification):
    shop.store.switches.tax_service_down = True
    template = "/v3/orders/{id}/payment_actions/refunds"
    answer = shop.call("POST", template.format(id=ids["order"]), {})

    assert specification.faults("POST", template, 503, answer.body) == []


@pytest.mark.parametrize(
    "scope",
    [
        "store/shipment/created",
        "store/shipment/updated",
        "store/shipment/deleted",
        "store/order/refund/created",
        "store/order/statusUpdated",
    ],
)
def test_an_event_has_the_fields_of_the_vendors_sample(shop, ids, scope):
    """Names and types count; the samples' values are placeholders."""
    shipment = f"/v2/orders/{ids['shipped']}/shipments/{ids['shipment']}"
    shop.call("PUT", shipment, {"comments": "x"})
    shop.call("DELETE", shipment)
    folder = SPECS / "bigcommerce" / "webhook-callbacks"
    sample = json.loads((folder / f"{scope.replace('/', '_')}.json").read_text("utf-8"))

    data = next(data for name, data in shop.events if name == scope)

    assert shape(data) == shape(sample["data"])


def shape(value: Any) -> Any:
    """Names and types, without values."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    return type(value).__name__
