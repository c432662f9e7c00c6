"""`pybigcommerce`: customers and the store."""

from checks import ACCESS_TOKEN, CUSTOMER_ID, STORE_HASH, check, report
from pybigcommerce.bigcommerce import BigCommerceModel

api = BigCommerceModel(STORE_HASH, ACCESS_TOKEN)
customer = api.customer.get_customer_by_id(CUSTOMER_ID)
check("customer (V2)", customer and customer["id"] == CUSTOMER_ID)
found = api.customer.get_customer_by_customer_group_id(
    customer["customer_group_id"], page=1, result=[]
)
check("customers of a group", CUSTOMER_ID in {one["id"] for one in found})
check("store", api.store_info.get_method("/store")["name"])
report()
