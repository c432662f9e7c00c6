"""The account's front door: its operations, its quota, and how answers are written."""

from collections.abc import Callable
from dataclasses import replace
from email.utils import format_datetime

from starlette.requests import Request
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
    product_parts,
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
from sandbox.brightpearl.credentials import (
    AUTHORIZE_PATH,
    TOKEN_PATHS,
    Tokens,
    authentication_error,
)
from sandbox.brightpearl.records import Outgoing
from sandbox.brightpearl.webhooks import Notices
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import FixedWindow, RollingWindow, Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Reply

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
        product_parts.routes,
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
WINDOW_S = 60


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
        text = authentication_error(call, self._tokens)
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
