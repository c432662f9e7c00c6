"""Webhooks: subscriptions over the API, and how events are signed, sent, tried again and given up.

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
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
    v3_page,
)
from sandbox.bigcommerce.records import Hook
from sandbox.bigcommerce.store import Store
from sandbox.kit.delivery import Message
from sandbox.kit.routing import Reply

RETRY_WAITS_S = (60, 180, 300, 600, 900, 1800, 3600, 7200, 21600, 50400, 86400)
WATCH_S, WATCH_REQUESTS, WATCH_SHARE = 120, 100, 0.9
BLOCK_S = 180
REPORT_EVERY_S = 600
OK_BELOW, OK_FROM = 300, 200
EVERY_CHANNEL = "store/channel/*/"
_CHANNEL = re.compile(r"store/channel/(\d+|\*)/")
EXCEPTION_SCOPE = "store/hook/deliveryException"
routes = Routes()
MOST_PER_SCOPE = 10
HTTPS_PORT = 443
MOST_HEADERS, LONGEST_NAME, LONGEST_VALUE = 64, 64, 8192
FIELDS = frozenset({"scope", "destination", "is_active", "headers", "events_history_enabled"})
_SCOPE = re.compile(r"store(/[A-Za-z0-9_]+|/\*)+")


def sign(secret: str, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; the key is the secret itself, not decoded."""
    timestamp = str(int(moment.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def payload(scope: str, data: Mapping[str, Any], moment: datetime) -> bytes:
    """The body. `hash` depends only on scope, data and second: it is not unique."""
    created_at = int(moment.timestamp())
    hashed = orjson.dumps([scope, data, created_at])
    document = {
        "producer": f"stores/{reference.STORE_HASH}",
        "hash": hashlib.sha1(hashed, usedforsecurity=False).hexdigest(),
        "created_at": created_at,
        "store_id": str(reference.STORE_ID),
        "scope": scope,
        "data": data,
    }
    return orjson.dumps(document)


def is_subscribed(subscribed: str, scope: str) -> bool:
    """Whether a subscription's scope, perhaps with a wildcard at its end, covers a scope.

    An event of every channel is covered by a subscription to any one of them.
    """
    if scope.startswith(EVERY_CHANNEL):
        subscribed = _CHANNEL.sub(EVERY_CHANNEL, subscribed)
    if subscribed.endswith("/*"):
        return scope.startswith(subscribed[:-1])
    return subscribed == scope


def delivered_scope(subscribed: str, scope: str) -> str:
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
    """Turns events of the store into messages, and decides about their tries."""

    def __init__(self, store: Store) -> None:
        self.put: Callable[[Message], None] = _discard
        """Sends a message; set once the shared sender exists."""
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
        """Send an event to its subscribers."""
        now = self._store.now()
        bodies: dict[str, bytes] = {}
        for hook in self._store.hooks.values():
            if hook.is_active and hook.live_at <= now and is_subscribed(hook.scope, scope):
                delivered = delivered_scope(hook.scope, scope)
                if delivered not in bodies:
                    bodies[delivered] = payload(delivered, data, now)
                self.put(self._message(hook, delivered, bodies[delivered]))

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


def _discard(_message: Message) -> None:
    """Before anything is connected, nothing is sent."""


def _domain(url: str) -> str:
    return urlsplit(url).netloc


def hook_document(hook: Hook) -> dict[str, Any]:
    """A subscription."""
    return {
        "id": hook.id,
        "client_id": reference.CLIENT_ID,
        "store_hash": reference.STORE_HASH,
        "scope": hook.scope,
        "destination": hook.destination,
        "headers": hook.headers or None,
        "is_active": hook.is_active,
        "created_at": int(hook.created_at.timestamp()),
        "updated_at": int(hook.updated_at.timestamp()),
    }


def _check_body(store: Store, body: dict[str, Any], own: Hook | None = None) -> None:
    """Refuse what the vendor refuses. Raises: Refusal."""
    for name in body:
        if name not in FIELDS:
            refuse(UNPROCESSABLE, "Invalid field(s)", {name[:60]: "unknown field"})
    scope = body.get("scope", own.scope if own else None)
    destination = body.get("destination", own.destination if own else None)
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
        refuse(UNPROCESSABLE, "Invalid field(s): scope", {"scope": "unknown scope"})
    _check_destination(store, destination)
    _check_headers(body.get("headers"))
    if not isinstance(body.get("is_active", True), bool):
        refuse(BAD_REQUEST, "Invalid field(s): is_active", {"is_active": "not a boolean"})
    others = [hook for hook in store.hooks.values() if hook.scope == scope and hook is not own]
    if any(hook.destination == destination for hook in others):
        why = {"destination": "already subscribed to this scope"}
        refuse(UNPROCESSABLE, "A webhook with this scope and destination exists.", why)
    if len(others) >= MOST_PER_SCOPE:
        refuse(
            UNPROCESSABLE, f"No more than {MOST_PER_SCOPE} webhooks per scope.", {"scope": "full"}
        )


def _check_destination(store: Store, destination: object) -> None:
    why = ""
    try:
        parts = urlsplit(destination) if isinstance(destination, str) else urlsplit("")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        why = "not a URL"
    elif store.switches.strict_destinations:
        if parts.scheme != "https":
            why = "not https"
        elif port not in {None, HTTPS_PORT}:
            why = "not port 443"
    if why:
        refuse(UNPROCESSABLE, "Invalid field(s): destination", {"destination": why})


def _check_headers(headers: object) -> None:
    if headers is None:
        return
    fits = isinstance(headers, dict) and len(headers) <= MOST_HEADERS
    if (
        not isinstance(headers, dict)
        or not fits
        or not all(
            isinstance(value, str) and len(name) <= LONGEST_NAME and len(value) <= LONGEST_VALUE
            for name, value in headers.items()
        )
    ):
        refuse(UNPROCESSABLE, "Invalid field(s): headers", {"headers": "too many or too long"})


def _the_hook(store: Store, call: Call) -> Hook:
    hook = store.hooks.get(call.id())
    if hook is None:
        refuse(NOT_FOUND, f"Webhook with id [{call.id()}] not found")
    return hook


@routes("GET", "/v3/hooks")
def list_hooks(store: Store, call: Call) -> Reply:
    """A page of subscriptions."""
    rows = list(store.hooks.values())
    if "is_active" in call.query:
        wanted = call.query["is_active"] in {"true", "1"}
        rows = [hook for hook in rows if hook.is_active == wanted]
    for name in ("scope", "destination"):
        if name in call.query:
            rows = [hook for hook in rows if getattr(hook, name) == call.query[name]]
    return v3_page(store, call, rows, hook_document)


@routes("POST", "/v3/hooks")
def create_hook(store: Store, call: Call) -> Reply:
    """Subscribe."""
    body = call.body()
    _check_body(store, body)
    now = store.now()
    hook = Hook(
        id=store.sequences.next("hook"),
        scope=body["scope"],
        destination=body["destination"],
        headers=dict(body.get("headers") or {}),
        is_active=body.get("is_active", True),
        created_at=now,
        updated_at=now,
        live_at=Sender.live_from(store),
    )
    store.hooks[hook.id] = hook
    return Reply(OK, {"data": hook_document(hook), "meta": {}})


@routes("GET", "/v3/hooks/{id}")
def get_hook(store: Store, call: Call) -> Reply:
    """One subscription."""
    return Reply(OK, {"data": hook_document(_the_hook(store, call)), "meta": {}})


@routes("PUT", "/v3/hooks/{id}")
def update_hook(store: Store, call: Call) -> Reply:
    """Change some fields; `is_active: true` revives a deactivated one."""
    hook, body = _the_hook(store, call), call.body()
    if not body:
        refuse(UNPROCESSABLE, "At least one field is needed.", {})
    _check_body(store, body, hook)
    hook.scope = body.get("scope", hook.scope)
    hook.destination = body.get("destination", hook.destination)
    hook.is_active = body.get("is_active", hook.is_active)
    hook.is_deactivated = hook.is_deactivated and not hook.is_active
    if "headers" in body:
        hook.headers = dict(body["headers"] or {})
    hook.updated_at, hook.live_at = store.now(), Sender.live_from(store)
    return Reply(OK, {"data": hook_document(hook), "meta": {}})


@routes("DELETE", "/v3/hooks/{id}")
def delete_hook(store: Store, call: Call) -> Reply:
    """Unsubscribe; answers what was there."""
    hook = _the_hook(store, call)
    del store.hooks[hook.id]
    return Reply(OK, {"data": hook_document(hook), "meta": {}})


@routes("GET", "/v3/hooks/admin")
def get_admin(store: Store, _call: Call) -> Reply:
    """Addresses, subscriptions with their health, and blocked domains."""
    rows = []
    for hook in store.hooks.values():
        status = "active" if hook.is_active else "inactive"
        rows.append(
            hook_document(hook) | {"status": "deactivated" if hook.is_deactivated else status}
        )
    blocked = store.sender.blocked_domains() if store.sender else []
    data = {"emails": store.hook_emails, "hooks_list": rows, "blocked_domains": blocked}
    return Reply(OK, {"data": data, "meta": {}})


@routes("PUT", "/v3/hooks/admin")
def put_admin(store: Store, call: Call) -> Reply:
    """Set who is mailed about deactivated subscriptions."""
    emails = call.body().get("emails")
    if not isinstance(emails, list) or not all(isinstance(item, str) for item in emails):
        refuse(UNPROCESSABLE, "Invalid field(s): emails", {"emails": "not a list of addresses"})
    store.hook_emails = emails
    return Reply(NO_CONTENT)
