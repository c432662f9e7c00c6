"""Who may do what: the token, its scopes, and how an app gets one."""

import hmac
from urllib.parse import parse_qsl

import orjson

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.routing import BAD_REQUEST, OK, UNSUPPORTED, Call, Refusal
from sandbox.bigcommerce.switches import BigCommerceSwitches
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
    ("/v3/inventory", "store_inventory"),
    ("/v3/customers", "store_v2_customers"),
    ("/v3/channels", "store_channel_settings"),
    ("/v2/store", "store_v2_information"),
    ("/v2/time", "store_v2_information"),
    ("/v2/tax_classes", "store_v2_information"),
    ("/v3/settings", "store_v2_information"),
)
"""Path prefix and the scope that writing needs; `_read_only` of it is enough to read."""
LOCATIONS = "/v3/inventory/locations"
"""Where stock lies has a scope of its own; the stock that lies there has that of inventory."""
EITHER = "/payment_actions/"
"""These need the scope of transactions or that of orders."""


def refusal(call: Call, switches: BigCommerceSwitches) -> Refusal | None:
    """Why the request is turned away, or None."""
    headers = call.headers
    token = headers.get("x-auth-token", "")
    right_token = hmac.compare_digest(token.encode(), reference.ACCESS_TOKEN.encode())
    if call.tenant != reference.STORE_HASH or not right_token:
        return Refusal(UNAUTHORIZED, UNKNOWN_CALLER)
    if not _may(call, switches.scopes.split()):
        return Refusal(FORBIDDEN, NO_SCOPE)
    accept = headers.get("accept", "*/*")
    if "json" not in accept and "*/*" not in accept:
        return Refusal(NOT_ACCEPTABLE, "The requested content type is not available.")
    if call.raw_body and "json" not in headers.get("content-type", ""):
        return Refusal(UNSUPPORTED, "The content type of the request body is not supported.")
    return None


def _may(call: Call, granted: list[str]) -> bool:
    if not granted:
        return True
    needed = next((scope for prefix, scope in SCOPES if call.path.startswith(prefix)), None)
    if call.path == LOCATIONS:
        needed = "store_locations"
    if needed is None:
        return True
    wanted = {needed, "store_v2_orders"} if EITHER in call.path else {needed}
    if call.method == "GET":
        wanted |= {f"{scope}_read_only" for scope in wanted}
    return bool(wanted & set(granted))


def token(call: Call, used_codes: set[str]) -> Reply:
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
