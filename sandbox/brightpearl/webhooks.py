"""Webhooks: subscriptions, what a delivery holds, when it goes out and is tried again.

Nothing is ever signed.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.id_sets import format_id_set
from sandbox.brightpearl.records import Event, Outgoing, Webhook
from sandbox.brightpearl.refusals import HTTP_BAD_REQUEST, Refusal, not_found, refuse
from sandbox.kit.delivery import Message
from sandbox.kit.routing import Reply

routes = Routes()
LIFECYCLES = ("created", "modified", "destroyed")
_NOTE_STAGES = ("printed", "picked", "packed", "shipped", "un-printed", "un-picked", "un-packed")
EVENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sales-order": {"created": ()},
    "order": {"modified": ("order-status", "fully-shipped")},
    "goods-out-note": {"created": (), "destroyed": (), "modified": _NOTE_STAGES},
    "drop-ship-note": {"created": (), "destroyed": (), "modified": ("shipped",)},
    "goods-in-note": {"created": ()},
    "quarantine-release": {"created": ()},
    "product": {"created": (), "modified": ("on-hand-modified",), "destroyed": ()},
}
REQUIRED_VARIABLES = ("account-code", "resource-type", "resource-id", "lifecycle-event")
MISSING_VARIABLE = "templateUri OR templateBody (for POST/PUT) must contatin the template variable"
"""As recorded, spelling included."""
SIMULATE_LIMIT = 10
_VARIABLE = re.compile(r"\$\{([a-z-]+)\}")
RETRY_WAITS_S = (10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""The vendor publishes neither how often nor when it tries again: this is our reading."""
SUCCESS_BELOW = 300
SERVER_ERROR = 500
UNAVAILABLE = 503


class WebhookIn(Incoming):
    """The body of a registration."""

    subscribe_to: str
    http_method: str = Field(pattern="^(GET|POST|PUT|DELETE)$")
    uri_template: str = Field(pattern="^https?://")
    body_template: str | None = None
    content_type: str | None = None
    id_set_accepted: bool = False
    quality_of_service: int = Field(default=0, ge=0, le=1)


@routes("POST", "/integration-service/webhook")
def register(account: Account, call: Call) -> Reply:
    """Answers the id. There is no way to change a subscription."""
    body = call.read(WebhookIn)
    if body.http_method in {"POST", "PUT"} and not (body.body_template and body.content_type):
        refuse("INTC-901", "bodyTemplate and contentType are required for POST and PUT")
    used = _VARIABLE.findall(body.uri_template + (body.body_template or ""))
    errors = [
        ("INTC-057", f"{MISSING_VARIABLE} ${{{name}}}")
        for name in REQUIRED_VARIABLES
        if name not in used
    ]
    errors += event_errors(account, body.subscribe_to)
    if errors:
        raise Refusal(HTTP_BAD_REQUEST, errors)
    webhook = Webhook(
        id=account.sequences.next("webhook"),
        subscribe_to=body.subscribe_to,
        http_method=body.http_method,
        uri_template=body.uri_template,
        body_template=body.body_template or "",
        content_type=body.content_type or "",
        id_set_accepted=body.id_set_accepted,
        quality_of_service=body.quality_of_service,
    )
    account.webhooks[webhook.id] = webhook
    return answer(webhook.id)


def event_errors(account: Account, name: str) -> list[tuple[str, str]]:
    """Why an event cannot be subscribed to, with the observed codes; nothing when it can."""
    resource, _, rest = name.partition(".")
    lifecycle, _, specifier = rest.partition(".")
    unknown = ("INTC-064", f"{name[:60]} either does not exist or cannot be subscribed to")
    if resource not in EVENTS:
        return [unknown]
    destroyed = name == "product.destroyed" and not account.switches.product_destroyed_subscribable
    if destroyed or (lifecycle and lifecycle not in LIFECYCLES):
        return [("INTC-062", f"{lifecycle[:40]} is not a valid lifecycle")]
    if lifecycle and lifecycle not in EVENTS[resource]:
        return [unknown]
    if specifier and specifier not in EVENTS[resource][lifecycle]:
        return [unknown]
    return []


@routes("GET", "/integration-service/webhook", "/integration-service/webhook/{ids}")
def list_webhooks(account: Account, call: Call) -> Reply:
    """All of the account's, also other apps'; 404 for a set without any."""
    listed = list(account.webhooks.values())
    if "ids" in call.params:
        ids = call.id_set().among(account.webhooks, account.webhooks)
        listed = [account.webhooks[number] for number in ids]
        if not listed:
            not_found(f"No webhooks available in ID Set {call.params['ids'][:60]}")
    return answer([_webhook_document(webhook) for webhook in listed])


@routes("DELETE", "/integration-service/webhook/{id}")
def delete_webhook(account: Account, call: Call) -> Reply:
    """`{}`."""
    number = call.number("id")
    if account.webhooks.pop(number, None) is None:
        not_found(f"Cannot find webhook: {number}")
    return done()


def _webhook_document(webhook: Webhook) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": webhook.id,
        "subscribeTo": webhook.subscribe_to,
        "httpMethod": webhook.http_method,
        "uriTemplate": webhook.uri_template,
        "idSetAccepted": webhook.id_set_accepted,
        "qualityOfService": webhook.quality_of_service,
    }
    if webhook.body_template:
        document["bodyTemplate"] = webhook.body_template
        document["contentType"] = webhook.content_type
    return document


