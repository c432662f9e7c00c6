"""Webhooks as the store sends them: thin, signed, tried again, and given up.

Source: fact sheet on webhooks; the signature is that of Standard Webhooks.
"""

import base64
import hashlib
import hmac
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.records import Hook
from sandbox.bigcommerce.store import Store
from sandbox.kit.delivery import Message

RETRY_WAITS_S = (60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400)
WATCH_S, WATCH_REQUESTS, WATCH_SHARE = 120, 100, 0.9
BLOCK_S = 180
REPORT_EVERY_S = 600
OK_BELOW, OK_FROM = 300, 200
EVERY_CHANNEL = "store/channel/*/"
_CHANNEL = re.compile(r"store/channel/(\d+|\*)/")
EXCEPTION_SCOPE = "store/hook/deliveryException"


def sign(secret: str, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; the key is the secret as it stands."""
    timestamp = str(int(moment.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def payload(scope: str, data: Mapping[str, Any], moment: datetime) -> bytes:
    """The body. `hash` depends on nothing but what happened in that second: it is no key."""
    created_at = int(moment.timestamp())
    told = orjson.dumps([scope, data, created_at])
    document = {
        "producer": f"stores/{reference.STORE_HASH}",
        "hash": hashlib.sha1(told, usedforsecurity=False).hexdigest(),
        "created_at": created_at,
        "store_id": str(reference.STORE_ID),
        "scope": scope,
        "data": data,
    }
    return orjson.dumps(document)


def is_subscribed(subscribed: str, scope: str) -> bool:
    """Whether a subscription's scope, perhaps with a wildcard at its end, covers a scope.

    What happens on every channel is covered by a subscription to any one of them.
    """
    if scope.startswith(EVERY_CHANNEL):
        subscribed = _CHANNEL.sub(EVERY_CHANNEL, subscribed)
    if subscribed.endswith("/*"):
        return scope.startswith(subscribed[:-1])
    return subscribed == scope


def told_scope(subscribed: str, scope: str) -> str:
    """The scope as it is delivered: that of a channel names the channel, or the `*`, subscribed."""
    channel = _CHANNEL.match(subscribed)
    if channel is None or not scope.startswith(EVERY_CHANNEL):
        return scope
    return channel[0] + scope.removeprefix(EVERY_CHANNEL)


@dataclass(slots=True)
class _Block:
    until: datetime
    failures: int
    at: datetime


class Sender:
    """Turns what happens in the store into messages, and rules over their tries."""

    def __init__(self, store: Store) -> None:
        self.put: Callable[[Message], None] = _nowhere
        """Who sends; the shared sender, once there is one."""
        self._store = store
        self._hook_of: dict[str, int] = {}
        self._results: dict[str, deque[tuple[datetime, bool]]] = defaultdict(deque)
        self._blocks: dict[str, _Block] = {}
        self._reported: dict[int, datetime] = {}
        store.listeners.append(self.emit)
        store.sender = self

    @staticmethod
    def live_from(store: Store) -> datetime:
        """When a subscription that changes now gets its first event."""
        return store.now() + timedelta(seconds=store.switches.hook_live_after_s)

    def emit(self, scope: str, data: Mapping[str, Any]) -> None:
        """Send an event to whoever subscribed."""
        now = self._store.now()
        bodies: dict[str, bytes] = {}
        for hook in self._store.hooks.values():
            if hook.is_active and hook.live_at <= now and is_subscribed(hook.scope, scope):
                told = told_scope(hook.scope, scope)
                if told not in bodies:
                    bodies[told] = payload(told, data, now)
                self.put(self._message(hook, told, bodies[told]))

    def _message(self, hook: Hook, scope: str, body: bytes) -> Message:
        message_id = f"msg_{self._store.sequences.next('event'):012}"
        self._hook_of[message_id] = hook.id
        own = {"content-type": "application/json", "user-agent": "Sandbox-Webhooks/1.0"}
        signs = self._store.switches.webhook_signatures

        def headers(moment: datetime) -> Mapping[str, str]:
            signature = sign(reference.CLIENT_SECRET, message_id, moment, body) if signs else {}
            return {**own, **hook.headers, **signature}

        return Message(message_id, scope, "POST", hook.destination, body, headers)

    # --- the rules of the vendor, for the shared sender

    def hold_s(self, message: Message) -> float | None:
        """Nothing goes to a blocked domain, or to a subscription that is gone."""
        hook = self._store.hooks.get(self._hook_of.get(message.id, 0))
        if hook is None or hook.is_deactivated:
            self._hook_of.pop(message.id, None)
            return None
        block = self._blocks.get(_domain(message.url))
        if block is None:
            return 0.0
        rest = (block.until - self._store.clock.now()).total_seconds()
        if rest > 0:
            return rest
        del self._blocks[_domain(message.url)]
        return 0.0

    def settle(self, message: Message, tries: int, status: int | None) -> float | None:
        """Try again by the schedule; after the last try the subscription is deactivated."""
        ok = status is not None and OK_FROM <= status < OK_BELOW
        self._watch(_domain(message.url), ok=ok)
        if ok:
            self._hook_of.pop(message.id, None)
            return None
        hook = self._store.hooks.get(self._hook_of.get(message.id, 0))
        if hook is None:
            return None
        if tries <= len(RETRY_WAITS_S):
            self._report(hook, 90001, "Delivery failed and will be tried again", limited=True)
            return float(RETRY_WAITS_S[tries - 1])
        hook.is_active, hook.is_deactivated = False, True
        self._hook_of.pop(message.id, None)
        self._report(hook, 90002, "Delivery failed for the last time; webhook deactivated")
        return None

    def blocked_domains(self) -> list[dict[str, Any]]:
        """As `hooks/admin` shows them."""
        now = self._store.clock.now()
        return [
            {
                "destination": domain,
                "time_left": int((block.until - now).total_seconds()),
                "reasons": [
                    {
                        "failure_description": "Too many deliveries failed",
                        "count": block.failures,
                        "timestamp": int(block.at.timestamp()),
                    }
                ],
            }
            for domain, block in self._blocks.items()
            if block.until > now
        ]

    def _watch(self, domain: str, *, ok: bool) -> None:
        """Block a domain for three minutes when too much of two minutes fails."""
        now = self._store.clock.now()
        results = self._results[domain]
        results.append((now, ok))
        while results and results[0][0] < now - timedelta(seconds=WATCH_S):
            results.popleft()
        failures = sum(not success for _, success in results)
        enough = len(results) >= WATCH_REQUESTS
        if ok or not enough or domain in self._blocks:
            return
        if (len(results) - failures) / len(results) < WATCH_SHARE:
            self._blocks[domain] = _Block(now + timedelta(seconds=BLOCK_S), failures, now)
            results.clear()
            for hook in list(self._store.hooks.values()):
                if _domain(hook.destination) == domain and hook.scope != EXCEPTION_SCOPE:
                    self._report(hook, 90003, f"Domain {domain} is blocked")

    def _report(self, hook: Hook, code: int, text: str, *, limited: bool = False) -> None:
        now = self._store.clock.now()
        if hook.scope == EXCEPTION_SCOPE:
            return
        if limited:
            last = self._reported.get(hook.id)
            if last is not None and now - last < timedelta(seconds=REPORT_EVERY_S):
                return
            self._reported[hook.id] = now
        data = {"type": "webhook", "id": hook.id, "error_code": code, "message": text}
        self.emit(EXCEPTION_SCOPE, data)


def _nowhere(_message: Message) -> None:
    """Before anything is connected, nothing is sent."""


def _domain(url: str) -> str:
    return urlsplit(url).netloc
