// `@bigcommerce/api-nodejs`, the vendor's own client for Node.
const BigCommerce = require("@bigcommerce/api-nodejs");
const { accessToken, storeHash, orderId, check, run } = require("./node_checks.cjs");

const all = async (listed) => {
  const found = [];
  for await (const item of listed) found.push(item);
  return found;
};

// What the client answers is the whole response.
const dataOf = async (answer) => (await answer).data;

run(async () => {
  const rest = new BigCommerce.Rest({ storeHash, accessToken });
  const { orders } = rest.v2;
  check("order", (await dataOf(orders.get(orderId))).id === orderId);
  check("orders", (await all(orders.listAll({ limit: 2 }))).some((order) => order.id === orderId));
  check("orders/count", (await dataOf(orders.count())).count > 0);
  const changed = await dataOf(orders.update(orderId, { staff_notes: "api" }));
  check("order, updated", changed.staff_notes === "api");
  check("order coupons", (await dataOf(orders.orderCoupons.list(orderId))).length === 1);
  const lines = await dataOf(orders.orderProducts.list(orderId));
  check("order products", (await all(orders.orderProducts.listAll(orderId, { limit: 1 }))).length === 2);
  const line = await dataOf(orders.orderProducts.get(orderId, lines[0].id));
  check("order product", line.quantity === 2);
  check("order taxes", (await all(orders.orderTaxes.listAll(orderId))).length > 0);
  check("order statuses", (await dataOf(orders.orderStatus.list())).length > 10);
  check("order status", (await dataOf(orders.orderStatus.get(11))).id === 11);
  check("order messages", (await dataOf(orders.orderMessages.list(orderId))) !== undefined);
  const places = orders.orderShippingAddresses;
  const [place] = await dataOf(places.list(orderId));
  check("order shipping address", (await dataOf(places.get(orderId, place.id))).id === place.id);
  const quotes = await orders.orderShippingQuotes.list(orderId, place.id);
  check("order shipping quotes", quotes.status < 300);
  const items = [{ order_product_id: line.id, quantity: 1 }];
  const shipments = orders.orderShipments;
  const made = await dataOf(shipments.create(orderId, { order_address_id: place.id, items }));
  check("order shipment", (await dataOf(shipments.get(orderId, made.id))).id === made.id);
  check("order shipments", (await all(shipments.listAll(orderId))).length === 1);
  check("order shipments/count", (await dataOf(shipments.count(orderId))).count === 1);
  const tracked = await dataOf(shipments.update(orderId, made.id, { tracking_number: "A1" }));
  check("order shipment, updated", tracked.tracking_number === "A1");
  await shipments.delete(orderId, made.id);
  check("quota", rest.rateLimitManager.status.requestsQuota > 0);
});
