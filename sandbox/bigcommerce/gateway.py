"""The store's front door: its operations, who may call them, and how answers are written."""

import gzip
import hmac
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qsl

import orjson

from sandbox.bigcommerce import (
    catalog_api,
    catalog_parts_api,
    catalog_writes,
    customer_writes,
    customers_api,
    inventory_api,
    metafields_api,
    order_parts_api,
    orders_api,
    price_lists_api,
    reference,
    refunds_api,
    shipments_api,
    store_api,
    taxes_api,
    transactions_api,
    webhooks,
)
from sandbox.bigcommerce.api import BAD_REQUEST, OK, UNSUPPORTED, Call, Refusal, Router, StoreErrors
from sandbox.bigcommerce.formats import rfc2822
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.switches import BigCommerceSwitches
from sandbox.kit.faults import Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import FixedWindow, Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Reply

UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE = 401, 403, 406
TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path
UNKNOWN_CALLER = (
    "Unauthorized - the v3 Auth client ID or token in the request are not a valid "
    "combination for this store."
)
NO_SCOPE = "Unauthorized Access. You do not have permission to make this request."
SCOPES: tuple[tuple[str, str], ...] = (
    ("/v2/orders", "store_v2_orders"),
    ("/v2/order_statuses", "store_v2_orders"),
    ("/v3/orders", "store_v2_transactions"),
    ("/v3/catalog", "store_v2_products"),
    ("/v3/pricelists", "store_v2_products"),
    ("/v3/inventory", "store_inventory"),
    ("/v3/customers", "store_v2_customers"),
    ("/v2/customer", "store_v2_customers"),
    ("/v3/channels", "store_channel_settings"),
    ("/v2/store", "store_v2_information"),
    ("/v2/time", "store_v2_information"),
    ("/v2/tax_classes", "store_v2_information"),
    ("/v3/settings", "store_v2_information"),
)
"""Path prefix and the scope that writing needs; `_read_only` of it is enough to read."""
LOCATIONS = "/v3/inventory/locations"
"""Where stock lies has a scope of its own; the stock that lies there has that of inventory."""
PAYMENT_ACTIONS = "/payment_actions/"
"""These need the scope of transactions or that of orders."""
METAFIELDS = "/metafields"
"""Those of orders need the scope of orders."""
ROUTER = Router(
    (
        orders_api.routes,
        order_parts_api.routes,
        taxes_api.routes,
        transactions_api.routes,
        shipments_api.routes,
        refunds_api.routes,
        metafields_api.routes,
        webhooks.routes,
        store_api.routes,
        catalog_parts_api.routes,
        catalog_writes.routes,
        catalog_api.routes,
        inventory_api.routes,
        customers_api.routes,
        customer_writes.routes,
        price_lists_api.routes,
    ),
    StoreErrors(),
)
PROBLEM = "application/problem+json"
HUGE = 1_000_000
GZIP_FROM = 1000


def access_refusal(call: Call, switches: BigCommerceSwitches) -> Refusal | None:
    """Why the request is turned away, or None."""
    headers = call.headers
    exchange_token = headers.get("x-auth-token", "")
    right_token = hmac.compare_digest(exchange_token.encode(), reference.ACCESS_TOKEN.encode())
    if call.tenant != reference.STORE_HASH or not right_token:
        return Refusal(UNAUTHORIZED, UNKNOWN_CALLER)
    if not _is_granted(call, switches.scopes.split()):
        return Refusal(FORBIDDEN, NO_SCOPE)
    accept = headers.get("accept", "*/*")
    if "json" not in accept and "*/*" not in accept:
        return Refusal(NOT_ACCEPTABLE, "The requested content type is not available.")
    if call.raw_body and "json" not in headers.get("content-type", ""):
        return Refusal(UNSUPPORTED, "The content type of the request body is not supported.")
    return None


def _is_granted(call: Call, granted: list[str]) -> bool:
    if not granted:
        return True
    needed = next((scope for prefix, scope in SCOPES if call.path.startswith(prefix)), None)
    if call.path == LOCATIONS:
        needed = "store_locations"
    elif call.path.startswith("/v3/orders") and METAFIELDS in call.path:
        needed = "store_v2_orders"
    if needed is None:
        return True
    wanted = {needed, "store_v2_orders"} if PAYMENT_ACTIONS in call.path else {needed}
    if call.method == "GET":
        wanted |= {f"{scope}_read_only" for scope in wanted}
    return bool(wanted & set(granted))


