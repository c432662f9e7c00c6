"""The end of stock's way: what both sides agree on is remembered, then the batch is settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from core.errors import TransientError
from core.ids import sku_key
from core.times import utc_now
from store.links import Link, Links
from tasks.claim import Run
from tasks.deliver import chunks
from tasks.outcome import Aside, Outcome
from tasks.policy import PURE, step
from tasks.settle import planned, settle
from tasks.stock.accuracy import oversold
from tasks.stock.keys import STOCK
from tasks.stock.load import TOGETHER, Loaded, LookAgainError
from tasks.stock.look import Look
from tasks.stock.memory import StockMemory
from tasks.stock.plan_models import Plan

NOTHING = StockMemory()
SEEN, CALM = "stock to be seen", "its events to pause"
"""What a parked SKU waits for."""


@step("settle-stock", PURE)
def settle_stock(
    run: Run, look: Look, plan: Plan, loaded: Loaded, strangers: Mapping[str, Aside]
) -> None:
    """Remember what agrees, look again soon at what is on its way, settle the batch."""
    planned(run, plan.count(), plan.preview())
    run.report.notes.update(look.notes)
    if not run.dry_run:
        remember(run, look, plan, loaded)
    asides = {
        **dict.fromkeys(look.only_store, Aside("not ours", "Brightpearl keeps no stock of it")),
        **dict.fromkeys(look.only_account, Aside("not ours", "the store keeps no stock of it")),
        **strangers,
    }
    keys = set(run.batch.keys) - asides.keys()
    settle(run, run.batch, asides, list(_outcomes(run, keys, look, plan, loaded)))


def remember(run: Run, look: Look, plan: Plan, loaded: Loaded) -> None:
    """Keep the memories that changed; those of SKUs that were sent something are kept already."""
    changed: dict[str, StockMemory] = {**look.named, **plan.memories}
    for sku in loaded.memories:
        changed.pop(sku, None)
    changed |= _oversold(look, {**look.memories, **changed, **loaded.memories})
    linked = Links(run.world.database)
    for part in chunks([sku for sku in changed if sku in look.product_of], TOGETHER):
        kept = linked.get(run.report.pair, STOCK, part)
        links = [
            Link(sku, look.product_of[sku], changed[sku].detail())
            for sku in part
            # Another run that sent something meanwhile knows better.
            if StockMemory.of(kept.get(sku)).revision == changed[sku].revision
        ]
        linked.put(run.report.pair, STOCK, links, now=utc_now())


def _oversold(look: Look, memories: Mapping[str, StockMemory]) -> dict[str, StockMemory]:
    """Memories in which it changes why more was sold than there is: the first look knows best."""
    causes = {sku_key(one.sku): one.cause for one in oversold(look)}
    was = {sku for sku in look.product_of if memories.get(sku, NOTHING).oversold}
    return {
        sku: replace(memories.get(sku, NOTHING), oversold=causes.get(sku, ""))
        for sku in causes.keys() ^ was
    }


def _outcomes(
    run: Run, keys: set[str], look: Look, plan: Plan, loaded: Loaded
) -> Iterator[Outcome]:
    soon = utc_now() + timedelta(seconds=run.world.pair.stock.verify_after_s)
    refused = {**look.refused, **loaded.refused}
    for sku in sorted(keys):
        error = loaded.failed.get(sku)
        if obstacle := refused.get(sku):
            yield Outcome(sku, "rejected", obstacle.reason, (obstacle,))
        elif isinstance(error, LookAgainError):
            yield Outcome(sku, "waiting", error.message, waits_for=SEEN, wake_at=soon)
        elif isinstance(error, TransientError):
            yield Outcome(sku, "again", error.message)
        elif error is not None:
            raise error
        elif sku in loaded.sent:
            yield Outcome(sku, "adjusted", waits_for=SEEN, wake_at=soon)
        elif sku in loaded.corrected:
            yield Outcome(sku, "corrected", waits_for=SEEN, wake_at=soon)
        elif sku in plan.waits:
            yield Outcome(sku, "waiting", waits_for=SEEN, wake_at=soon)
        elif sku in plan.rests:
            yield Outcome(sku, "resting", waits_for=CALM, wake_at=plan.rests[sku])
        else:
            yield Outcome(sku, "unchanged")
