"""`brightpearlapi`, a library for Brightpearl that uses the older URLs."""

from brightpearlapi.BrightpearlAPI import BrightpearlAPI
from checks import SKU, check, report

api = BrightpearlAPI(
    account_id="sandbox",
    datacenter="ws-eu1",
    app_ref="causeway_app",
    access_token="sandbox-account-token",
)
found = api.Products.Product.search(f"SKU={SKU}")
product_id = found["results"][0][0]
check("product search", found["metaData"]["resultsAvailable"] == 1)
check("product", api.Products.Product.get(str(product_id))[0]["identity"]["sku"] == SKU)
check("product options", api.Products.Product.options(str(product_id)))
check("product price", api.Products.ProductPrice.get(str(product_id)))
check("price list", len(api.Products.PriceList.get()) == 3)
check("channel", len(api.Products.Channel.get()) > 1)

contacts = api.Contacts.Contact.search("primaryEmail=@")
contact_id = contacts["results"][0][0]
check("contact search", contacts["metaData"]["resultsAvailable"] > 0)
check("contact", api.Contacts.Contact.get_contact(contact_id)[0]["contactId"] == contact_id)
check("contacts", len(api.Contacts.Contact.get_contacts(f"{contact_id}")) == 1)
made = api.Products.Product.post(
    {
        "brandId": 74,
        "financialDetails": {"taxCode": {"code": "T20"}},
        "salesChannels": [{"salesChannelName": "Brightpearl", "productName": "Set"}],
    }
)
check("product, created", api.Products.Product.get(str(made))[0]["id"] == made)

row = {"productId": product_id, "quantity": "2", "taxCode": "T20", "net": "20", "tax": "4"}
order_id = api.Orders.SalesOrder.post(
    {
        "customer": {"id": contact_id},
        "externalRef": "CLIENT-1",
        "installedIntegrationInstanceId": 1,
        "rows": [row],
    }
)
order = api.Orders.SalesOrder.get(order_id)
check("sales order", order.total.gross == "24.00")
check("sales order set", len(api.Orders.SalesOrder.get_set(str(order_id))) == 1)
orders = api.Orders.SalesOrder.search("externalRef=CLIENT-1")
check("sales order search", orders["metaData"]["resultsAvailable"] == 1)

check("warehouse", [one["id"] for one in api.Warehouse.Warehouse.get()] == [2, 3])
check("one warehouse", api.Warehouse.Warehouse.get(3)[0]["id"] == 3)
check("warehouse search", api.Warehouse.Warehouse.search("id=2"))
stock = api.Warehouse.ProductAvailability.get(str(product_id)).products[0]
check("product availability", stock.total.on_hand >= 2)
line = {"productId": product_id, "salesOrderRowId": order.rows[0].id, "quantity": 2}
note = {"warehouses": [{"warehouseId": 2, "products": [line]}]}
note_id = api.Warehouse.GoodsOutNotes.post(order_id, note)
check("goods-out note", note_id)
check(
    "goods-out notes of an order", len(api.Warehouse.GoodsOutNotes.get_by_order_id(order_id)) == 1
)
report()
