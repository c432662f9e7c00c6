"""`tap-bigcommerce`, a Singer tap: the streams that the sandbox has, with all they unpack."""

from checks import ACCESS_TOKEN, ORDER_ID, PRODUCT_ID, STORE_HASH, check, report
from tap_bigcommerce.client import BigCommerce
from tap_bigcommerce.discover import discover_streams

client = BigCommerce("any", ACCESS_TOKEN, STORE_HASH)
streams = {stream["stream"] for stream in discover_streams(client)["streams"]}
check("streams", streams == {"orders", "products", "customers", "coupons"})
since = {"replication_key": "date_modified", "bookmark": "2000-01-01T00:00:00+00:00"}
orders = {order["id"]: order for order in client.orders(**since)}
check("orders", ORDER_ID in orders)
order = orders[ORDER_ID]
check("products of orders", len(order["products"]) == 2)
check("coupons of orders", order["coupons"][0]["code"] == "TEN")
check("shipping addresses of orders", len(order["shipping_addresses"]) == 1)
check("products", PRODUCT_ID in {product["id"] for product in client.products(**since)})
report()
