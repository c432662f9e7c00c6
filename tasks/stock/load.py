"""A plan carried out: adjustments in the store, counts that go to Brightpearl, links that are kept.

2,000 rows go in a request, one request at a time. What is sent is kept before it is sent, so that
neither a crash nor a lost answer sends it twice: a later read says whether it arrived
(docs/decisions/0011). A row that is refused drops out; all others are sent again without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from connectors.bigcommerce.inventory_models import Kind, RejectedStockError
from connectors.brightpearl.goods_note_models import UnitCost
from core.crash_points import reached
from core.errors import OutcomeUnknownError, RejectedError, TransientError
from core.refusals import Refusal, release_remedy
from store.links import Link
from store.runs import Leases
from store.sql import in_parts
from tasks.brightpearl.reference import account_currency, default_location, unit_costs
from tasks.policy import PURE, step
from tasks.reconciler.apply import Phase, apply, outcome_of, send_as_one
from tasks.reconciler.cases import Outcome, rejected, retry, skipped
from tasks.reconciler.holds import end_releases
from tasks.reconciler.operations import Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.stock.frames import AgreedStock, Desired, Pending, Snapshot
from tasks.stock.matching import oversold
from tasks.stock.operations import Adjust, Correct, StockOperation
from tasks.stock.plan import Plan

TOGETHER = 2000
"""Rows of one request, the most that BigCommerce takes."""
LEASE_S = 180.0
SLOW_S = 1.0
ATTEMPTS = 4
WHY_ADJUSTED = "Causeway: what Brightpearl can promise"
CORRECT_ITEM = "See in BigCommerce whether the item exists and its stock is tracked"
VISIBLE, QUIET = "an adjustment to be visible", "its events to pause"
"""What a parked SKU waits for."""
Unwritten = TransientError | RejectedError
"""Why something was not written."""


class StaleReadError(TransientError):
    """What was read is out of date: both sides are read again soon, however often that was so."""


@dataclass
class Applied:
    """A plan that is carried out, and what becomes of its writes."""

    run: Run
    found: Snapshot
    plan: Plan
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    """Of SKUs that something was to be written of."""
    agreed: dict[str, AgreedStock] = field(default_factory=dict)
    """Of SKUs whose links were kept since, first of all of those that were sent something."""
    rows: int = 0
    requests: int = 0

    @property
    def soon(self) -> datetime:
        """When both sides are read again to see what was sent."""
        verify_after_s = self.run.connections.pair.stock.verify_after_s
        return self.run.now() + timedelta(seconds=verify_after_s)

    def agreed_on(self, sku: str) -> AgreedStock:
        """What is known of a SKU by now."""
        return self.agreed.get(sku) or self.plan.agreed.get(sku) or self.found.agreed_on(sku)

    def keep(self, agreed: Mapping[str, AgreedStock]) -> None:
        """Keep what is known of SKUs in their links."""
        run, products = self.run, self.found.product_of
        links = [Link(sku, products.get(sku, ""), one.detail()) for sku, one in agreed.items()]
        run.links.put(run.pair, run.entity, links, now=run.now())
        self.agreed.update(agreed)

    def fail(self, unwritten: Iterable[StockOperation], error: Unwritten) -> None:
        """Say what becomes of SKUs with writes that did not happen."""
        if isinstance(error, StaleReadError):
            skus = {one.level.sku_key for one in unwritten}
            self.outcomes |= self.until_visible(skus, "waiting", error.message)
            return
        for one in unwritten:
            sku, location = one.level.sku_key, one.level.location_id
            match error:
                case TransientError():
                    self.outcomes[sku] = retry(sku, error.message)
                    continue
                case RejectedStockError(why="unknown_location"):
                    action = "Correct mappings/tables/stock_locations.csv"
                    remedy = release_remedy(action, "location", value=location)
                    why = Refusal("location", "location_id", location, error.message, remedy)
                case _:
                    why = rejected(error, CORRECT_ITEM, sku)
            self.outcomes[sku] = Outcome(sku, "rejected", why.reason, (why,))

    def until_visible(
        self, skus: Iterable[str], result: str, reason: str = ""
    ) -> dict[str, Outcome]:
        """SKUs that are read again once what was sent can be seen."""
        soon = self.soon
        return {
            sku: Outcome(sku, result, reason, waits_for=(VISIBLE,), wake_at=soon) for sku in skus
        }


def load_stock(run: Run, found: Snapshot, plan: Plan) -> Applied:
    """Carry the plan out. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one SKU is in what is given back.
    """
    applied = Applied(run, found, plan)
    if run.dry_run or not plan.operations:
        return applied
    reached("planned", run.entity, [one.key for one in plan.records()])
    lease, leases = f"stock-{run.pair}", Leases(run.database)
    if not leases.acquire(lease, run.owner, ttl_s=LEASE_S, now=run.now()):
        applied.fail(plan.operations, StaleReadError("another run is adjusting stock"))
        return applied
    try:
        current = _current(
            run, {one.level.sku_key: found.agreed_on(one.level.sku_key) for one in plan.adjusts}
        )
        overtaken = StaleReadError("another run adjusted it after both sides were read")
        applied.fail((one for one in plan.adjusts if one.level.sku_key not in current), overtaken)
        adjusts = [one for one in plan.adjusts if one.level.sku_key in current]
        absolute = [one for one in adjusts if one.is_absolute]
        relative = [one for one in adjusts if not one.is_absolute]
        for part in [*in_parts(relative, TOGETHER), *in_parts(absolute, TOGETHER)]:
            leases.renew(lease, run.owner, ttl_s=LEASE_S, now=run.now())
            _send_all(applied, part)
        _correct(applied)
    finally:
        leases.release(lease, run.owner)
    end_releases(run)
    return applied


def _current(run: Run, agreed: Mapping[str, AgreedStock]) -> set[str]:
    """SKUs to which no other run has sent anything since this was read."""
    links = run.links.get(run.pair, run.entity, sorted(agreed))
    return {
        sku
        for sku, one in agreed.items()
        if AgreedStock.of(links.get(sku)).revision == one.revision
    }


def _send_all(applied: Applied, adjusts: Sequence[Adjust]) -> None:
    """Send rows of one kind until all are accepted, or left out for a reason."""
    left = list(adjusts)
    while left and (error := send(applied, left)) is not None:
        if isinstance(error, RejectedStockError) and (
            named := [one for one in left if error.names(one.row())]
        ):
            left = [one for one in left if not error.names(one.row())]
            _send_all(applied, _otherwise(applied, named, error))
        elif isinstance(error, RejectedError) and len(left) > 1:
            middle = len(left) // 2
            _send_all(applied, left[:middle])
            left = left[middle:]
        else:
            applied.fail(left, error)
            return


def _otherwise(
    applied: Applied, named: Sequence[Adjust], error: RejectedStockError
) -> list[Adjust]:
    """Refused rows under their other name, or as the number itself; others are not sent again."""
    match error.why:
        case "tracked_by_product" if all(one.identity == "sku" for one in named):
            return [replace(one, identity="product_id") for one in named]
        case "tracked_by_variant" if all(one.identity == "product_id" for one in named):
            return [replace(one, identity="sku") for one in named]
        case "needs_absolute" if not all(one.is_absolute for one in named):
            return [replace(one, is_absolute=True) for one in named]
        case "insufficient":
            applied.fail(named, StaleReadError("The store's stock went down meanwhile."))
        case _:
            applied.fail(named, error)
    return []


@step("adjust-stock", PURE)
def send(applied: Applied, adjusts: Sequence[Adjust]) -> Unwritten | None:
    """One request: what is sent is kept first, then in the ledger, then it is sent.

    Gives the refusal back, with nothing sent; None where the rows are pending, or may be.
    """
    run = applied.run
    kind: Kind = "absolute" if adjusts[0].is_absolute else "relative"
    before = {one.level.sku_key: applied.agreed_on(one.level.sku_key) for one in adjusts}
    sent_at = run.now()
    applied.keep(_with_pending(applied, adjusts))
    rows = [one.row() for one in adjusts]
    answer = send_as_one(
        run,
        [one.write(run) for one in adjusts],
        lambda: run.bigcommerce.adjust_stock(rows, kind=kind, reason=WHY_ADJUSTED),
        attempts=ATTEMPTS,
    )
    applied.requests += 1
    if isinstance(answer, Unwritten) and not isinstance(answer, OutcomeUnknownError):
        applied.keep(before)
        return answer
    applied.rows += len(adjusts)
    applied.outcomes |= applied.until_visible(before.keys() - applied.outcomes.keys(), "adjusted")
    if (run.now() - sent_at).total_seconds() > SLOW_S:
        # The store's delay begins when it answers, not when it was asked.
        applied.keep(_with_pending(applied, adjusts, is_sent=True))
    return None


def _with_pending(
    applied: Applied, adjusts: Sequence[Adjust], *, is_sent: bool = False
) -> dict[str, AgreedStock]:
    """What is known of SKUs with rows that are sent, or were a moment ago."""
    now = applied.run.now()
    found: dict[str, AgreedStock] = {}
    for one in adjusts:
        agreed = found.get(one.level.sku_key) or applied.agreed_on(one.level.sku_key)
        pending = Pending(
            base=one.level.on_hand,
            units=one.units,
            is_absolute=one.is_absolute,
            at=now,
            newest_order=applied.found.newest_order,
        )
        found[one.level.sku_key] = replace(
            agreed,
            identity=one.identity,
            pending={**agreed.pending, one.level.location_id: pending},
            revision=agreed.revision + (0 if is_sent else 1),
        )
    return found


def _correct(applied: Applied) -> None:
    """Carry counts made in the store over; refused ones wait for a person."""
    run, corrects = applied.run, applied.plan.corrects
    if not corrects:
        return
    currency = account_currency(run.connections)
    added = [one.level.product_id for one in corrects if one.change > 0]
    costs = unit_costs(run.connections, added)
    records: list[Progress[RecordPlan]] = []
    for one in corrects:
        location_id = default_location(run.connections, one.warehouse_id)
        cost = UnitCost(currency=currency, value=costs.get(one.level.product_id, 0))
        plan = RecordPlan(
            key=one.level.sku_key,
            operations=(replace(one, location_id=location_id, unit_cost=cost),),
            result="corrected",
            waits_for=(VISIBLE,),
            wake_at=applied.soon,
        )
        records.append(Progress(plan=plan))
        if not location_id:
            message = f"Warehouse {one.warehouse_id} has no default location in Brightpearl."
            remedy = (
                f"Give warehouse {one.warehouse_id} a default location in Brightpearl, or correct "
                "mappings/tables/stock_locations.csv."
            )
            records[-1].fail(RejectedError(message, remedy=remedy))
    for record in apply(run, records, [Phase((Correct,), together=True)]):
        applied.outcomes[record.key] = outcome_of(record, "Correct the product in Brightpearl")


def link_stock(run: Run, applied: Applied, desired: Desired) -> None:
    """Keep what both sides agree on where it changed; of SKUs that were sent something it is kept.

    A SKU that was met for the first time, or that orders hold too much of, is kept as well.
    """
    if run.dry_run:
        return
    found = applied.found
    changed = {**found.renamed, **applied.plan.agreed}
    for sku in applied.agreed:
        changed.pop(sku, None)
    causes = {one.sku_key: one.cause for one in oversold(found, desired)}
    before = {sku for sku, one in found.agreed.items() if one.oversold and sku in found.product_of}
    # The cause that was seen first knows best: it stays until no more is sold than there is.
    for sku in causes.keys() ^ before:
        changed[sku] = replace(applied.agreed_on(sku), oversold=causes.get(sku, ""))
    for part in in_parts([sku for sku in changed if sku in found.product_of], TOGETHER):
        current = _current(run, {sku: changed[sku] for sku in part})
        applied.keep({sku: changed[sku] for sku in part if sku in current})


def outcomes_of(run: Run, applied: Applied) -> list[Outcome]:
    """What became of the SKUs of the batch; in a dry run, of those that need no write."""
    found, plan = applied.found, applied.plan
    outcomes = [
        *(skipped(sku, "not ours", "neither system keeps stock of it") for sku in run.batch.keys),
        *(Outcome(sku, "unchanged") for sku in found.product_of),
        *(
            Outcome(sku, "debounced", waits_for=(QUIET,), wake_at=until)
            for sku, until in plan.debounced.items()
        ),
        *applied.until_visible(plan.waiting, "waiting").values(),
        *applied.outcomes.values(),
        *(Outcome(sku, "rejected", why.reason, (why,)) for sku, why in found.refused.items()),
        *(skipped(sku, "not ours", "the store keeps no stock of it") for sku in found.only_account),
        *(
            skipped(sku, "not ours", "Brightpearl keeps no stock of it")
            for sku in found.only_store
            if sku not in found.gone
        ),
    ]
    planned = {record.key for record in plan.records()} if run.dry_run else set()
    wanted = set(run.batch.keys) - run.refused_keys - planned
    by_sku = {one.key: one for one in outcomes if one.key in wanted}
    return [by_sku[sku] for sku in sorted(by_sku)]
