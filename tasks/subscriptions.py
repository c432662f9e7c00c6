"""Our subscriptions on both systems: what should exist, what does, and the changes in between.

Which subscriptions are ours shows in what they carry: the receiver's address, or a secret that
only this installation can have made. So those of an earlier address are found, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.store_models import Hook
from connectors.brightpearl.account_models import Webhook
from connectors.brightpearl.client import Brightpearl
from core.errors import CausewayError, ConfigError, RejectedError
from core.settings import Pair, WebhookSettings

SCOPES = (
    "store/order/*",
    "store/order/transaction/*",
    "store/shipment/*",
    "store/customer/*",
    "store/customer/address/*",
    "store/product/created",
    "store/product/updated",
    "store/product/deleted",
    "store/sku/created",
    "store/sku/updated",
    "store/sku/deleted",
    "store/app/uninstalled",
    "store/hook/deliveryException",
)
"""BigCommerce: orders and their payments, what is shipped, customers, products (not their stock),
and reports of trouble with the hooks themselves."""
EVENTS = (
    "order.modified.order-status",
    "order.modified.fully-shipped",
    "goods-out-note.modified",
    "goods-out-note.destroyed",
    "drop-ship-note.modified.shipped",
    "drop-ship-note.destroyed",
    "product.modified.on-hand-modified",
    "product.created",
    "product.modified",
    "product.destroyed",
)
"""Brightpearl. Orders: narrower than `order.modified`, which fires on each of our own writes.
Notes: `modified` holds shipping as well as a tracking number that comes late. Stock changed in
BigCommerce is not asked for: each of our own adjustments would echo; the hourly audit finds it."""
SECRET_HEADER = "X-Causeway-Secret"  # noqa: S105 - the header's name
LEAST_SECRET = 16
BODY = (
    '{"accountCode":"${account-code}","resourceType":"${resource-type}","id":"${resource-id}",'
    '"lifecycleEvent":"${lifecycle-event}","fullEvent":"${full-event}","raisedOn":"${raised-on}"}'
)
"""Brightpearl fills in the variables; its id may become a set such as `1-5,99`."""

PER_SCOPE = 10
"""BigCommerce's limit of hooks for one scope of one API account."""

System = Literal["bigcommerce", "brightpearl"]
Action = Literal["keep", "create", "activate", "rewrite", "remove", "leave"]


@dataclass(frozen=True)
class Change:
    """One subscription, and what is to be done about it."""

    system: System
    event: str
    action: Action
    hook_id: str = ""
    why: str = ""
    """What is wrong with it; empty for one that is kept."""
    problem: str = ""
    """Why it could not be done, and what a person can do about it."""


