"""What a person can do next about one record: why, and a command that works as it stands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cli.record_sides import Sides
from core.times import to_iso
from store.quarantine import Entry
from store.records import KeyState

OVERDUE = timedelta(minutes=10)
"""After so long a due key says that no worker is running."""
SYSTEMS = {"bigcommerce": "BigCommerce", "brightpearl": "Brightpearl"}


@dataclass(frozen=True)
class Asked:
    """The record that a person asked for, and how commands name it."""

    kind: str
    """order, refund, shipment or sku."""
    name: str
    """As it was asked for."""
    entity: str
    key: str
    """Of the inbox; "" where no key can name the record."""
    pair: str = ""
    """Where it has to be said."""

    def command(self, *words: str) -> str:
        """A command about it."""
        pair = ["--pair", self.pair] if self.pair else []
        return shlex.join(["causeway", *words, *pair])

    @property
    def show(self) -> str:
        """The command that shows it again."""
        return self.command("show", self.kind, self.name)

    def sync(self, *options: str, entity: str = "", key: str = "") -> str:
        """The command that syncs it now."""
        return self.command("sync", entity or self.entity, "--key", key or self.key, *options)


@dataclass(frozen=True)
class Step:
    """What to do, and why."""

    why: str
    command: str


def next_step(
    asked: Asked, sides: Sides, keys: Sequence[KeyState], cases: Sequence[Entry], now: datetime
) -> Step:
    """The most urgent step. In: keys and cases, those of the record's own entity first."""
    for case in cases:
        return _of_case(asked, case)
    for state in ("dead", "parked", "claimed", "due"):
        for key in keys:
            if key.state == state:
                return _of_key(asked, key, now)
    for system, side in (("bigcommerce", sides.bigcommerce), ("brightpearl", sides.brightpearl)):
        if side["found"] is None:
            why = f"{SYSTEMS[system]} could not be read: {side['problem'].rstrip('.')}."
            return Step(f"{why} Ask again.", asked.show)
    return _of_sides(asked, sides, keys)


def _of_case(asked: Asked, case: Entry) -> Step:
    options = ["--apply"] if case.detail.get("proposal") else []
    release = asked.command("quarantine", "release", *options, str(case.id))
    reason = f"{case.reason[:1].upper()}{case.reason[1:].rstrip('.')}."
    return Step(f"It waits for a person. {reason} {case.remedy}".rstrip(), release)


def _of_key(asked: Asked, key: KeyState, now: datetime) -> Step:
    named = f"Its key of {key.entity}"
    because = f": {key.reason}" if key.reason else ""
    sync = asked.sync(entity=key.entity, key=key.key)
    match key.state:
        case "dead":
            return Step(f"{named} was given up{because}. Try it again.", sync)
        case "parked":
            until = f" It is tried again at {to_iso(key.ready_at)}." if key.ready_at else ""
            return Step(f"{named} waits{because}.{until} This tries it now.", sync)
        case "claimed":
            return Step("A run works on it at this moment. Show it again.", asked.show)
    since = key.due_since
    if since is not None and now - since > OVERDUE:
        why = f"{named} has been due since {to_iso(since)}: no worker is taking it."
        return Step(f"{why} This does its work here.", sync)
    return Step(f"{named} is due: the worker takes it in a moment. This does it here.", sync)


def _of_sides(asked: Asked, sides: Sides, keys: Sequence[KeyState]) -> Step:
    """The step of a record that nothing holds up. Both systems were read."""
    own = next((key for key in keys if key.entity == asked.entity), None)
    in_store, in_account = sides.bigcommerce["found"], sides.brightpearl["found"]
    lacking = SYSTEMS["brightpearl" if in_store else "bigcommerce"]
    if asked.kind == "sku":
        explain = asked.command("stock", "explain", asked.name)
        is_whole = in_store and in_account
        why = "Nothing to do." if is_whole else f"{lacking} does not have it."
        return Step(f"{why} This explains what may be sold of it, term by term.", explain)
    if in_store and in_account:
        if own is None:
            return Step("Its key never was in the inbox. This compares both.", asked.sync())
        return Step("Nothing to do. This proves it, and writes nothing.", asked.sync("--dry-run"))
    if own is None:
        why = f"{lacking} does not have it, and its key never was in the inbox. This syncs it now."
        return Step(why, asked.sync())
    because = f": {own.reason.rstrip('.')}" if own.reason else ""
    why = f"{lacking} does not have it, and nothing is left to do{because}."
    return Step(f"{why} This shows what a sync would do.", asked.sync("--dry-run"))