class SimulateIn(Incoming):
    """Test data by variable, written `${resource-id}`."""

    test_data: dict[str, str] = Field(alias="testData")


@routes("POST", "/integration-service/webhook/{id}/simulate")
def simulate(account: Account, call: Call) -> Reply:
    """Sends one delivery with the values given."""
    webhook = account.webhooks.get(call.number("id"))
    if webhook is None:
        not_found("No webhook found")
    given = {name.strip("${}"): value for name, value in call.read(SimulateIn).test_data.items()}
    if len(re.split(r"[,.]", given.get("resource-id", ""))) > SIMULATE_LIMIT:
        refuse("INTC-902", f"At most {SIMULATE_LIMIT} resource ids can be simulated")
    account.outbox.append(fill(webhook, given))
    return done()


def subscribed(webhook: Webhook, event: Event) -> bool:
    """Whether the event is the subscription's, or more specific (our reading)."""
    name = event.full_name
    return name == webhook.subscribe_to or name.startswith(webhook.subscribe_to + ".")


def notices_of(account: Account, webhook: Webhook, events: Iterable[Event]) -> list[Outgoing]:
    """Calls for events of one subscription: one for each id, or for each kind with an ID set."""
    kinds: dict[str, list[Event]] = {}
    for event in events:
        kinds.setdefault(event.full_name, []).append(event)
    calls = []
    for listed in kinds.values():
        ids = [event.resource_id for event in listed]
        groups = (
            [format_id_set(ids)]
            if webhook.id_set_accepted
            else [str(n) for n in dict.fromkeys(ids)]
        )
        calls += [fill(webhook, _values(account, listed[-1], group)) for group in groups]
    return calls


def _values(account: Account, event: Event, ids: str) -> dict[str, str]:
    return {
        "account-code": reference.ACCOUNT_CODE,
        "resource-type": event.resource,
        "resource-id": ids,
        "lifecycle-event": event.lifecycle,
        "resource-specifier": event.specifier,
        "full-event": event.full_name,
        "raised-on": stamp(event.raised_at, account.utc).replace("+00:00", "Z"),
        "brightpearl-version": reference.VERSION,
    }


def fill(webhook: Webhook, values: Mapping[str, str]) -> Outgoing:
    """The templates with their variables put in; a variable without a value becomes empty."""

    def put(match: re.Match[str]) -> str:
        return values.get(match[1], "")

    return Outgoing(
        webhook.id,
        webhook.http_method,
        _VARIABLE.sub(put, webhook.uri_template),
        _VARIABLE.sub(put, webhook.body_template),
        webhook.content_type,
        webhook.quality_of_service,
    )


class Notices:
    """Holds the events of a request (or of `webhook_coalesce_s`) so that they may share a call."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._held: dict[int, list[Event]] = {}
        self._due: datetime | None = None
        account.listeners.append(self._collect)

    def _collect(self, event: Event) -> None:
        for webhook in self._account.webhooks.values():
            if subscribed(webhook, event):
                self._held.setdefault(webhook.id, []).append(event)
                if self._due is None:
                    wait = timedelta(seconds=self._account.switches.webhook_coalesce_s)
                    self._due = self._account.now() + wait

    def release(self) -> list[Outgoing]:
        """Calls to be made now; nothing while events may still gather."""
        ready, self._account.outbox = self._account.outbox, []
        if self._due is None or self._due > self._account.now():
            return ready
        held, self._held, self._due = self._held, {}, None
        for webhook_id, events in held.items():
            webhook = self._account.webhooks.get(webhook_id)
            if webhook is not None:
                ready += notices_of(self._account, webhook, events)
        return ready


def wants_retry(quality_of_service: int, status: int | None) -> bool:
    """Whether a delivery is tried again; `status` is None when no answer came.

    Quality 0 only for 503; quality 1 for every failure that is not 4xx (documented).
    """
    if quality_of_service == 0:
        return status == UNAVAILABLE
    return status is None or status >= SERVER_ERROR


class QualityPolicy:
    """The vendor's rules, for the shared sender. Nothing is ever held back."""

    def __init__(self) -> None:
        self._quality: dict[str, int] = {}
        self._numbers = count(1)

    def message(self, outgoing: Outgoing) -> Message:
        """The call as the sender takes it; remembers its quality of service."""
        number = str(next(self._numbers))
        self._quality[number] = outgoing.quality_of_service
        content_type = outgoing.content_type

        def headers(_at: datetime) -> Mapping[str, str]:
            return {"content-type": content_type} if content_type else {}

        return Message(
            id=number,
            about=f"webhook {outgoing.webhook_id}",
            method=outgoing.method,
            url=outgoing.url,
            body=outgoing.body.encode(),
            headers=headers,
        )

    def hold_s(self, _message: Message) -> float:
        """Always now."""
        return 0.0

    def settle(self, message: Message, tries: int, status: int | None) -> float | None:
        """Seconds until the next try, or None when it is over."""
        done = status is not None and status < SUCCESS_BELOW
        quality = self._quality.get(message.id, 0)
        if done or tries > len(RETRY_WAITS_S) or not wants_retry(quality, status):
            return None
        return RETRY_WAITS_S[tries - 1]
