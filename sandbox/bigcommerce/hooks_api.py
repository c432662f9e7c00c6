"""Webhook subscriptions (V3). The one API account of the sandbox owns them all."""

import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.bigcommerce import reference
from sandbox.bigcommerce.events import Sender
from sandbox.bigcommerce.paging import v3_page
from sandbox.bigcommerce.records import Hook
from sandbox.bigcommerce.routing import (
    BAD_REQUEST,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
)
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
PER_SCOPE = 10
HTTPS_PORT = 443
HEADERS, HEADER_NAME, HEADER_VALUE = 64, 64, 8192
FIELDS = frozenset({"scope", "destination", "is_active", "headers", "events_history_enabled"})
_SCOPE = re.compile(r"store(/[A-Za-z0-9_]+|/\*)+")


def document(hook: Hook) -> dict[str, Any]:
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


def _check(store: Store, body: dict[str, Any], own: Hook | None = None) -> None:
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
    if len(others) >= PER_SCOPE:
        refuse(UNPROCESSABLE, f"No more than {PER_SCOPE} webhooks per scope.", {"scope": "full"})


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
    fits = isinstance(headers, dict) and len(headers) <= HEADERS
    if (
        not isinstance(headers, dict)
        or not fits
        or not all(
            isinstance(value, str) and len(name) <= HEADER_NAME and len(value) <= HEADER_VALUE
            for name, value in headers.items()
        )
    ):
        refuse(UNPROCESSABLE, "Invalid field(s): headers", {"headers": "too many or too long"})


def _hook(store: Store, call: Call) -> Hook:
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
    return v3_page(store, call, rows, document)


@routes("POST", "/v3/hooks")
def create_hook(store: Store, call: Call) -> Reply:
    """Subscribe."""
    body = call.body()
    _check(store, body)
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
    return Reply(OK, {"data": document(hook), "meta": {}})


@routes("GET", "/v3/hooks/{id}")
def get_hook(store: Store, call: Call) -> Reply:
    """One subscription."""
    return Reply(OK, {"data": document(_hook(store, call)), "meta": {}})


@routes("PUT", "/v3/hooks/{id}")
def update_hook(store: Store, call: Call) -> Reply:
    """Change some fields; `is_active: true` revives a deactivated one."""
    hook, body = _hook(store, call), call.body()
    if not body:
        refuse(UNPROCESSABLE, "At least one field is needed.", {})
    _check(store, body, hook)
    hook.scope = body.get("scope", hook.scope)
    hook.destination = body.get("destination", hook.destination)
    hook.is_active = body.get("is_active", hook.is_active)
    hook.is_deactivated = hook.is_deactivated and not hook.is_active
    if "headers" in body:
        hook.headers = dict(body["headers"] or {})
    hook.updated_at, hook.live_at = store.now(), Sender.live_from(store)
    return Reply(OK, {"data": document(hook), "meta": {}})


@routes("DELETE", "/v3/hooks/{id}")
def delete_hook(store: Store, call: Call) -> Reply:
    """Unsubscribe; answers what was there."""
    hook = _hook(store, call)
    del store.hooks[hook.id]
    return Reply(OK, {"data": document(hook), "meta": {}})


@routes("GET", "/v3/hooks/admin")
def get_admin(store: Store, _call: Call) -> Reply:
    """Addresses, subscriptions with their health, and blocked domains."""
    rows = []
    for hook in store.hooks.values():
        status = "active" if hook.is_active else "inactive"
        rows.append(document(hook) | {"status": "deactivated" if hook.is_deactivated else status})
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
