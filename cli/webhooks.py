"""`causeway webhooks`: the subscriptions on both systems."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from cli.display import table
from cli.options import JsonOption, PairOption
from cli.output import finish
from cli.subscriptions import (
    EVENTS,
    SCOPES,
    Change,
    Target,
    apply,
    of_pair,
    plan_bigcommerce,
    plan_brightpearl,
)
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import Pair, Settings, load_settings

webhooks = typer.Typer(
    help="The subscriptions on both systems that tell us what changed.", no_args_is_help=True
)


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
    settings = load_settings()
    target = Target.of(settings.pair(pair))
    changes = ensure_webhooks(settings, pair, rotate=rotate)
    finish(_changed(changes), as_json=as_json, text=_changes_text(changes, target))


@webhooks.command("list")
def list_(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show our subscriptions on both systems; exit code 1 when one is missing or inactive."""
    chosen = load_settings().pair(pair)
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
    chosen = load_settings().pair(pair)
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
