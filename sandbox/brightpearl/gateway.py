"""The account's front door: authentication, throttle, messages in one call, and answers."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.brightpearl import auth, multi_message, reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import ROUTER
from sandbox.brightpearl.notices import Notices
from sandbox.brightpearl.oauth import Tokens
from sandbox.brightpearl.outgoing import Outgoing
from sandbox.brightpearl.routing import AccountErrors, Call
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import FixedWindow, RollingWindow, Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Reply

UNAUTHORIZED = 401
WINDOW_S = 60
TOKEN_PATHS = frozenset({"/oauth/token", f"/{reference.ACCOUNT_CODE}/oauth/token"})


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
        if scope["method"] == "POST" and scope["path"] in TOKEN_PATHS:
            reply = self._tokens.exchange(await Request(scope, receive).body())
            response = self.response(Call("POST", scope["path"]), reply, {})
            await response(scope, receive, send)
            return
        self.system.settle()
        await super().__call__(scope, receive, send)

    def foreign_path(self, _path: str) -> str:
        """Nothing of it is looked at."""
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
            return replace(verdict, allowed=True, left=window.room)
        return verdict

    def turn_away(self, call: Call, verdict: Verdict) -> Reply | None:
        """URLs that are too long, calls that come too soon, and callers that are unknown."""
        if call.url_length > self.system.switches.longest_url:
            return self.errors.too_long()
        if not verdict.allowed:
            return self.errors.throttled(call)
        text = auth.refusal(call, self._tokens.is_good)
        return None if text is None else Reply(UNAUTHORIZED, {"response": text})

    def perform(self, call: Call) -> Reply:
        """One operation, or several in a multi-message."""
        if call.path == multi_message.PATH and call.method == "POST":
            return multi_message.process(self.system, call, self._message)
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
        """The quota, and the instance of an OAuth app; webhooks go out before the answer."""
        self.release_notices()
        headers = {}
        if reply.shows_quota:
            headers["brightpearl-requests-remaining"] = str(verdict.left)
            headers["brightpearl-next-throttle-period"] = str(verdict.reset_ms)
        if "authorization" in call.headers:
            instance_id = str(reference.OAUTH_INSTANCE_ID)
            headers["brightpearl-installed-integration-instance-id"] = instance_id
        return headers

    def release_notices(self) -> None:
        """Hand deliveries that are due to the sender."""
        self.system.settle()
        for outgoing in self._notices.release():
            self._send_notice(outgoing)
