"""What we wrote of some SKUs, and what we knew when we did."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bench.house import House
from core.ids import sku_key
from demo.stage import PAIR
from store.ledger import Entry, Ledger

SHORTEST_S, LONGEST_S = 0.2, 20.0
"""How late a request is answered, or a number that is sent lands."""


@dataclass(frozen=True)
class Pushes:
    """What we wrote, as our own ledger has it."""

    entries: Sequence[Entry]
    looks: Mapping[str, Sequence[datetime]]
    """When each run began to look at both sides, each time."""

    def looked(self) -> dict[str, datetime]:
        """When we began to look before a write, by its transaction. Pure."""
        found: dict[str, datetime] = {}
        for one in self.entries:
            before = [at for at in self.looks.get(one.run_id, ()) if at <= one.intent_at]
            if before and one.written_id:
                found[one.written_id] = max(before)
        return found

    def numbers(self, sku: str, seed: int) -> list[tuple[datetime, int]]:
        """Had the number itself been sent: when it would have landed, and the number. Pure."""
        chance = Random(f"{seed} {sku}")  # noqa: S311 - reproducible, not secret
        return [
            (
                one.intent_at + timedelta(seconds=chance.uniform(SHORTEST_S, LONGEST_S)),
                int(one.after["quantity"]),
            )
            for one in self.entries
            if one.key == sku_key(sku) and "quantity" in one.after
        ]


def pushes_of(home: House, skus: Sequence[str]) -> Pushes:
    """What was written of these SKUs, and when each run looked before."""
    ledger = Ledger(home.stage.database)
    entries = [one for sku in skus for one in ledger.history(PAIR, "stock", sku_key(sku))]
    looks: dict[str, list[datetime]] = defaultdict(list)
    for step in home.steps("look-at-stock"):
        if step["start_time"]:
            began = datetime.fromisoformat(step["start_time"])
            looks[str(step["flow_run_id"])].append(began)
    return Pushes(entries, looks)
