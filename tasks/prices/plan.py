"""What to write so that the store asks Brightpearl's prices, and what a person has to see first.

A price that a customer could buy at by mistake waits for a release: one that falls by more than a
set share, one of 0, and one below cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from core.prices import LIST
from core.refusals import Refusal
from core.settings import PriceSettings
from mappings.rules import Owner
from tasks.prices.frames import AgreedPrices, Desired, Found, Name, Price
from tasks.prices.operations import (
    PricePlan,
    PriceProgress,
    RemoveListPrice,
    SetCataloguePrices,
    SetListPrice,
    name_text,
)
from tasks.reconciler.agreed import merge
from tasks.reconciler.cases import digest, refusal_by_value, review
from tasks.reconciler.operations import Operation
from tasks.reconciler.run import Run

COST = "cost_price"
OWNERS = ("brightpearl", "bigcommerce")
HUNDRED = Decimal(100)
NONE = "none"
"""How it is kept that a price which was agreed on is to be taken away."""


def plan_prices(run: Run, found: Found, desired: Desired) -> list[PricePlan]:
    """A plan for each SKU that both systems have. Pure but for what people decided."""
    decisions, settings = run.decisions(), run.connections.pair.prices
    prices = desired.by_sku()
    plans = []
    for sku in sorted(found.variants.keys() - run.refused_keys):
        wanted, actual = prices.get(sku, {}), found.actual.get(sku, {})
        cases = list(_unknown(found, wanted))
        agreed = found.agreed.get(sku, AgreedPrices())
        changed = _changed(agreed, actual, wanted, run.bundle.mappings["prices"].owners)
        held = {
            name: case
            for name, new in changed.items()
            if new is not None
            for case in [_doubt(name, actual.get(name), new, wanted, settings)]
            if case is not None and not decisions.approves(sku, case)
        }
        cases += decisions.undecided(sku, held.values())
        unknown = {name for name in changed if _list_of(found, name) is None}
        going = {n: new for n, new in changed.items() if n not in held and n not in unknown}
        operations = tuple(_operations(found, sku, actual, going))
        left = {name_text(name) for name in changed.keys() - going.keys()}
        new = {name_text(name): str(price) for name, price in wanted.items()}
        plans.append(
            PricePlan(
                key=sku,
                operations=operations,
                cases=tuple(cases),
                result="priced" if operations else "unchanged",
                agreed=AgreedPrices(
                    prices={name: value for name, value in new.items() if name not in left}
                    | {name: value for name, value in agreed.prices.items() if name in left}
                ),
                product_id=found.products.get(sku, ""),
            )
        )
    return plans


def _changed(
    agreed: AgreedPrices,
    actual: Mapping[Name, Price],
    wanted: Mapping[Name, Price],
    owners: Mapping[str, Owner],
) -> dict[Name, Price | None]:
    """What the store is to take over: None for a price that Brightpearl took away.

    A price that Brightpearl never had stays the store's. Of prices without an owner only those that
    the store did not change are taken over.
    """
    gone = {
        name
        for name in actual
        if name not in wanted and name_text(name) in agreed.prices and name[0] != "price"
    }
    names = {name_text(name): name for name in (*wanted, *gone)}
    current = {name_text(name): str(price) for name, price in actual.items()}
    new = {name_text(name): str(price) for name, price in wanted.items()}
    owner: Owner = owners.get("amount", "brightpearl")
    # Whoever owns prices wins also where only the other side changed one: they go one way.
    base = {} if owner in OWNERS else agreed.prices
    merged = merge(base, current, new, dict.fromkeys(names, owner))
    return {names[name]: wanted.get(names[name]) for name in merged.for_bigcommerce}


def _doubt(
    name: Name,
    before: Price | None,
    new: Price,
    wanted: Mapping[Name, Price],
    settings: PriceSettings,
) -> Refusal | None:
    """Why a person should see a price before customers do."""
    target, currency = name
    if target == COST:
        return None
    lowest = min([new.amount, *(amount for _, amount in new.tiers)])
    cost = wanted.get((COST, currency))
    kind, reason = "", ""
    if not lowest:
        kind, reason = "price zero", f"{target} would be 0 {currency}"
    elif cost and lowest < cost.amount:
        kind, reason = "below cost", f"{target} would be {lowest:f}, the cost is {cost.amount:f}"
    elif before and before.amount:
        fall = (before.amount - new.amount) / before.amount * HUNDRED
        if fall > settings.max_fall_percent:
            reason = (
                f"{target} would fall by {fall:.0f} %, from {before.amount:f} to {new.amount:f}"
            )
            kind = "price fall"
    if not kind:
        return None
    proposal = {"target": target, "currency": currency, "from": str(before or NONE), "to": str(new)}
    return review(kind, digest(*name, str(before), str(new)), reason, proposal)


def _unknown(found: Found, wanted: Mapping[Name, Price]) -> Iterator[Refusal]:
    for name in wanted:
        target, currency = name
        if _list_of(found, name) is not None:
            continue
        if target.startswith(LIST):
            listed = target.removeprefix(LIST)
            action = (
                f"Create the price list {listed!r} in BigCommerce, or correct "
                "mappings/tables/price_targets.csv"
            )
            reason = f"BigCommerce has no price list {listed!r}"
            yield refusal_by_value("price_list", "target", listed, reason, action)
        else:
            action = (
                "Choose a price list in the store's currency in mappings/tables/price_targets.csv"
            )
            reason = f"{target} is in {currency}, the store's catalogue in {found.currency}"
            yield refusal_by_value("currency", "currency", currency, reason, action)


def _list_of(found: Found, name: Name) -> str | None:
    """The id of the price list that is meant, "" for the catalogue; None where it cannot be."""
    target, currency = name
    if target.startswith(LIST):
        return found.lists.get(target.removeprefix(LIST).casefold())
    return "" if currency == found.currency else None


def _operations(
    found: Found, sku: str, actual: Mapping[Name, Price], changed: Mapping[Name, Price | None]
) -> Iterator[Operation[PriceProgress]]:
    variant = found.variants[sku]
    catalogue = {name[0]: new for name, new in changed.items() if not _list_of(found, name)}
    if catalogue:
        yield SetCataloguePrices(
            sku=variant.sku,
            id=variant.product_id if variant.is_base else variant.id,
            is_variant=not variant.is_base,
            before={
                name: str(price.amount) for (name, _), price in actual.items() if name in catalogue
            },
            after={name: new.amount if new else Decimal(0) for name, new in catalogue.items()},
        )
    for name, new in changed.items():
        if list_id := _list_of(found, name):
            before = str(actual[name]) if name in actual else ""
            known = {
                "list_name": name[0].removeprefix(LIST),
                "list_id": list_id,
                "variant_id": variant.id,
                "currency": name[1],
                "before": before,
            }
            yield SetListPrice(**known, after=new) if new else RemoveListPrice(**known)
