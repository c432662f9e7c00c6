"""Subscriptions: registering, listing, and what a delivery looks like. Nothing is ever signed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import stamp
from sandbox.brightpearl.idset import format_id_set
from sandbox.brightpearl.outgoing import Outgoing
from sandbox.brightpearl.records import Event, Webhook
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.brightpearl.routing import Call, Incoming, Routes, answer, done
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
SIMULATE_LIMIT = 10
_VARIABLE = re.compile(r"\$\{([a-z-]+)\}")


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
    check_event(account, body.subscribe_to)
    if body.http_method in {"POST", "PUT"} and not (body.body_template and body.content_type):
        refuse("INTC-901", "bodyTemplate and contentType are required for POST and PUT")
    used = _VARIABLE.findall(body.uri_template + (body.body_template or ""))
    for name in REQUIRED_VARIABLES:
        if name not in used:
            refuse("INTC-057", f"The template does not contain the required variable ${{{name}}}")
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


def check_event(account: Account, name: str) -> None:
    """Refuse what nobody can subscribe to, with the observed codes."""
    resource, _, rest = name.partition(".")
    lifecycle, _, specifier = rest.partition(".")
    unknown = f"{name[:60]} either does not exist or cannot be subscribed to"
    if resource not in EVENTS:
        refuse("INTC-064", unknown)
    if lifecycle and lifecycle not in LIFECYCLES:
        refuse("INTC-062", f"{lifecycle[:40]} is not a valid lifecycle event")
    destroyed = name == "product.destroyed" and not account.switches.product_destroyed_subscribable
    if destroyed or (lifecycle and lifecycle not in EVENTS[resource]):
        refuse("INTC-064", unknown)
    if specifier and specifier not in EVENTS[resource][lifecycle]:
        refuse("INTC-064", unknown)


@routes("GET", "/integration-service/webhook", "/integration-service/webhook/{ids}")
def list_webhooks(account: Account, call: Call) -> Reply:
    """All of the account's, also other apps'; 404 for a set without any."""
    listed = list(account.webhooks.values())
    if "ids" in call.params:
        ids = call.id_set().among(account.webhooks, account.webhooks)
        listed = [account.webhooks[number] for number in ids]
        if not listed:
            not_found("No webhooks found")
    return answer([_document(webhook) for webhook in listed])


@routes("DELETE", "/integration-service/webhook/{id}")
def delete_webhook(account: Account, call: Call) -> Reply:
    """`{}`."""
    if account.webhooks.pop(call.number("id"), None) is None:
        not_found("No webhook found")
    return done()


def _document(webhook: Webhook) -> dict[str, Any]:
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


def deliveries(account: Account, webhook: Webhook, events: Iterable[Event]) -> list[Outgoing]:
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
