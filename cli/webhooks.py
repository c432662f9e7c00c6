"""`causeway webhooks`: the subscriptions on both systems, as they should be and as they are."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import typer

from cli.display import table
from cli.installation import installation
from cli.options import JsonOption, PairOption
from cli.output import finish
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import Pair, Settings
from tasks import subscriptions
from tasks.subscriptions import Change, Target, apply, plan_removal

STATES = {
    "keep": "active",
    "activate": "inactive",
    "create": "missing",
    "rewrite": "other secret",
    "remove": "superfluous",
    "leave": "not ours",
}
"""What is shown of a subscription that calls for a change."""
webhooks = typer.Typer(
    help="The subscriptions on both systems that report what changed.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(webhooks, name="webhooks")


def ensure_webhooks(
    settings: Settings, pair_name: str | None = None, *, rotate: bool = False
) -> list[Change]:
    """Create what is missing, mend what differs, remove what leads to an earlier address.

    Gives what was found and done.

    Raises: ConfigError for settings and credentials, TransientError.
    """
    pair = settings.pair(pair_name)
    target = Target.of(pair)
    return subscriptions.ensure(target, *_connect(pair), rotate=rotate)


@webhooks.command()
def ensure(
    *,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Write the secret into every subscription all the same."),
    ] = False,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make both systems call this receiver: create, re-activate, mend, remove earlier ones.

    Subscriptions with another secret or to an earlier public address of this installation are
    replaced. One that a system refuses stops no other.
    """
    installed = installation(pair)
    target = Target.of(installed.pair)
    changes = ensure_webhooks(installed.settings, pair, rotate=rotate)
    finish(
        _changed(changes),
        as_json=as_json,
        text=_changes_text(changes, target),
        problem=_problems(changes),
    )


@webhooks.command("list")
def list_(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show our subscriptions on both systems; exit code 1 when one is not as it should be."""
    chosen = installation(pair).pair
    target = Target.of(chosen)
    changes = subscriptions.plan(target, *_connect(chosen))
    urls = {"bigcommerce": target.bigcommerce, "brightpearl": target.brightpearl_shown}
    rows: list[dict[str, Any]] = [
        {
            "system": change.system,
            "event": change.event,
            "id": change.hook_id,
            "state": STATES[change.action],
            "url": urls[change.system] if change.action not in {"remove", "leave"} else change.why,
        }
        for change in changes
        if change.hook_id
    ]
    columns = ["system", "event", "id", "state", "url"]
    text = table(columns, [[row[name] for name in columns] for row in rows])
    wrong = [
        f"{change.system} {change.event}: {change.why}. {remedy(change)}"
        for change in changes
        if change.action != "keep"
    ]
    finish(rows, as_json=as_json, text=text, problem="\n".join(wrong))


def remedy(change: Change) -> str:
    """The command that sets a subscription right."""
    if change.action == "leave":
        base = change.why.split(",")[0].rpartition(" ")[2]
        return f"If it is of this installation: causeway webhooks remove --address {base}"
    return "Run: causeway webhooks ensure"


@webhooks.command()
def remove(
    *,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", help="Of those to an earlier public URL; the present one if not."
        ),
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove our subscriptions on both systems; those of other apps stay."""
    chosen = installation(pair).pair
    target = Target.of(chosen)
    store, account = _connect(chosen)
    base = (address or target.base).rstrip("/")
    planned = plan_removal(store.list_hooks(), account.list_webhooks(), target, base)
    changes = apply(planned, target, store, account)
    finish(
        _changed(changes),
        as_json=as_json,
        text=_changes_text(changes, target),
        problem=_problems(changes),
    )


def _connect(pair: Pair) -> tuple[BigCommerce, Brightpearl]:
    return BigCommerce(pair.bigcommerce), Brightpearl(pair.brightpearl)


def _changed(changes: list[Change]) -> dict[str, Any]:
    return {
        "counts": dict(Counter(_done(change) for change in changes)),
        "subscriptions": [
            {
                "system": change.system,
                "event": change.event,
                "action": _done(change),
                "why": change.why,
                "problem": change.problem,
            }
            for change in changes
        ],
    }


def _done(change: Change) -> str:
    return "failed" if change.problem else change.action


def _changes_text(changes: list[Change], target: Target) -> str:
    if not changes:
        return "There is no subscription of ours."
    urls = {"bigcommerce": target.bigcommerce, "brightpearl": target.brightpearl_shown}
    rows = [(c.system, c.event, _done(c), c.why or urls[c.system]) for c in changes]
    return table(["system", "event", "done", "why, or where to"], rows)


def _problems(changes: list[Change]) -> str:
    lines = [f"{one.system} {one.event}: {one.problem}" for one in changes if one.problem]
    lines += [
        f"{one.system} {one.event}: {one.why}. {remedy(one)}"
        for one in changes
        if one.action == "leave"
    ]
    return "\n".join(lines)
