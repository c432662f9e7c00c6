"""The account's front door: its operations, who may call them, and how answers are written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from sandbox.brightpearl import (
    addresses,
    contacts,
    custom_fields,
    drop_ship,
    goods_in,
    goods_out,
    multi_messages,
    order_rows_api,
    orders,
    payments,
    prices,
    products,
    reference,
    reference_api,
    reservations,
    sales_orders,
    searches,
    stock_api,
    webhooks,
)
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import AccountErrors, Call, Router, single_slashes
from sandbox.brightpearl.records import Outgoing
from sandbox.brightpearl.webhooks import Notices
from sandbox.kit.clock import Clock
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import FixedWindow, RollingWindow, Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Reply

NOT_AUTHENTICATED = "Not authenticated. You must provide a valid authentication token."
EXPIRED = "Authorization token expired"
TOKEN_LIFETIME_S = 604_800
AUTHORIZATION_CODE = "sandbox-authorization-code"
"""Good at any time, for any redirect URI."""
WRONG_TOKEN = "The auth token has either expired or does not exist"  # noqa: S105 - a message
WRONG_REDIRECT = "Redirect uri does not match that used to request auth token"
ROUTER = Router(
    (
        stock_api.routes,
        contacts.routes,
        custom_fields.routes,
        drop_ship.routes,
        goods_in.routes,
        goods_out.routes,
        orders.routes,
        order_rows_api.routes,
        payments.routes,
        addresses.routes,
        prices.routes,
        products.routes,
        reference_api.routes,
        reservations.routes,
        sales_orders.routes,
        searches.routes,
        webhooks.routes,
    ),
    AccountErrors(),
)
UNAUTHORIZED = 401
FOUND = 302
AUTHORIZE_PATH = f"/authorize/{reference.ACCOUNT_CODE}"
WINDOW_S = 60
TOKEN_PATHS = frozenset(
    {
        f"/token/{reference.ACCOUNT_CODE}",
        "/oauth/token",
        f"/{reference.ACCOUNT_CODE}/oauth/token",
    }
)
"""The first is recorded (of the vendor's own host for OAuth), the others are documented."""


def authentication_error(call: Call, is_good: Callable[[str], bool]) -> str | None:
    """The text of the 401 (a wrong token is echoed, as observed), or None for a known caller."""
    headers = call.headers
    if call.tenant != reference.ACCOUNT_CODE or headers.get("brightpearl-app-ref") is None:
        return NOT_AUTHENTICATED
    bearer = headers.get("authorization", "")
    if bearer.startswith("Bearer "):
        return None if is_good(bearer.removeprefix("Bearer ")) else EXPIRED
    known_app = headers["brightpearl-app-ref"] == reference.APP_REF
    tokens = (
        ("brightpearl-account-token", reference.ACCOUNT_TOKEN),
        ("brightpearl-staff-token", reference.STAFF_TOKEN),
    )
    for name, expected in tokens:
        sent = headers.get(name)
        if sent is not None:
            return None if known_app and sent == expected else f"Invalid instance token: {sent}"
    return NOT_AUTHENTICATED


@dataclass(slots=True)
class Tokens:
    """The tokens that are good now. `reference.OAUTH_TOKEN` is good from the start, for ever."""

    clock: Clock
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: str = "sandbox-refresh-token/1+="
    issued: int = 1
    codes: dict[str, str] = field(default_factory=dict)
    """The redirect URI of each authorisation code that was given and not used yet."""

    def is_good(self, token: str) -> bool:
        """Whether a bearer token may be used now."""
        expires = self.access.get(token)
        return token == reference.OAUTH_TOKEN or (
            expires is not None and expires > self.clock.now()
        )

    def authorize(self, query: Mapping[str, str]) -> Response:
        """The answer of the authorisation page as if the merchant had agreed: a redirect."""
        if query.get("client_id") != reference.APP_REF or "redirect_uri" not in query:
            return JSONResponse({"error": "invalid_client"}, status_code=400)
        self.issued += 1
        code = f"sandbox-code-{self.issued}"
        self.codes[code] = query["redirect_uri"]
        sent = {"code": code, **({"state": query["state"]} if "state" in query else {})}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(sent)}", FOUND)

    def exchange(self, raw_body: bytes, api_domain: str) -> Reply:
        """The answer of the token endpoint: keys in snake case, no envelope."""
        form = dict(parse_qsl(raw_body.decode("latin-1")))
        if form.get("client_id") != reference.APP_REF:
            return Reply(400, {"error": "invalid_client"})
        wrong = self._wrong_grant(form)
        if wrong is not None:
            return Reply(400, {"error_description": wrong, "error": "invalid_grant"})
        self.issued += 1
        self.refresh = f"sandbox-refresh-token/{self.issued}+="
        access = f"sandbox-access-token/{self.issued}"
        self.access[access] = self.clock.now() + timedelta(seconds=TOKEN_LIFETIME_S)
        body: dict[str, object] = {
            "access_token": access,
            "refresh_token": self.refresh,
            "api_domain": api_domain,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
        }
        if form["grant_type"] == "authorization_code":
            body["installation_instance_id"] = str(reference.OAUTH_INSTANCE_ID)
        return Reply(200, body)

    def _wrong_grant(self, form: Mapping[str, str]) -> str | None:
        """What is wrong with a grant, as recorded; None for a good one. A code is good once."""
        match form.get("grant_type"):
            case "authorization_code" if form.get("code") == AUTHORIZATION_CODE:
                return None
            case "authorization_code" if form.get("code") in self.codes:
                given_for = self.codes.pop(form["code"])
                return None if given_for == form.get("redirect_uri") else WRONG_REDIRECT
            case "refresh_token" if form.get("refresh_token") == self.refresh:
                return None
        return WRONG_TOKEN


