// `@space48/bigcommerce-api`, for V2 and V3.
const { Management } = require("@space48/bigcommerce-api");
const { accessToken, storeHash, orderId, productId, customerId, check, run } = require("./node_checks.cjs");

const idsOf = async (listed) => {
  const ids = [];
  for await (const item of listed) ids.push(item.id);
  return ids;
};

run(async () => {
  const { v2, v3 } = new Management.Client({ storeHash, accessToken });
  const order = { path: { order_id: orderId } };
  check("order", (await v2.get("/orders/{order_id}", order)).id === orderId);
  check("orders", (await v2.get("/orders")).some((found) => found.id === orderId));
  for (const part of ["products", "coupons", "taxes", "shipping_addresses", "shipments"]) {
    check(`order ${part}`, (await v2.get(`/orders/{order_id}/${part}`, order)) !== undefined);
  }
  const change = { ...order, body: { staff_notes: "s48" } };
  check("order, updated", (await v2.put("/orders/{order_id}", change)).staff_notes === "s48");
  const transactions = await v3.get("/orders/{order_id}/transactions", order);
  check("transactions", transactions.length > 0);
  check("products", (await idsOf(v3.list("/catalog/products"))).includes(productId));
  const product = { path: { product_id: productId } };
  check("product", (await v3.get("/catalog/products/{product_id}", product)).id === productId);
  check("product variants", (await idsOf(v3.list("/catalog/products/{product_id}/variants", product))).length > 0);
  check("product options", await idsOf(v3.list("/catalog/products/{product_id}/options", product)));
  check("variants", (await idsOf(v3.list("/catalog/variants", { query: { limit: 250 } }))).length > 10);
  check("customers", (await idsOf(v3.list("/customers"))).includes(customerId));
  check("customer addresses", (await idsOf(v3.list("/customers/addresses"))).length > 0);
  check("channels", (await idsOf(v3.list("/channels"))).length > 0);
  const hook = { scope: "store/order/updated", destination: "https://hooks.example.com/space48" };
  const made = await v3.post("/hooks", { body: hook });
  check("webhooks", (await idsOf(v3.list("/hooks"))).includes(made.id));
  await v3.delete("/hooks/{hook_id}", { path: { hook_id: made.id } });
});
