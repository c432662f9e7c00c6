"""The vendor's own library for Python (V2)."""

from bigcommerce.api import BigcommerceApi
from checks import ACCESS_TOKEN, CUSTOMER_ID, ORDER_ID, STORE_HASH, check, report

api = BigcommerceApi(client_id="any", store_hash=STORE_HASH, access_token=ACCESS_TOKEN)
order = api.Orders.get(ORDER_ID)
check("time", api.Time.all()["time"] > 0)
check("store", api.Store.all().name)
check("orders", ORDER_ID in {item.id for item in api.Orders.iterall()})
check("orders/count", api.Orders.count(min_id=ORDER_ID, max_id=ORDER_ID) == 1)
check("order statuses", len(api.OrderStatuses.all()) > 10)
check("order products", order.products(order.products()[0].id).quantity == 2)
check("order coupons", [coupon.code for coupon in order.coupons()] == ["TEN"])
check("order taxes", len(order.taxes()) > 0)
address = order.shipping_addresses()[0]
check("order shipping addresses", order.shipping_addresses(address.id).id == address.id)
items = [{"order_product_id": order.products()[0].id, "quantity": 1}]
made = api.OrderShipments.create(
    ORDER_ID, order_address_id=address.id, items=items, tracking_number="A1"
)
check("order shipments", order.shipments(made.id).update(comments="x").comments == "x")
made.delete()
check("order shipments, deleted", isinstance(order.shipments(), (list, str, dict)))
check("order, updated", order.update(staff_notes="seen").staff_notes == "seen")
check("order messages", order.messages() is not None)
check("order shipments/count", api.OrderShipments.count(ORDER_ID) == 0)
check("customers", api.Customers.get(CUSTOMER_ID).id == CUSTOMER_ID)
check("customer addresses", len(api.CustomerAddresses.all(CUSTOMER_ID)) > 0)
check("tax classes", len(api.TaxClasses.all()) > 0)
report()
