"""A plan carried out: adjustments in the store, counts that go to Brightpearl, links that are kept.

2,000 rows go in a request, one request at a time. What is sent is kept before it is sent, so that
neither a crash nor a lost answer sends it twice: a later read says whether it arrived
(docs/decisions/0011). A row that is refused drops out; all others are sent again without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.bigcommerce.answers import RejectedStockError
from connectors.bigcommerce.inventory_models import Kind
from connectors.brightpearl.goods_note_models import UnitCost
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.refusals import Refusal, release_remedy
from store.links import Link
from store.runs import Leases
from tasks.brightpearl.reference import default_location, reference_of, unit_costs
from tasks.policy import PURE, step
from tasks.reconciler.apply import Phase, apply, chunks, send_as_one
from tasks.reconciler.cases import Outcome, rejected, retry, skipped
from tasks.reconciler.operations import RecordPlan
from tasks.reconciler.run import Run
from tasks.stock.frames import Desired, Snapshot
from tasks.stock.links import (
    CATALOGUE,
    NOTHING_AGREED,
    AgreedStock,
    Agreements,
    Identity,
    Pending,
    release_sku,
)
from tasks.stock.matching import oversold
from tasks.stock.plan import Adjust, Correct, Counted, Plan

TOGETHER = 2000
"""Rows of one request, the most that BigCommerce takes."""
LEASE_S = 180.0
SLOW_S = 1.0
ATTEMPTS = 4
WHY_ADJUSTED = "Causeway: what Brightpearl can promise"
VISIBLE, QUIET = "an adjustment to be visible", "its events to pause"
"""What a parked SKU waits for."""
BUSY = "another run is adjusting stock"
OUT_OF_DATE = "another run adjusted it after both sides were read"


Unwritten = TransientError | RejectedError
"""Why something was not written."""


class StaleReadError(TransientError):
    """What was read is out of date: both sides are read again soon, however often that was so."""


@dataclass
class Applied:
    """What became of the writes."""

    agreed: dict[str, AgreedStock] = field(default_factory=dict)
    """Of SKUs that were sent something; kept already."""
    failed: dict[str, CausewayError] = field(default_factory=dict)
    """SKUs whose write did not happen, or may not have."""
    refused: dict[str, Refusal] = field(default_factory=dict)
    corrected: set[str] = field(default_factory=set)
    rows: int = 0
    requests: int = 0

    @property
    def pending(self) -> set[str]:
        """SKUs of which an adjustment cannot be seen yet."""
        return {sku for sku, agreed in self.agreed.items() if agreed.pending}


def load_stock(run: Run, found: Snapshot, plan: Plan) -> Applied:
    """Carry the plan out. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one SKU is in what is given back.
    """
    applied = Applied()
    if run.dry_run or not plan.operations:
        return applied
    lease, leases = f"stock-{run.pair}", Leases(run.database)
    if not leases.acquire(lease, run.owner, ttl_s=LEASE_S, now=run.now()):
        busy = StaleReadError(BUSY)
        applied.failed = dict.fromkeys((one.sku_key for one in plan.operations), busy)
        return applied
    try:
        adjusting = _Adjusting(run, found, plan, applied)
        adjusts = _up_to_date(run, found, plan, applied)
        absolute = [one for one in adjusts if one.is_absolute]
        relative = [one for one in adjusts if not one.is_absolute]
        for part in [*chunks(relative, TOGETHER), *chunks(absolute, TOGETHER)]:
            leases.renew(lease, run.owner, ttl_s=LEASE_S, now=run.now())
            _send_all(adjusting, part)
        _correct(run, plan.corrects, applied)
    finally:
        leases.release(lease, run.owner)
    if plan.is_released:  # a person's release holds for one run
        run.quarantine.resolve(run.pair, run.entity, [CATALOGUE], now=run.now())
    return applied


@dataclass(frozen=True)
class _Adjusting:
    """What sending adjustments depends on."""

    run: Run
    found: Snapshot
    plan: Plan
    applied: Applied

    def agreed_on(self, sku: str) -> AgreedStock:
        """What is known of a SKU by now."""
        found = self.applied.agreed.get(sku) or self.plan.agreed.get(sku)
        return found or self.found.agreed_on(sku)

    def keep(self, agreed: Agreements) -> None:
        """Keep what is known of SKUs in their links."""
        product_of = self.found.product_of
        links = [Link(sku, product_of.get(sku, ""), one.detail()) for sku, one in agreed.items()]
        self.run.links.put(self.run.pair, self.run.entity, links, now=self.run.now())
        self.applied.agreed.update(agreed)

    def fail(self, adjusts: Iterable[Adjust], error: Unwritten) -> None:
        """Note why rows were not written."""
        for one in adjusts:
            if isinstance(error, TransientError):
                self.applied.failed[one.sku_key] = error
            else:
                self.applied.refused[one.sku_key] = _refused(one, error)


def _up_to_date(run: Run, found: Snapshot, plan: Plan, applied: Applied) -> list[Adjust]:
    """Adjustments but those of SKUs that another run sent something since both sides were read."""
    skus = sorted({one.sku_key for one in plan.adjusts})
    links = run.links.get(run.pair, run.entity, skus)
    moved = {
        sku
        for sku, link in links.items()
        if AgreedStock.of(link).revision != found.agreed_on(sku).revision
    }
    applied.failed.update(dict.fromkeys(moved, StaleReadError(OUT_OF_DATE)))
    return [one for one in plan.adjusts if one.sku_key not in moved]


def _send_all(adjusting: _Adjusting, adjusts: Sequence[Adjust]) -> None:
    """Send rows of one kind until all are accepted, or left out for a reason."""
    left = list(adjusts)
    while left:
        error = send(adjusting, left)
        if error is None:
            return
        if not isinstance(error, RejectedStockError) or not error.identities:
            if isinstance(error, RejectedError) and len(left) > 1:
                middle = len(left) // 2
                _send_all(adjusting, left[:middle])
                left = left[middle:]
                continue
            adjusting.fail(left, error)
            return
        named = [one for one in left if error.names(one.row())]
        if not named:
            adjusting.fail(left, error)
            return
        left = [one for one in left if one not in named]
        _send_otherwise(adjusting, named, error)


def _send_otherwise(
    adjusting: _Adjusting, named: Sequence[Adjust], error: RejectedStockError
) -> None:
    """What the refusal asks for: the other name, the number itself, or a person."""
    match error.why:
        case "tracked_by_product" if all(one.identity == "sku" for one in named):
            _send_all(adjusting, _renamed(adjusting, named, "product_id"))
        case "tracked_by_variant" if all(one.identity == "product_id" for one in named):
            _send_all(adjusting, _renamed(adjusting, named, "sku"))
        case "needs_absolute" if not all(one.is_absolute for one in named):
            _send_all(adjusting, [replace(one, is_absolute=True) for one in named])
        case "insufficient":
            adjusting.fail(named, StaleReadError("The store's stock went down meanwhile."))
        case _:
            adjusting.fail(named, error)


def _renamed(adjusting: _Adjusting, named: Sequence[Adjust], identity: Identity) -> list[Adjust]:
    """The same rows under the name that the store wants, which is kept."""
    for one in named:
        agreed = adjusting.agreed_on(one.sku_key)
        adjusting.applied.agreed[one.sku_key] = replace(agreed, identity=identity)
    return [replace(one, identity=identity) for one in named]


@step("adjust-stock", PURE)
def send(adjusting: _Adjusting, adjusts: Sequence[Adjust]) -> Unwritten | None:
    """One request: what is sent is kept first, then in the ledger, then it is sent.

    Gives the refusal back, with nothing sent; None where the rows are pending, or may be.
    """
    run, applied = adjusting.run, adjusting.applied
    kind: Kind = "absolute" if adjusts[0].is_absolute else "relative"
    before = {one.sku_key: adjusting.agreed_on(one.sku_key) for one in adjusts}
    sent_at = run.now()
    adjusting.keep(_with_pending(adjusting, adjusts))
    rows = [one.row() for one in adjusts]
    answer = send_as_one(
        run,
        [one.write(run) for one in adjusts],
        lambda: run.bigcommerce.adjust_stock(rows, kind=kind, reason=WHY_ADJUSTED),
        attempts=ATTEMPTS,
    )
    applied.requests += 1
    if isinstance(answer, Unwritten) and not isinstance(answer, OutcomeUnknownError):
        adjusting.keep(before)
        return answer
    applied.rows += len(adjusts)
    if (run.now() - sent_at).total_seconds() > SLOW_S:
        # The store's delay begins when it answers, not when it was asked.
        adjusting.keep(_with_pending(adjusting, adjusts, is_sent=True))
    return None


def _with_pending(
    adjusting: _Adjusting, adjusts: Sequence[Adjust], *, is_sent: bool = False
) -> dict[str, AgreedStock]:
    now = adjusting.run.now()
    found: dict[str, AgreedStock] = {}
    for one in adjusts:
        agreed = found.get(one.sku_key) or adjusting.agreed_on(one.sku_key)
        pending = Pending(
            base=one.level.on_hand,
            units=one.units,
            is_absolute=one.is_absolute,
            at=now,
            newest_order=adjusting.found.newest_order,
        )
        found[one.sku_key] = replace(
            agreed,
            pending={**agreed.pending, one.level.location_id: pending},
            revision=agreed.revision + (0 if is_sent else 1),
        )
    return found


def _refused(one: Adjust, error: RejectedError) -> Refusal:
    if isinstance(error, RejectedStockError) and error.why == "unknown_location":
        location = one.level.location_id
        remedy = release_remedy(
            "Correct mappings/tables/stock_locations.csv", "location", value=location
        )
        return Refusal("location", "location_id", location, error.message, remedy)
    return rejected(error, f"Correct the item in BigCommerce, then: {release_sku(one.sku_key)}")


def _correct(run: Run, corrects: Sequence[Correct], applied: Applied) -> None:
    """Carry counts made in the store over; refused ones wait for a person."""
    counted = [
        Counted(plan=RecordPlan(key=one.sku_key, operations=(one,)), correct=one)
        for one in corrects
    ]
    phase = Phase[Counted]((Correct,), together=True, before=_locate)
    for record in apply(run, counted, [phase]):
        if record.error is None:
            applied.corrected.add(record.key)
        elif isinstance(record.error, RejectedError):
            remedy = f"Correct the product in Brightpearl, then: {release_sku(record.key)}"
            applied.refused[record.key] = rejected(record.error, remedy)
        else:
            applied.failed[record.key] = record.error


def _locate(run: Run, records: Sequence[Counted]) -> None:
    """Where the goods of each count are kept, and what a unit that is added costs."""
    added = [one.correct.level.product_id for one in records if one.correct.change > 0]
    costs = unit_costs(run.connections, added)
    currency = reference_of(run.connections).account_currency
    for one in records:
        warehouse_id, product_id = one.correct.warehouse_id, one.correct.level.product_id
        one.location_id = default_location(run.connections, warehouse_id)
        one.unit_cost = UnitCost(currency=currency, value=costs.get(product_id, 0))
        if not one.location_id:
            message = f"Warehouse {warehouse_id} has no default location in Brightpearl."
            remedy = "Correct mappings/tables/stock_locations.csv."
            one.fail(RejectedError(message, remedy=remedy))


def link_stock(run: Run, found: Snapshot, desired: Desired, plan: Plan, applied: Applied) -> None:
    """Keep what both sides agree on where it changed; of SKUs that were sent something it is kept.

    A SKU that was met for the first time, or that orders hold too much of, is kept as well.
    """
    if run.dry_run:
        return
    changed: dict[str, AgreedStock] = {**found.renamed, **plan.agreed}
    for sku in applied.agreed:
        changed.pop(sku, None)
    changed |= _oversold(found, desired, {**found.agreed, **changed, **applied.agreed})
    product_of = found.product_of
    for part in chunks([sku for sku in changed if sku in product_of], TOGETHER):
        kept = run.links.get(run.pair, run.entity, part)
        links = [
            Link(sku, product_of[sku], changed[sku].detail())
            for sku in part
            # Another run that sent something meanwhile knows better.
            if AgreedStock.of(kept.get(sku)).revision == changed[sku].revision
        ]
        run.links.put(run.pair, run.entity, links, now=run.now())


def outcomes_of(run: Run, found: Snapshot, plan: Plan, applied: Applied) -> list[Outcome]:
    """What became of the SKUs of the batch; in a dry run, of those that need no write."""
    not_ours = {
        **dict.fromkeys(found.only_store, "Brightpearl keeps no stock of it"),
        **dict.fromkeys(found.only_account, "the store keeps no stock of it"),
    }
    refused = {**found.refused, **applied.refused}
    planned = {record.key for record in plan.records()} if run.dry_run else set()
    soon = run.now() + timedelta(seconds=run.connections.pair.stock.verify_after_s)
    visible = {
        **dict.fromkeys(plan.waiting, "waiting"),
        **dict.fromkeys(applied.corrected, "corrected"),
        **dict.fromkeys(applied.pending, "adjusted"),
    }
    outcomes: list[Outcome] = []
    for sku in sorted(set(run.batch.keys) - run.refused_keys - planned):
        error = applied.failed.get(sku)
        if sku in not_ours:
            outcome = skipped(sku, "not ours", not_ours[sku])
        elif refusal := refused.get(sku):
            outcome = Outcome(sku, "rejected", refusal.reason, (refusal,))
        elif isinstance(error, StaleReadError):
            outcome = Outcome(sku, "waiting", error.message, waits_for=(VISIBLE,), wake_at=soon)
        elif error is not None:
            outcome = retry(sku, error.message)
        elif result := visible.get(sku):
            outcome = Outcome(sku, result, waits_for=(VISIBLE,), wake_at=soon)
        elif until := plan.debounced.get(sku):
            outcome = Outcome(sku, "debounced", waits_for=(QUIET,), wake_at=until)
        else:
            outcome = Outcome(sku, "unchanged")
        outcomes.append(outcome)
    return outcomes


def _oversold(found: Snapshot, desired: Desired, agreed: Agreements) -> dict[str, AgreedStock]:
    """What is kept of SKUs whose cause of being oversold changes: the first one knows best."""
    causes = {one.sku_key: one.cause for one in oversold(found, desired)}
    before = {sku for sku in found.product_of if agreed.get(sku, NOTHING_AGREED).oversold}
    return {
        sku: replace(agreed.get(sku, NOTHING_AGREED), oversold=causes.get(sku, ""))
        for sku in causes.keys() ^ before
    }
