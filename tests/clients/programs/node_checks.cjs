// What every program for Node shares: the proxy, the sandbox's credentials, and what was tried.
require("global-agent/bootstrap");

const tried = [];

module.exports = {
  accessToken: "sandbox-access-token",
  storeHash: "sandbox",
  orderId: Number(process.env.ORDER_ID),
  productId: Number(process.env.PRODUCT_ID),
  customerId: Number(process.env.CUSTOMER_ID),
  check(resource, isAsExpected) {
    if (!isAsExpected) throw new Error(`${resource} is not as expected`);
    tried.push(resource);
  },
  run(program) {
    program().then(
      () => console.log(JSON.stringify(tried)),
      (error) => {
        console.error(error);
        process.exitCode = 1;
      },
    );
  },
};
