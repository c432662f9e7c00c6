"""What the account defines for credits and returned goods: read once, kept for an hour."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from core.errors import NotFoundError
from tasks.claim import Run
from tasks.policy import PATIENT, patiently, step
from tasks.reconciler.connections import Connections
from tasks.reference import KEPT_FOR_RELEASED_S, KEPT_S, read_reference, store_zone

COST = "BUY"
"""The type of price lists that hold costs."""


@dataclass(frozen=True)
class Known:
    """What a batch of refunds needs to know to be mapped."""

    zone: str
    account_currency: str
    ids: Mapping[str, frozenset[str]]
    """What exists in Brightpearl, by refusal class."""


@dataclass
class _Kept:
    read_at: float
    statuses: frozenset[str]
    """Status ids of sales credits."""
    cost_list_id: str
    """The price list of costs; "" where the account has none."""
    locations: dict[str, str] = field(default_factory=dict)
    """Default location by warehouse, as far as it was asked for."""


_kept: dict[tuple[str, str], _Kept] = {}
"""By pair and account."""


@step("learn", PATIENT)
def learn(run: Run) -> Known:
    """The account's and the store's settings.

    Raises: TransientError, ConfigError.
    """
    released = any(claim.source == "release" for claim in run.batch.claims)
    kept_s = KEPT_FOR_RELEASED_S if released else KEPT_S
    reference = read_reference(run.world, kept_s)
    statuses = _read(run.world, kept_s).statuses
    return Known(
        zone=store_zone(run.world),
        account_currency=reference.account_currency,
        ids={**reference.ids, "credit_status": statuses},
    )


def default_location(world: Connections, warehouse_id: str) -> str:
    """Where goods of a warehouse stand; "" for a warehouse that is not there."""
    kept = _read(world)
    if warehouse_id not in kept.locations:
        try:
            told = patiently(partial(world.brightpearl.get_default_location, warehouse_id))
        except NotFoundError:
            told = ""
        kept.locations[warehouse_id] = told
    return kept.locations[warehouse_id]


def unit_costs(world: Connections, product_ids: Iterable[str]) -> Mapping[str, Decimal]:
    """What a unit of these products costs, in the account's currency; the rest is left out."""
    wanted, cost_list_id = sorted(set(product_ids)), _read(world).cost_list_id
    if not wanted or not cost_list_id:
        return {}
    return patiently(lambda: world.brightpearl.get_unit_prices(wanted, cost_list_id))


def _read(world: Connections, kept_s: float = KEPT_S) -> _Kept:
    name = world.pair.name, world.pair.brightpearl.api_url
    kept = _kept.get(name)
    if kept is None or time.monotonic() - kept.read_at > kept_s:
        brightpearl = world.brightpearl
        statuses = patiently(lambda: brightpearl.list_order_statuses("SC"))
        lists = patiently(brightpearl.list_price_lists)
        kept = _Kept(
            read_at=time.monotonic(),
            statuses=frozenset(status.status_id for status in statuses),
            cost_list_id=next((one.id for one in lists if one.type == COST), ""),
        )
        _kept[name] = kept
    return kept
