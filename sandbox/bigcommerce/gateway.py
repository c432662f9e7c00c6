"""The store's front door: credentials, quota, and how answers are written."""

import gzip
from collections import Counter
from dataclasses import replace

from sandbox.bigcommerce import access, reference, refunds_api
from sandbox.bigcommerce.api import ROUTER
from sandbox.bigcommerce.formats import rfc2822
from sandbox.bigcommerce.routing import Call
from sandbox.bigcommerce.store import Store
from sandbox.kit.faults import Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import FixedWindow, Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Reply

HUGE = 1_000_000
GZIP_FROM = 1000


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
        if call.path == access.TOKEN_PATH and call.method == "POST":
            return access.token(call, self._used_codes)
        switches = self.system.switches
        refusal = access.refusal(call, switches)
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
        if reply.shows_quota:
            headers |= {
                "x-rate-limit-time-window-ms": str(reference.WINDOW_S * 1000),
                "x-rate-limit-time-reset-ms": str(verdict.reset_ms),
                "x-rate-limit-requests-quota": str(verdict.limit),
                "x-rate-limit-requests-left": str(verdict.left),
            }
        return headers

    def encode(self, call: Call, body: bytes, headers: dict[str, str]) -> bytes:
        """Compressed where the caller accepts that and it pays."""
        zips = self.system.switches.gzip and "gzip" in call.headers.get("accept-encoding", "")
        if not zips or len(body) < GZIP_FROM:
            return body
        headers |= {"content-encoding": "gzip", "vary": "accept-encoding"}
        return gzip.compress(body, 1)