class AccountGateway(Gateway[Account, Call]):
    """Answers HTTP requests under `/public-api/{account}/` (and the older `/2.0.0/{account}/`)."""

    prefixes = frozenset({"public-api", "2.0.0"})
    json_type = "application/json;charset=UTF-8"
    html_type = "text/html; charset=UTF-8"
    errors: AccountErrors

    def __init__(
        self,
        account: Account,
        faults: Faults,
        log: RequestsLog,
        seed: int,
        send_notice: Callable[[Outgoing], None],
    ) -> None:
        super().__init__(account, ROUTER, Call, faults, log, seed)
        self._send_notice = send_notice
        self._notices = Notices(account)
        self._tokens = Tokens(account.clock)
        quota = account.switches.requests_per_minute
        self._minutes = FixedWindow(quota, WINDOW_S, account.clock, aligned_to_wall=True)
        self._rolling = RollingWindow(quota, WINDOW_S, account.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Tokens are given to everybody, and counted nowhere."""
        if self.system.switches.double_slashes == "accept":
            scope = {**scope, "path": single_slashes(scope["path"])}
        if scope["method"] == "POST" and scope["path"] in TOKEN_PATHS:
            reply = self._tokens.exchange(
                await Request(scope, receive).body(), self.system.switches.api_domain
            )
            response = self.response(Call("POST", scope["path"]), reply, self._dated({}))
            await response(scope, receive, send)
            return
        if scope["method"] == "GET" and scope["path"] == AUTHORIZE_PATH:
            await self._tokens.authorize(Request(scope).query_params)(scope, receive, send)
            return
        self.system.settle()
        await super().__call__(scope, receive, send)

    def foreign_path(self, _path: str) -> str:
        """The path of another URL does not matter."""
        return "/"

    def take_quota(self) -> Verdict:
        """Minutes of the wall clock, or a rolling one; with limits off nothing is used up."""
        switches = self.system.switches
        window = self._rolling if switches.rolling_window else self._minutes
        window.limit = switches.requests_per_minute
        window.foreign = switches.foreign_calls_per_minute
        self._rolling.counts_refused = switches.rejected_calls_count
        verdict = window.take()
        if switches.limits == "off":
            return replace(verdict, allowed=True, left=window.capacity)
        return verdict

    def turn_away(self, call: Call, verdict: Verdict) -> Reply | None:
        """URLs that are too long, calls that come too soon, and callers that are unknown."""
        if call.url_length > self.system.switches.longest_url:
            return self.errors.too_long()
        if not verdict.allowed:
            return self.errors.throttled(call)
        text = authentication_error(call, self._tokens.is_good)
        return None if text is None else Reply(UNAUTHORIZED, {"response": text})

    def perform(self, call: Call) -> Reply:
        """One operation, or several in a multi-message."""
        if call.path == multi_messages.PATH and call.method == "POST":
            return multi_messages.process_messages(self.system, call, self._message)
        return super().perform(call)

    def _message(self, call: Call) -> Reply:
        """One message of a multi-message; it may fail by itself, before or after its work."""
        fault = self.faults.pick(call.method, call.path, BEFORE)
        if fault is not None and fault.kind == "http_500":
            return self.errors.internal_error(call)
        reply = super().perform(call)
        fault = self.faults.pick(call.method, call.path, AFTER)
        if fault is not None and fault.kind == "error_after_commit":
            return self.errors.internal_error(call)
        return reply

    def headers(self, call: Call, reply: Reply, verdict: Verdict) -> dict[str, str]:
        """The quota, and the instance of an OAuth app."""
        headers = self._dated({})
        if reply.shows_quota:
            headers["brightpearl-requests-remaining"] = str(verdict.left)
            headers["brightpearl-next-throttle-period"] = str(verdict.reset_ms)
        if "authorization" in call.headers:
            instance_id = str(reference.OAUTH_INSTANCE_ID)
            headers["brightpearl-installed-integration-instance-id"] = instance_id
        return headers

    def _dated(self, headers: dict[str, str]) -> dict[str, str]:
        if self.system.switches.date_header:
            headers["date"] = format_datetime(self.system.clock.now(), usegmt=True)
        return headers

    def finish(self) -> None:
        """Webhooks go out before the answer."""
        self.release_notices()

    def release_notices(self) -> None:
        """Hand deliveries that are due to the sender."""
        self.system.settle()
        for outgoing in self._notices.release():
            self._send_notice(outgoing)
