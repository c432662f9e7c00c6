"""What to write so that the store asks Brightpearl's prices, and what a person has to see first.

A price that a customer could buy at by mistake waits for a release: one that falls by more than a
set share, one of 0, and one below cost. So does a run that is unusual as a whole, where the pair's
settings hold such runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from core.money import HUNDRED
from core.refusals import Refusal
from core.settings import PriceSettings
from intelligence.invariants import Change, Extent, Limits, check_prices
from mappings.rules import Owner
from tasks.prices.frames import ENTITY, AgreedPrices, Desired, Found, Name, Price
from tasks.prices.operations import (
    PricePlan,
    PriceProgress,
    RemoveListPrice,
    SetCataloguePrices,
    SetListPrice,
)
from tasks.reconciler.agreed import merge
from tasks.reconciler.cases import digest, refusal_by_value, review
from tasks.reconciler.holds import UNUSUAL, HeldRunError, note_or_hold
from tasks.reconciler.operations import Operation
from tasks.reconciler.run import Run

COST, PRICED = "cost_price", "priced"
OWNERS = ("brightpearl", "bigcommerce")
TABLE = "mappings/tables/price_targets.csv"
CHECK = f"Compare Brightpearl's price lists and {TABLE} with what the store asks."


class UnusualPricesError(HeldRunError):
    """A run that breaks an invariant of prices as a whole."""

    kind, check, stays = UNUSUAL, CHECK, True


def plan_prices(run: Run, found: Found, desired: Desired) -> list[PricePlan]:
    """A plan for each SKU that both systems have. Pure but for what people decided."""
    decisions, settings = run.decisions(), run.connections.pair.prices
    prices = desired.by_sku()
    owner = run.bundle.mappings[ENTITY].owners.get("amount", "")
    plans = []
    for sku in sorted(found.variants.keys() - run.refused_keys):
        wanted, actual = prices.get(sku, {}), found.actual.get(sku, {})
        agreed = found.agreed.get(sku, AgreedPrices()).prices
        changed = _changed(agreed, actual, wanted, owner)
        held = {name: why for name in wanted if (why := _unknown(found, name))}
        unseen = changed.keys() - held.keys()
        for name in changed:
            why = _doubt(name, actual.get(name), wanted, settings)
            if why is not None and decisions.approves(sku, why):
                unseen.discard(name)
            elif why is not None:
                held.setdefault(name, why)
        going = {name: new for name, new in changed.items() if name not in held}
        operations = tuple(_operations(found, sku, actual, going))
        left = {str(name) for name in changed.keys() & held.keys()}
        new = {str(name): str(price) for name, price in wanted.items() if str(name) not in left}
        kept = {name: price for name, price in agreed.items() if name in left}
        plans.append(
            PricePlan(
                key=sku,
                operations=operations,
                cases=decisions.undecided(sku, held.values()),
                result=PRICED if operations else "unchanged",
                agreed=AgreedPrices(prices={**new, **kept}),
                product_id=found.products.get(sku, ""),
                is_changed=bool(unseen),
                changes=tuple(
                    Change(f"{sku} {name}", actual[name].amount, wanted[name].amount)
                    for name in sorted(unseen & actual.keys() & wanted.keys())
                ),
            )
        )
    return plans


def hold_unusual(run: Run, plans: Sequence[PricePlan]) -> None:
    """Note what a batch breaks as a whole, or hold it, as the pair's settings say.

    Raises: UnusualPricesError where it is to be held and nobody released it.
    """
    chosen = run.connections.pair.intelligence
    if chosen.prices == "off":
        return
    known = run.quarantine.keys(run.pair, run.entity) if any(one.cases for one in plans) else ()
    new = [one for one in plans if one.is_changed and not (one.cases and one.key in known)]
    if not new:
        return
    count = len(new)
    # The first batch of a flood stands for all of it: else most were written before it is seen.
    expected = run.report.counts[PRICED] + count + round(run.ahead() * count / len(plans))
    extent = Extent(expected, max(run.links.count(run.pair, run.entity), expected))
    limits = Limits(changed_percent=chosen.prices_changed_percent)
    changes = [change for plan in new for change in plan.changes]
    breaches = check_prices(changes, extent, limits=limits)
    note_or_hold(run, UnusualPricesError, breaches, holds=chosen.prices == "hold")


def _changed(
    agreed: Mapping[str, str],
    actual: Mapping[Name, Price],
    wanted: Mapping[Name, Price],
    owner: Owner,
) -> dict[Name, Price | None]:
    """What the store is to take over: None for a price that Brightpearl took away.

    A price that Brightpearl never had stays the store's. Of prices without an owner only those that
    the store did not change are taken over.
    """
    before = (one for one in actual if str(one) in agreed and one.target != "price")
    gone = [one for one in before if one not in wanted]
    names = {str(name): name for name in (*wanted, *gone)}
    current = {str(name): str(price) for name, price in actual.items()}
    new = {str(name): str(price) for name, price in wanted.items()}
    # Whoever owns prices wins also where only the other side changed one: they go one way.
    base = {} if owner in OWNERS else agreed
    merged = merge(base, current, new, dict.fromkeys(names, owner))
    return {names[name]: wanted.get(names[name]) for name in merged.for_bigcommerce}


def _doubt(
    name: Name, before: Price | None, wanted: Mapping[Name, Price], settings: PriceSettings
) -> Refusal | None:
    """Why a person should see a price before customers do."""
    target, currency = name
    if target == COST or name not in wanted:
        return None
    new, cost = wanted[name], wanted.get(Name(COST, currency))
    lowest = min([new.amount, *(amount for _, amount in new.tiers)])
    fall = (before.amount - new.amount) / before.amount * HUNDRED if before and before.amount else 0
    if not lowest:
        kind, reason = "price zero", f"{target} would be 0 {currency}"
    elif cost and lowest < cost.amount:
        kind, reason = "below cost", f"{target} would be {lowest:f}, the cost is {cost.amount:f}"
    elif before and fall > settings.max_fall_percent:
        amounts = f"from {before.amount:f} to {new.amount:f}"
        kind, reason = "price fall", f"{target} would fall by {fall:.0f} %, {amounts}"
    else:
        return None
    proposal = {**name._asdict(), "from": str(before or "none"), "to": str(new)}
    return review(kind, digest(*name, str(before), str(new)), reason, proposal)


def _unknown(found: Found, name: Name) -> Refusal | None:
    """Why the store cannot have a price of this name."""
    if found.list_id(name):
        return None
    if listed := name.list_name:
        reason = f"BigCommerce has no price list {listed!r}"
        action = f"Create the price list {listed!r} in BigCommerce, or correct {TABLE}"
        return refusal_by_value("price_list", "target", listed, reason, action)
    if name.currency == found.currency:
        return None
    reason = f"{name.target} is in {name.currency}, the store's catalogue in {found.currency}"
    action = f"Choose a price list in the store's currency in {TABLE}"
    return refusal_by_value("currency", "currency", name.currency, reason, action)


def _operations(
    found: Found, sku: str, actual: Mapping[Name, Price], changed: Mapping[Name, Price | None]
) -> Iterator[Operation[PriceProgress]]:
    variant = found.variants[sku]
    fields = {name: new for name, new in changed.items() if not name.list_name}
    if fields:
        yield SetCataloguePrices(
            sku=variant.sku,
            id=variant.product_id if variant.is_base else variant.id,
            is_variant=not variant.is_base,
            before={one.target: str(actual[one].amount) for one in fields if one in actual},
            after={name.target: new.amount if new else Decimal(0) for name, new in fields.items()},
        )
    for name in [one for one in changed if one not in fields]:
        known = name, found.list_id(name), variant.id, str(actual.get(name, ""))
        yield SetListPrice(*known, new) if (new := changed[name]) else RemoveListPrice(*known)
