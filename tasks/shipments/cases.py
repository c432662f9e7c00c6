"""Cases that a person decides: what is odd about a part of an order, and what is proposed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tasks.outcome import Obstacle, review
from tasks.shipments.plan_models import Wanted
from tasks.shipments.standing import Standing


def excess(standing: Standing, one: Wanted, room: Mapping[str, int]) -> Obstacle:
    """More units left than the order has left to ship."""
    over = {line: n - room.get(line, 0) for line, n in one.units.items() if n > room.get(line, 0)}
    proposal = {"ship": dict(room), "leave out": over}
    return _case(
        "excess",
        standing,
        one,
        f"{_name(one)} sends {sum(one.units.values())} units, of which the order in BigCommerce "
        f"has {sum(room.values())} left to ship",
        proposal,
    )


def unknown(standing: Standing, one: Wanted) -> Obstacle:
    """Units of rows that belong to no line of the order."""
    rows = ", ".join(sorted(one.strange))
    return _case(
        "unknown",
        standing,
        one,
        f"{_name(one)} sends units of the row {rows}, which belongs to no line of the order in "
        "BigCommerce",
        {"ship": dict(one.units), "leave out": dict(one.strange)},
    )


def closed(standing: Standing, one: Wanted, status: str) -> Obstacle:
    """Goods left for an order that is over in the store."""
    return _case(
        "closed",
        standing,
        one,
        f"{_name(one)} left although the order is {status} in BigCommerce: stop the parcel, or "
        "tell the shopper",
        {"ship": dict(one.units), "status": status},
    )


def deleted(standing: Standing, one: Wanted) -> Obstacle:
    """A shipment that was told and that somebody deleted in the store."""
    return _case(
        "deleted",
        standing,
        one,
        f"the shipment of {_name(one)} was deleted in BigCommerce, but the goods note says that "
        "it left",
        {"ship": dict(one.units)},
    )


def tracking(standing: Standing, one: Wanted, there: str) -> Obstacle:
    """Another tracking number than the one that staff entered in the store."""
    number = one.told.get("tracking_number", "")
    return _case(
        "tracking",
        standing,
        one,
        f"{_name(one)} has the tracking number {number} now, but in BigCommerce somebody entered "
        f"{there or 'none'}",
        {"tracking_number": number, "instead of": there},
    )


def _case(
    kind: str, standing: Standing, one: Wanted, reason: str, proposal: Mapping[str, Any]
) -> Obstacle:
    whole = [standing.order_id, one.ref, proposal]
    digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]
    return review(kind, digest, reason, {"note": one.note_key, **proposal})


def _name(one: Wanted) -> str:
    kind, _, number = one.note_key.partition("-")
    return f"the {'drop-ship' if kind == 'drop' else 'goods-out'} note {number}"