def exchange_token(call: Call, used_codes: set[str]) -> Reply:
    """Exchange an install code for the token. A code works once."""
    try:
        sent = (
            orjson.loads(call.raw_body)
            if "json" in call.headers.get("content-type", "")
            else dict(parse_qsl(call.raw_body.decode(), keep_blank_values=True))
        )
    except ValueError:
        sent = None
    if not isinstance(sent, dict):
        return Reply(BAD_REQUEST, {"error": "invalid_request"})
    needed = ("client_id", "client_secret", "code", "context", "scope", "grant_type",
              "redirect_uri")  # fmt: skip
    if any(not sent.get(name) for name in needed):
        return Reply(BAD_REQUEST, {"error": "invalid_request"})
    known = (sent["client_id"], sent["client_secret"])
    if known != (reference.CLIENT_ID, reference.CLIENT_SECRET):
        return Reply(UNAUTHORIZED, {"error": "invalid_client"})
    if sent["grant_type"] != "authorization_code" or sent["code"] in used_codes:
        return Reply(BAD_REQUEST, {"error": "invalid_grant"})
    used_codes.add(sent["code"])
    person = {
        "id": reference.STAFF_ID,
        "username": "owner@example.com",
        "email": "owner@example.com",
    }
    return Reply(
        OK,
        {
            "access_token": reference.ACCESS_TOKEN,
            "scope": sent["scope"].replace("+", " "),
            "user": person,
            "owner": person,
            "context": f"stores/{reference.STORE_HASH}",
            "account_uuid": reference.ACCOUNT_UUID,
        },
    )


class StoreGateway(Gateway[Store, Call]):
    """Answers HTTP requests under `/stores/{hash}/`, and `/oauth2/token`."""

    prefixes = frozenset({"stores"})
    json_type, html_type = "application/json", "text/html"

    def __init__(self, store: Store, faults: Faults, log: RequestsLog, seed: int) -> None:
        super().__init__(store, ROUTER, Call, faults, log, seed)
        quota = reference.QUOTAS["standard"]
        self._window = FixedWindow(quota, reference.WINDOW_S, store.clock)
        self._used_codes: set[str] = set()
        self._running = 0
        self._refunding: Counter[str] = Counter()
        """Refunds under way, by path and so by order."""
        self._answered = 0

    def take_quota(self) -> Verdict:
        """The plan's quota, or with limits off a huge one."""
        switches = self.system.switches
        self._window.limit = reference.QUOTAS[switches.plan]
        self._window.foreign = switches.foreign_requests
        verdict = self._window.take()
        if switches.limits == "off":
            return replace(verdict, allowed=True, limit=HUGE, left=HUGE)
        return verdict

    def turn_away(self, call: Call, verdict: Verdict) -> Reply | None:
        """Tokens are given to everybody; the rest needs one, and must not come too often."""
        if call.path == TOKEN_PATH and call.method == "POST":
            return exchange_token(call, self._used_codes)
        switches = self.system.switches
        refusal = access_refusal(call, switches)
        if refusal is not None:
            return refusal.reply(call)
        crowded = 0 < switches.concurrent_requests < self._running
        if crowded or not verdict.allowed:
            return self.errors.throttled(call)
        if self._refunding[call.path] > 1:
            return refunds_api.busy(self.system, call)
        return None

    def latency_s(self) -> float:
        """As a switch says."""
        return self.system.switches.latency_ms / 1000

    async def answer(self, call: Call, verdict: Verdict) -> Reply:
        """Count calls that are under way at once."""
        is_refund = refunds_api.is_refund(call)
        self._running += 1
        self._refunding[call.path] += is_refund
        try:
            return await super().answer(call, verdict)
        finally:
            self._running -= 1
            self._refunding[call.path] -= is_refund
            if not self._refunding[call.path]:
                del self._refunding[call.path]

    def headers(self, call: Call, reply: Reply, verdict: Verdict) -> dict[str, str]:  # noqa: ARG002 - the same for every call
        """Date, a request id, and the quota."""
        self._answered += 1
        headers = {
            "date": rfc2822(self.system.clock.now()).replace("+0000", "GMT"),
            "x-request-id": f"{self._answered:032x}",
        }
        is_over = reply.is_throttled and not verdict.allowed
        if is_over and self.system.switches.retry_after:
            headers["x-retry-after"] = str(-(-verdict.reset_ms // 1000))
        if reply.shows_quota:
            headers |= {
                "x-rate-limit-time-window-ms": str(reference.WINDOW_S * 1000),
                "x-rate-limit-time-reset-ms": str(verdict.reset_ms),
                "x-rate-limit-requests-quota": str(verdict.limit),
                "x-rate-limit-requests-left": str(verdict.left),
            }
        return headers

    def content_type(self, call: Call, reply: Reply) -> str:
        """Errors of inventory and locations are problem documents."""
        is_problem = reply.status >= BAD_REQUEST and call.path.startswith("/v3/inventory")
        return PROBLEM if is_problem else self.json_type

    def encode(self, call: Call, body: bytes, headers: dict[str, str]) -> bytes:
        """Compressed where the caller accepts that and it pays."""
        zips = self.system.switches.gzip and "gzip" in call.headers.get("accept-encoding", "")
        if not zips or len(body) < GZIP_FROM:
            return body
        headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
        return gzip.compress(body, 1)
