// `node-bigcommerce`, for V2 and V3.
const BigCommerce = require("node-bigcommerce");
const { accessToken, storeHash, orderId, productId, customerId, check, run } = require("./node_checks.cjs");

const client = (apiVersion) => new BigCommerce({ clientId: "any", accessToken, storeHash, responseType: "json", apiVersion });

run(async () => {
  const v2 = client("v2");
  const v3 = client("v3");
  check("time", (await v2.get("/time")).time > 0);
  check("store", (await v2.get("/store")).name);
  check("orders", (await v2.get(`/orders?min_id=${orderId}&limit=1`))[0].id === orderId);
  check("orders/count", (await v2.get("/orders/count")).count > 0);
  check("order", (await v2.get(`/orders/${orderId}`)).id === orderId);
  for (const part of ["products", "coupons", "taxes", "shipping_addresses", "consignments"]) {
    check(`order ${part}`, await v2.get(`/orders/${orderId}/${part}`));
  }
  check("order statuses", (await v2.get("/order_statuses")).length > 10);
  check("order, updated", (await v2.put(`/orders/${orderId}`, { staff_notes: "n" })).staff_notes === "n");
  const [line] = await v2.get(`/orders/${orderId}/products`);
  const [address] = await v2.get(`/orders/${orderId}/shipping_addresses`);
  const shipment = { order_address_id: address.id, items: [{ order_product_id: line.id, quantity: 1 }] };
  const made = await v2.post(`/orders/${orderId}/shipments`, shipment);
  check("order shipment", made.id > 0);
  await v2.delete(`/orders/${orderId}/shipments/${made.id}`);
  check("customer", (await v2.get(`/customers/${customerId}`)).id === customerId);
  check("transactions", (await v3.get(`/orders/${orderId}/transactions`)).data.length > 0);
  check("refunds", (await v3.get("/orders/payment_actions/refunds")).data);
  check("product", (await v3.get(`/catalog/products/${productId}`)).data.id === productId);
  check("variants", (await v3.get("/catalog/variants?limit=5")).data.length > 0);
  check("customers", (await v3.get("/customers")).data.length > 0);
  check("channels", (await v3.get("/channels")).data.length > 0);
  check("inventory items", (await v3.get("/inventory/items?limit=5")).data.length > 0);
  check("inventory locations", (await v3.get("/inventory/locations")).data.length > 0);
  const hook = { scope: "store/order/created", destination: "https://hooks.example.com/node" };
  const { data } = await v3.post("/hooks", hook);
  check("webhook", (await v3.get(`/hooks/${data.id}`)).data.scope === hook.scope);
  await v3.delete(`/hooks/${data.id}`);
});