@dataclass(frozen=True)
class Target:
    """Where a pair's webhooks are to go."""

    pair: str
    base: str
    """The receiver's public address."""
    settings: WebhookSettings

    @classmethod
    def of(cls, pair: Pair) -> Target:
        """The target of a pair.

        Raises: ConfigError naming the setting that is missing.
        """
        settings = pair.webhooks
        if settings.public_url is None:
            raise ConfigError(
                "The setting CAUSEWAY_WEBHOOKS__PUBLIC_URL is missing.",
                remedy="Set it to the address under which both systems reach the receiver, "
                "such as https://causeway.example.com.",
            )
        if len(settings.secret.get_secret_value() if settings.secret else "") < LEAST_SECRET:
            raise ConfigError(
                "The setting CAUSEWAY_WEBHOOKS__SECRET is missing or shorter than "
                f"{LEAST_SECRET} characters.",
                remedy="Set it to a long random text, for example from: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        return cls(pair.name, settings.base, settings)

    @property
    def secret(self) -> str:
        """What subscriptions carry: made from the setting, another one for each address."""
        return self.settings.secret_at(self.base)

    @property
    def bigcommerce(self) -> str:
        """The address of the store's hooks."""
        return f"{self.base}/webhooks/bigcommerce/{self.pair}"

    @property
    def brightpearl(self) -> str:
        """The address of the account's subscriptions. It holds the secret; it is never shown."""
        return f"{self.base}/webhooks/brightpearl/{self.pair}/{self.secret}"

    @property
    def brightpearl_shown(self) -> str:
        """The same without the secret."""
        return f"{self.base}/webhooks/brightpearl/{self.pair}/…"

    def base_of(self, system: System, url: str) -> str | None:
        """The public address of a receiver of a pair of this name; None for any other URL."""
        secret = "" if system == "bigcommerce" else r"/[^/]+"
        found = re.fullmatch(rf"(.+)/webhooks/{system}/{re.escape(self.pair)}{secret}", url)
        return found[1] if found else None

    def is_own(self, base: str, secret: str | None) -> bool:
        """Whether a subscription to an address is of this installation.

        At the present address it is, whatever secret it carries. At another one it has to carry
        what this installation would have given it: a second installation may have a pair of the
        same name.
        """
        return base == self.base or (secret or "") in self.settings.secrets_at(base)


def ensure(
    target: Target, store: BigCommerce, account: Brightpearl, *, rotate: bool = False
) -> list[Change]:
    """Create what is missing, mend what differs, remove what leads to an earlier address.

    Gives what was found and done.

    Raises: ConfigError for credentials, TransientError.
    """
    return apply(plan(target, store, account, rotate=rotate), target, store, account)


def plan(
    target: Target, store: BigCommerce, account: Brightpearl, *, rotate: bool = False
) -> list[Change]:
    """What there is, and what would be done about it. Raises: as `ensure`."""
    return [
        *plan_bigcommerce(store.list_hooks(), target, rotate=rotate),
        *plan_brightpearl(account.list_webhooks(), target),
    ]


def plan_bigcommerce(
    hooks: Sequence[Hook], target: Target, *, rotate: bool = False
) -> list[Change]:
    """Changes for the store's hooks; hooks to other places are left alone. Pure.

    A new hook exists before one to an earlier address is removed. `rotate` writes the secret into
    each hook, where the store does not show what headers it has.
    """
    changes, removals = [], []
    for scope in SCOPES:
        current = [h for h in hooks if (h.scope, h.destination) == (scope, target.bigcommerce)]
        changes.append(_change_of(scope, current, target, rotate=rotate))
        doubled = [Change("bigcommerce", scope, "remove", h.id, "it exists twice") for h in current]
        removals += doubled[1:]
    for hook in hooks:
        base = target.base_of("bigcommerce", hook.destination)
        if base is None or base == target.base:
            continue
        is_own = target.is_own(base, _secret_of(hook))
        removals.append(Change("bigcommerce", hook.scope, *_earlier(base, hook.id, is_own=is_own)))
    return [*changes, *removals]


def _change_of(scope: str, current: Sequence[Hook], target: Target, *, rotate: bool) -> Change:
    """What is to be done about the first of the hooks of a scope."""
    if not current:
        return Change("bigcommerce", scope, "create", "", "it is missing")
    hook = current[0]
    differs = hook.headers is not None and _secret_of(hook) != target.secret
    if differs or rotate:
        return Change("bigcommerce", scope, "rewrite", hook.id, "its secret header differs")
    if not hook.is_active:
        return Change("bigcommerce", scope, "activate", hook.id, "it was switched off")
    return Change("bigcommerce", scope, "keep", hook.id)


def _secret_of(hook: Hook) -> str | None:
    found = {name.lower(): value for name, value in (hook.headers or {}).items()}
    return found.get(SECRET_HEADER.lower())


def _earlier(base: str, hook_id: str, *, is_own: bool) -> tuple[Action, str, str]:
    if is_own:
        return "remove", hook_id, f"it leads to an earlier address, {base}"
    return "leave", hook_id, f"it leads to {base}, and carries a secret that is not ours"


def plan_brightpearl(hooks: Sequence[Webhook], target: Target) -> list[Change]:
    """Changes for the account's subscriptions; those of other apps are left alone. Pure.

    There is no update: one of ours with an older secret in its URL is removed after the new one
    exists. Source: fact sheet, match on event and URL.
    """
    changes = []
    current: set[str] = set()
    for event in EVENTS:
        same = [h for h in hooks if (h.subscribe_to, h.uri_template) == (event, target.brightpearl)]
        if same:
            current.add(same[0].id)
            changes.append(Change("brightpearl", event, "keep", same[0].id))
        else:
            changes.append(Change("brightpearl", event, "create", "", "it is missing"))
    for hook in hooks:
        base = target.base_of("brightpearl", hook.uri_template)
        if base is None or hook.id in current:
            continue
        is_own = target.is_own(base, hook.uri_template.rpartition("/")[2])
        action, hook_id, why = _earlier(base, hook.id, is_own=is_own)
        if base == target.base:
            why = "it carries another secret, or exists twice"
        changes.append(Change("brightpearl", hook.subscribe_to, action, hook_id, why))
    return changes


def plan_removal(
    hooks: Sequence[Hook], subscriptions: Sequence[Webhook], target: Target, base: str
) -> list[Change]:
    """Removal of every subscription of this pair to a receiver's address. Pure."""
    found = [
        Change("bigcommerce", hook.scope, "remove", hook.id)
        for hook in hooks
        if target.base_of("bigcommerce", hook.destination) == base
    ]
    found += [
        Change("brightpearl", hook.subscribe_to, "remove", hook.id)
        for hook in subscriptions
        if target.base_of("brightpearl", hook.uri_template) == base
    ]
    return found


def apply(
    changes: Iterable[Change], target: Target, store: BigCommerce, account: Brightpearl
) -> list[Change]:
    """Make the changes, each by one request; gives them with what could not be done.

    One that is refused stops no other. An earlier subscription stays while its successor could
    not be made.

    Raises: ConfigError for credentials, TransientError; what is done is found next time.
    """
    done: list[Change] = []
    for change in changes:
        failed = {(one.system, one.event) for one in done if one.problem}
        try:
            if change.action != "remove" or (change.system, change.event) not in failed:
                _apply_one(change, target, store, account)
        except RejectedError as error:
            done.append(replace(change, problem=_problem(change, error)))
        else:
            done.append(change)
    return done


def _apply_one(change: Change, target: Target, store: BigCommerce, account: Brightpearl) -> None:
    headers = {SECRET_HEADER: target.secret}
    match change.system, change.action:
        case "bigcommerce", "create":
            store.create_hook(change.event, target.bigcommerce, headers)
        case "bigcommerce", "activate" | "rewrite":
            store.update_hook(change.hook_id, is_active=True, headers=headers)
        case "bigcommerce", "remove":
            store.delete_hook(change.hook_id)
        case "brightpearl", "create":
            account.create_webhook(subscription(change.event, target.brightpearl))
        case "brightpearl", "remove":
            account.delete_webhook(change.hook_id)


def _problem(change: Change, error: CausewayError) -> str:
    why = error.message.rstrip(".")
    if change.system == "bigcommerce" and change.action == "create":
        return (
            f"{why}. BigCommerce allows {PER_SCOPE} hooks per scope of an API account: delete "
            "those that nobody needs, or give Causeway an API account of its own, then run "
            "causeway webhooks ensure again."
        )
    return f"{why}. {error.remedy or 'Run causeway webhooks ensure again.'}"


def subscription(event: str, url: str) -> dict[str, object]:
    """The document that subscribes to a Brightpearl event: at least once, ids as a set."""
    return {
        "subscribeTo": event,
        "httpMethod": "POST",
        "uriTemplate": url,
        "bodyTemplate": BODY,
        "contentType": "application/json",
        "idSetAccepted": True,
        "qualityOfService": 1,
    }
