"""`bigc`, a library for V2 and V3."""

from bigc import BigCommerceAPI
from checks import ACCESS_TOKEN, CUSTOMER_ID, ORDER_ID, PRODUCT_ID, STORE_HASH, check, report

api = BigCommerceAPI(STORE_HASH, ACCESS_TOKEN)
orders = api.orders_v2
check("orders", ORDER_ID in {order["id"] for order in orders.all()})
check("order", orders.get(ORDER_ID)["id"] == ORDER_ID)
products = list(orders.all_products(ORDER_ID))
check("order products", len(products) == 2)
check("order product", orders.get_product(ORDER_ID, products[0]["id"])["quantity"] == 2)
addresses = list(orders.all_shipping_addresses(ORDER_ID))
address = orders.get_shipping_address(ORDER_ID, addresses[0]["id"])
check("order shipping address", address["id"] == addresses[0]["id"])
changed = orders.update_shipping_address(ORDER_ID, address["id"], data={"city": "York"})
check("order shipping address, updated", changed["city"] == "York")
item = {"order_product_id": products[0]["id"], "quantity": 1}
made = orders.create_shipment(
    ORDER_ID, data={"order_address_id": address["id"], "items": [item], "tracking_number": "A1"}
)
check("order shipment", orders.get_shipment(ORDER_ID, made["id"])["tracking_number"] == "A1")
changed = orders.update_shipment(ORDER_ID, made["id"], data={"tracking_number": "A2"})
check("order shipment, updated", changed["tracking_number"] == "A2")
check("order shipments", len(list(orders.all_shipments(ORDER_ID))) == 1)
orders.delete_shipment(ORDER_ID, made["id"])
check("order shipment, deleted", list(orders.all_shipments(ORDER_ID)) == [])
check("order coupons", [coupon["code"] for coupon in orders.all_coupons(ORDER_ID)] == ["TEN"])
check("order, updated", orders.update(ORDER_ID, data={"staff_notes": "x"})["staff_notes"] == "x")
product = {"name": "Card", "quantity": 1, "price_inc_tax": 2, "price_ex_tax": 2}
address = {
    "first_name": "Ann", "last_name": "Lee", "street_1": "1 High St", "city": "Bath",
    "state": "Somerset", "zip": "BA1 1AA", "country": "United Kingdom", "country_iso2": "GB",
    "email": "ann@example.com",
}  # fmt: skip
made = orders.create(data={"billing_address": address, "products": [product], "status_id": 11})
check("order, created", orders.get(made["id"])["total_inc_tax"] == "2.0000")
orders.archive(made["id"])
check("order, archived", orders.get(made["id"])["is_deleted"])

refunds = api.orders_v3
wanted = {"items": [{"item_type": "ORDER", "item_id": ORDER_ID, "amount": 1, "reason": "late"}]}
quote = refunds.get_refund_quote(ORDER_ID, data=wanted)
check("refund quote", quote["total_refund_amount"] == 1)
method = quote["refund_methods"][0][0]
payment = {"provider_id": method["provider_id"], "amount": 1, "offline": method["offline"]}
refund = refunds.create_refund(ORDER_ID, data={**wanted, "payments": [payment]})
check("refund", refunds.get_refund(refund["id"])["order_id"] == ORDER_ID)
check("refunds", refund["id"] in {found["id"] for found in refunds.all_refunds(ORDER_ID)})
check("refunds of all orders", len(list(refunds.all_refunds())) > 0)

catalogue, variants = api.products_v3, api.product_variants_v3
check("products", PRODUCT_ID in {product["id"] for product in catalogue.all()})
check("product", catalogue.get(PRODUCT_ID)["id"] == PRODUCT_ID)
found = list(variants.all(PRODUCT_ID))
check("product variants", found[0]["product_id"] == PRODUCT_ID)
check("product variant", variants.get(PRODUCT_ID, found[0]["id"])["id"] == found[0]["id"])
check("customers", CUSTOMER_ID in {customer["id"] for customer in api.customers_v3.all()})
check("customer", api.customers_v3.get(CUSTOMER_ID)["id"] == CUSTOMER_ID)
check("customer addresses", len(list(api.customers_v3.all_addresses())) > 0)

hooks = api.webhooks_v3
hook = hooks.create(
    data={"scope": "store/order/created", "destination": "https://hooks.example.com/bigc"}
)
check("webhook", hooks.get(hook["id"])["scope"] == "store/order/created")
check("webhooks", hook["id"] in {found["id"] for found in hooks.all()})
check("webhook, updated", not hooks.update(hook["id"], data={"is_active": False})["is_active"])
hooks.delete(hook["id"])
check("webhook, deleted", hook["id"] not in {found["id"] for found in hooks.all()})
report()
