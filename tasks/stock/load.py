"""The plan, told to the store: 2,000 rows to a request, one request in flight.

What is sent is remembered before it is sent, so that neither a crash nor a lost answer sends it
twice: a later read says whether it arrived (docs/decisions/0011). A row that is refused drops out;
all others are sent again without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.bigcommerce.answers import RejectedStockError
from connectors.bigcommerce.inventory_models import Kind, StockChange
from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.times import utc_now
from store.ledger import Intent, Ledger
from store.links import Link, Links
from store.runs import Leases
from tasks.claim import Run
from tasks.deliver import chunks, conclusion
from tasks.outcome import Obstacle
from tasks.policy import PURE, patiently, step
from tasks.stock.correct import correct
from tasks.stock.keys import STOCK
from tasks.stock.look import Look
from tasks.stock.memory import Identity, Sent, StockMemory
from tasks.stock.plan_models import Adjust, Plan
from tasks.stock.scene import zeroing_is_done

TOGETHER = 2000
"""Rows of one request, the most that BigCommerce takes."""
LEASE_S = 180.0
SLOW_S = 1.0
ATTEMPTS = 4
REASON = "Causeway: what Brightpearl can promise"
BUSY = "another run is adjusting stock"
OUT_OF_DATE = "another run adjusted it after both sides were read"


class LookAgainError(TransientError):
    """What was read is out of date: both sides are read again soon, however often that was so."""


@dataclass
class Loaded:
    """What became of the writes."""

    memories: dict[str, StockMemory] = field(default_factory=dict)
    """Of SKUs that were sent something; kept already."""
    failed: dict[str, CausewayError] = field(default_factory=dict)
    """SKUs whose write did not happen, or may not have."""
    refused: dict[str, Obstacle] = field(default_factory=dict)
    corrected: set[str] = field(default_factory=set)
    rows: int = 0
    requests: int = 0

    @property
    def sent(self) -> set[str]:
        """SKUs of which something is on its way."""
        return {sku for sku, memory in self.memories.items() if memory.sent}


def load_stock(run: Run, plan: Plan, look: Look) -> Loaded:
    """Carry the plan out. A dry run writes nothing.

    Raises: ConfigError, ContractError. Everything that concerns one SKU is in what is given back.
    """
    loaded = Loaded()
    if run.dry_run or not (plan.adjusts or plan.corrects):
        return loaded
    lease, leases = f"stock-{run.report.pair}", Leases(run.world.database)
    if not leases.acquire(lease, run.owner, ttl_s=LEASE_S, now=utc_now()):
        busy = LookAgainError(BUSY)
        loaded.failed = dict.fromkeys((one.sku_key for one in plan.adjusts), busy)
        return loaded
    try:
        adjusts = _up_to_date(run, plan, look, loaded)
        absolute = [one for one in adjusts if one.is_absolute]
        relative = [one for one in adjusts if not one.is_absolute]
        for part in [*chunks(relative, TOGETHER), *chunks(absolute, TOGETHER)]:
            leases.renew(lease, run.owner, ttl_s=LEASE_S, now=utc_now())
            _send_all(run, part, _Scene(plan, look, loaded))
        _correct(run, plan, loaded)
    finally:
        leases.release(lease, run.owner)
    if plan.needs_word:
        zeroing_is_done(run)
    return loaded


def _correct(run: Run, plan: Plan, loaded: Loaded) -> None:
    """Counts made in the store, carried over; one that is refused is a person's to look at."""
    answers = correct(run, plan.corrects)
    for one in plan.corrects:
        error = answers[one.sku_key]
        if error is None:
            loaded.corrected.add(one.sku_key)
        elif isinstance(error, RejectedError):
            loaded.refused[one.sku_key] = Obstacle(
                "rejected",
                "",
                error.code,
                f"the count of {one.sku_key!r} cannot be carried to warehouse {one.warehouse_id}: "
                f"{error.message}",
                error.remedy or "Look at the product in Brightpearl, then release it.",
            )
        else:
            loaded.failed[one.sku_key] = error


def _up_to_date(run: Run, plan: Plan, look: Look, loaded: Loaded) -> list[Adjust]:
    """Adjustments but those of SKUs that another run sent something since both sides were read."""
    skus = sorted({one.sku_key for one in plan.adjusts})
    links = Links(run.world.database).get(run.report.pair, STOCK, skus)
    moved = {
        sku
        for sku, link in links.items()
        if StockMemory.of(link).revision != look.memories.get(sku, StockMemory()).revision
    }
    loaded.failed.update(dict.fromkeys(moved, LookAgainError(OUT_OF_DATE)))
    return [one for one in plan.adjusts if one.sku_key not in moved]


@dataclass(frozen=True)
class _Scene:
    plan: Plan
    look: Look
    loaded: Loaded

    def memory(self, sku: str) -> StockMemory:
        """What is known of a SKU by now."""
        found = self.loaded.memories.get(sku) or self.plan.memories.get(sku)
        return found or self.look.memories.get(sku, StockMemory())


def _send_all(run: Run, adjusts: Sequence[Adjust], scene: _Scene) -> None:
    """Send rows of one kind until all are accepted, or left out for a reason."""
    left = list(adjusts)
    while left:
        error = send(run, left, scene)
        if error is None:
            return
        if not isinstance(error, RejectedStockError) or not error.identities:
            if isinstance(error, RejectedError) and len(left) > 1:
                middle = len(left) // 2
                _send_all(run, left[:middle], scene)
                left = left[middle:]
                continue
            _fail(left, error, scene.loaded)
            return
        named = [one for one in left if error.names(_change(one))]
        if not named:
            _fail(left, error, scene.loaded)
            return
        left = [one for one in left if one not in named]
        _again(run, named, error, scene)


