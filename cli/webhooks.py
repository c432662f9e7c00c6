"""`causeway webhooks`: the subscriptions on both systems, as they should be and as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import finish
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.store_models import Hook
from connectors.brightpearl.account_models import Webhook
from connectors.brightpearl.client import Brightpearl
from core.errors import ConfigError
from core.settings import Pair, Settings

SCOPES = (
    "store/order/*",
    "store/order/transaction/*",
    "store/shipment/*",
    "store/app/uninstalled",
    "store/hook/deliveryException",
)
"""BigCommerce: orders and their payments, what is shipped, and reports of trouble with the hooks
themselves."""
EVENTS = (
    "order.modified.order-status",
    "order.modified.fully-shipped",
    "goods-out-note.modified",
    "goods-out-note.destroyed",
    "drop-ship-note.modified.shipped",
    "drop-ship-note.destroyed",
    "product.modified.on-hand-modified",
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

System = Literal["bigcommerce", "brightpearl"]
Action = Literal["keep", "create", "activate", "rewrite", "remove"]


webhooks = typer.Typer(
    help="The subscriptions on both systems that report what changed.", no_args_is_help=True
)


@dataclass(frozen=True)
class Target:
    """Where a pair's webhooks are to go."""

    bigcommerce: str
    brightpearl: str
    """Holds the secret; never shown."""
    brightpearl_shown: str
    secret: str

    @classmethod
    def of(cls, pair: Pair) -> Target:
        """The URLs of a pair.

        Raises: ConfigError naming the setting that is missing.
        """
        settings = pair.webhooks
        if settings.public_url is None:
            raise ConfigError(
                "The setting CAUSEWAY_WEBHOOKS__PUBLIC_URL is missing.",
                remedy="Set it to the address under which both systems reach the receiver, "
                "such as https://causeway.example.com.",
            )
        secret = settings.secret.get_secret_value() if settings.secret else ""
        if len(secret) < LEAST_SECRET:
            raise ConfigError(
                "The setting CAUSEWAY_WEBHOOKS__SECRET is missing or shorter than "
                f"{LEAST_SECRET} characters.",
                remedy="Set it to a long random text, for example from: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
        base = str(settings.public_url).rstrip("/")
        address = f"{base}/webhooks/brightpearl/{pair.name}/"
        return cls(
            f"{base}/webhooks/bigcommerce/{pair.name}", f"{address}{secret}", f"{address}…", secret
        )


@dataclass(frozen=True)
class Change:
    """One subscription, and what is to be done about it."""

    system: System
    event: str
    action: Action
    hook_id: str = ""


def plan_bigcommerce(hooks: Sequence[Hook], url: str, *, rotate: bool = False) -> list[Change]:
    """Changes for the store's own hooks; hooks to other places are left alone. Pure.

    `rotate` writes the secret into hooks that exist, for it cannot be compared from outside.
    """
    changes = []
    for scope in SCOPES:
        ours = [hook for hook in hooks if (hook.scope, hook.destination) == (scope, url)]
        if not ours:
            changes.append(Change("bigcommerce", scope, "create"))
            continue
        first, *spare = ours
        action: Action = "rewrite" if rotate else "keep" if first.is_active else "activate"
        changes.append(Change("bigcommerce", scope, action, first.id))
        changes.extend(Change("bigcommerce", scope, "remove", hook.id) for hook in spare)
    return changes


def plan_brightpearl(hooks: Sequence[Webhook], target: Target) -> list[Change]:
    """Changes for the account's subscriptions; those of other apps are left alone. Pure.

    There is no update: one of ours with an older secret in its URL is removed after the new one
    exists. Source: fact sheet, match on event and URL.
    """
    changes = []
    ours = of_pair(hooks, target)
    current: set[str] = set()
    for event in EVENTS:
        same = [h for h in ours if (h.subscribe_to, h.uri_template) == (event, target.brightpearl)]
        if same:
            current.add(same[0].id)
            changes.append(Change("brightpearl", event, "keep", same[0].id))
        else:
            changes.append(Change("brightpearl", event, "create"))
    changes.extend(
        Change("brightpearl", hook.subscribe_to, "remove", hook.id)
        for hook in ours
        if hook.id not in current
    )
    return changes


def of_pair(hooks: Iterable[Webhook], target: Target) -> list[Webhook]:
    """The subscriptions that lead to this pair's receiver, whatever secret they carry."""
    prefix = target.brightpearl_shown.removesuffix("…")
    return [hook for hook in hooks if hook.uri_template.startswith(prefix)]


def apply(
    changes: Iterable[Change], target: Target, store: BigCommerce, account: Brightpearl
) -> None:
    """Make the changes, each by one request.

    Raises: CausewayError of the first that fails; what is done stays done and is found next time.
    """
    for change in changes:
        if change.system == "bigcommerce":
            _apply_bigcommerce(change, target, store)
        elif change.action == "create":
            account.create_webhook(subscription(change.event, target.brightpearl))
        elif change.action == "remove":
            account.delete_webhook(change.hook_id)


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


def _apply_bigcommerce(change: Change, target: Target, store: BigCommerce) -> None:
    headers = {SECRET_HEADER: target.secret}
    match change.action:
        case "create":
            store.create_hook(change.event, target.bigcommerce, headers)
        case "activate" | "rewrite":
            store.update_hook(change.hook_id, is_active=True, headers=headers)
        case "remove":
            store.delete_hook(change.hook_id)
        case "keep":
            return


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(webhooks, name="webhooks")


def ensure_webhooks(
    settings: Settings, pair_name: str | None = None, *, rotate: bool = False
) -> list[Change]:
    """Create what is missing, re-activate what was switched off; gives what was found and done.

    Raises: ConfigError for settings and credentials, TransientError.
    """
    pair = settings.pair(pair_name)
    target = Target.of(pair)
    store, account = _connect(pair)
    changes = [
        *plan_bigcommerce(store.list_hooks(), target.bigcommerce, rotate=rotate),
        *plan_brightpearl(account.list_webhooks(), target),
    ]
    apply(changes, target, store, account)
    return changes


@webhooks.command()
def ensure(
    *,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="The secret was changed: write it into every subscription."),
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create the subscriptions that are missing and re-activate those that were switched off."""
    installed = installation(pair)
    target = Target.of(installed.pair)
    changes = ensure_webhooks(installed.settings, pair, rotate=rotate)
    finish(_changed(changes), as_json=as_json, text=_changes_text(changes, target))


@webhooks.command("list")
def list_(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show our subscriptions on both systems; exit code 1 when one is missing or inactive."""
    chosen = installation(pair).pair
    target = Target.of(chosen)
    store, account = _connect(chosen)
    rows: list[dict[str, Any]] = [
        {
            "system": "bigcommerce",
            "event": hook.scope,
            "id": hook.id,
            "state": "active" if hook.is_active else "inactive",
            "url": target.bigcommerce,
        }
        for hook in store.list_hooks()
        if hook.destination == target.bigcommerce
    ]
    rows.extend(
        {
            "system": "brightpearl",
            "event": hook.subscribe_to,
            "id": hook.id,
            "state": "active" if hook.uri_template == target.brightpearl else "old secret",
            "url": target.brightpearl_shown,
        }
        for hook in of_pair(account.list_webhooks(), target)
    )
    finish(rows, as_json=as_json, text=_rows_text(rows), problem=_list_problem(rows))


@webhooks.command()
def remove(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Remove our subscriptions on both systems; those of other apps stay."""
    chosen = installation(pair).pair
    target = Target.of(chosen)
    store, account = _connect(chosen)
    changes = [
        Change("bigcommerce", hook.scope, "remove", hook.id)
        for hook in store.list_hooks()
        if hook.destination == target.bigcommerce
    ]
    changes.extend(
        Change("brightpearl", hook.subscribe_to, "remove", hook.id)
        for hook in of_pair(account.list_webhooks(), target)
    )
    apply(changes, target, store, account)
    finish(_changed(changes), as_json=as_json, text=_changes_text(changes, target))


def _connect(pair: Pair) -> tuple[BigCommerce, Brightpearl]:
    return BigCommerce(pair.bigcommerce), Brightpearl(pair.brightpearl)


def _changed(changes: list[Change]) -> dict[str, Any]:
    return {
        "counts": dict(Counter(change.action for change in changes)),
        "subscriptions": [
            {"system": change.system, "event": change.event, "action": change.action}
            for change in changes
        ],
    }


def _changes_text(changes: list[Change], target: Target) -> str:
    if not changes:
        return "There is no subscription of ours."
    urls = {"bigcommerce": target.bigcommerce, "brightpearl": target.brightpearl_shown}
    rows = [(c.system, c.event, c.action, urls[c.system]) for c in changes]
    return table(["system", "event", "done", "url"], rows)


def _rows_text(rows: list[dict[str, Any]]) -> str:
    columns = ["system", "event", "id", "state", "url"]
    return table(columns, [[row[name] for name in columns] for row in rows])


def _list_problem(rows: list[dict[str, Any]]) -> str:
    active = {(row["system"], row["event"]) for row in rows if row["state"] == "active"}
    wanted = {("bigcommerce", scope) for scope in SCOPES} | {("brightpearl", e) for e in EVENTS}
    if missing := sorted(wanted - active):
        names = ", ".join(f"{system} {event}" for system, event in missing)
        return f"Missing or inactive: {names}. Run: causeway webhooks ensure"
    return ""