def _again(run: Run, named: Sequence[Adjust], error: RejectedStockError, scene: _Scene) -> None:
    """What the refusal asks for: the other name, the number itself, or a person."""
    match error.why:
        case "tracked_by_product" if all(one.identity == "sku" for one in named):
            _send_all(run, _renamed(named, "product_id", scene), scene)
        case "tracked_by_variant" if all(one.identity == "product_id" for one in named):
            _send_all(run, _renamed(named, "sku", scene), scene)
        case "needs_absolute" if not all(one.is_absolute for one in named):
            _send_all(run, [replace(one, is_absolute=True) for one in named], scene)
        case "insufficient":
            later = LookAgainError("The store's stock went down meanwhile.")
            _fail(named, later, scene.loaded)
        case _:
            _fail(named, error, scene.loaded)


def _renamed(named: Sequence[Adjust], identity: Identity, scene: _Scene) -> list[Adjust]:
    """The same rows under the name that the store wants, which is remembered."""
    items = scene.look.items
    column = "sku" if identity == "sku" else "product_id_bc"
    names = dict(zip(items["sku_key"], items[column], strict=True))
    for one in named:
        memory = scene.memory(one.sku_key)
        scene.loaded.memories[one.sku_key] = replace(memory, identity=identity)
    return [replace(one, identity=identity, value=names[one.sku_key]) for one in named]


def _fail(adjusts: Iterable[Adjust], error: CausewayError, loaded: Loaded) -> None:
    for one in adjusts:
        if isinstance(error, RejectedError):
            loaded.refused[one.sku_key] = _refused(one, error)
        else:
            loaded.failed[one.sku_key] = error


def _refused(one: Adjust, error: RejectedError) -> Obstacle:
    is_place = isinstance(error, RejectedStockError) and error.why == "unknown_location"
    return Obstacle(
        "location" if is_place else "rejected",
        "location_id" if is_place else "",
        one.location_id if is_place else error.code,
        f"the store refuses stock of {one.sku_key!r} at location {one.location_id}: "
        f"{error.message}",
        "Correct mappings/tables/stock_locations.csv, then: causeway quarantine release --class "
        f"location --value {one.location_id}"
        if is_place
        else error.remedy or "Look at the item in BigCommerce, then release it.",
    )


@step("adjust-stock", PURE)
def send(run: Run, adjusts: Sequence[Adjust], scene: _Scene) -> CausewayError | None:
    """One request: what is sent is remembered first, then in the ledger, then it is sent.

    Gives the refusal back, with nothing sent; None where the rows are on their way, or may be.
    """
    kind: Kind = "absolute" if adjusts[0].is_absolute else "relative"
    before = {one.sku_key: scene.memory(one.sku_key) for one in adjusts}
    sent_at = utc_now()
    _remember(run, _with_sent(adjusts, scene), scene)
    ledger = Ledger(run.world.database)
    ids = ledger.intend([_intent(run, one) for one in adjusts], now=utc_now())
    rows = [_change(one) for one in adjusts]
    answer: str | CausewayError
    try:
        answer = patiently(
            lambda: run.world.bigcommerce.adjust_stock(rows, kind=kind, reason=REASON),
            repeatable=kind == "absolute",
            attempts=ATTEMPTS,
        )
    except (RejectedError, TransientError) as error:
        answer = error
    ledger.conclude([conclusion(one, answer) for one in ids], now=utc_now())
    scene.loaded.requests += 1
    taken_s = (utc_now() - sent_at).total_seconds()
    if isinstance(answer, OutcomeUnknownError) or not isinstance(answer, CausewayError):
        scene.loaded.rows += len(adjusts)
        run.report.counts["wrote: adjust stock"] += len(adjusts)
        if taken_s > SLOW_S:
            # The store's delay begins when it answers, not when it was asked.
            _remember(run, _with_sent(adjusts, scene, again=True), scene)
        return None
    _remember(run, before, scene)
    return answer


def _with_sent(
    adjusts: Sequence[Adjust], scene: _Scene, *, again: bool = False
) -> dict[str, StockMemory]:
    now = utc_now()
    found: dict[str, StockMemory] = {}
    for one in adjusts:
        memory = found.get(one.sku_key) or scene.memory(one.sku_key)
        sent = Sent(
            base=one.on_hand,
            units=one.units,
            is_absolute=one.is_absolute,
            at=now,
            newest_order=scene.plan.newest_order,
        )
        found[one.sku_key] = replace(
            memory,
            sent={**memory.sent, one.location_id: sent},
            revision=memory.revision + (0 if again else 1),
        )
    return found


def _remember(run: Run, memories: Mapping[str, StockMemory], scene: _Scene) -> None:
    product_of = scene.look.product_of
    links = [Link(sku, product_of.get(sku, ""), one.detail()) for sku, one in memories.items()]
    Links(run.world.database).put(run.report.pair, STOCK, links, now=utc_now())
    scene.loaded.memories.update(memories)


def _change(one: Adjust) -> StockChange:
    return StockChange(one.location_id, one.identity, one.value, one.units)


def _intent(run: Run, one: Adjust) -> Intent:
    return Intent(
        pair=run.report.pair,
        entity=STOCK,
        key=one.sku_key,
        action="set stock" if one.is_absolute else "adjust stock",
        natural_key=f"{one.sku_key}@{one.location_id}",
        before={"on_hand": one.on_hand},
        after={"units": one.units, "quantity": one.quantity},
        mapping_version=run.bundle.version,
        run_id=run.run_id,
    )
