"""Orders that are a sales order for each of their addresses: rows, units and money of each.

The first address has the order's own sales order, with all charges. Each further one has a back
order of it (docs/decisions/0022), so that whoever reads a sales order with its back orders, as
refunds, shipments, stock and money do, has all of the order. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.ids import consignment_ref
from core.money import ZERO, two_places
from core.refusals import DISCARD, Refusal
from tasks.brightpearl.sales_orders import AgreedOrder, Payment, Row
from tasks.orders.frames import GOODS, Consignment, DesiredOrder, Units, address_hash
from tasks.orders.matching import ActualOrder
from tasks.reconciler.cases import REVIEW, digest

ADDRESSES = "addresses"
"""Kind of the case of an order whose sales orders do not go where the store's lines do."""


@dataclass(frozen=True)
class Part:
    """One of an order's sales orders."""

    address_id: str
    """"" for the first one, else BigCommerce's order_address_id."""
    rows: tuple[Row, ...]
    units: Units
    """Of what has stock in it and is to leave."""
    actual: ActualOrder | None
    """As it is, where Brightpearl has it."""


def with_consignments(
    desired: DesiredOrder, actual: ActualOrder | None, agreed: AgreedOrder
) -> DesiredOrder:
    """The order, with the further sales orders that it has, or is to get.

    Once both sides agree, it stays as it is. An order of which something had left before the import
    is not divided, nor one whose first address would have no goods.
    """
    if not desired.consignments or agreed.consignments or (actual and actual.consignments):
        return desired
    further = {ref for one in desired.consignments for ref in one.refs}
    has_goods = any(row.kind in GOODS for row in desired.rows if row.row_ref not in further)
    is_whole = agreed.rows or (actual and further & actual.rows.keys())
    if has_goods and not (is_whole or desired.gone):
        return desired
    return replace(desired, consignments=())


def parts_of(desired: DesiredOrder, actual: ActualOrder | None) -> Iterator[Part]:
    """The sales orders of an order, the first one first; of most orders there is no other."""
    consignments = desired.consignments
    further = {ref for one in consignments for ref in one.refs}
    yield Part(
        "",
        tuple(row for row in desired.rows if row.row_ref not in further),
        {ref: units for ref, units in desired.units.items() if ref not in further},
        actual,
    )
    for one in consignments:
        units = {ref: units for ref, units in desired.units.items() if ref in one.refs}
        known = actual.consignments.get(one.address_id) if actual else None
        yield Part(one.address_id, one.rows, units, known)


def shares(desired: DesiredOrder, agreed: AgreedOrder) -> list[tuple[str, Payment]]:
    """The order's payments, shared out among its sales orders to the cent: address id and payment.

    Each payment goes to the sales orders in their sequence, to each what it still costs, and what
    is left over to the first. What they cost is what was agreed on, so that a later change does not
    move money that is booked.
    """
    parts = list(parts_of(desired, None))
    if len(parts) == 1:
        return [("", payment) for payment in desired.payments]
    booked = {ref: row.net + row.tax for ref, row in agreed.rows.items()}
    costs = [
        two_places(sum((booked.get(row.row_ref, row.net + row.tax) for row in part.rows), ZERO))
        for part in parts
    ]
    found: list[tuple[str, Payment]] = []
    for payment in desired.payments:
        left = two_places(payment.amount)
        taken = [ZERO] * len(parts)
        if payment.currency_code == desired.currency_code:
            for place, cost in enumerate(costs):
                taken[place] = max(ZERO, min(left, cost))
                costs[place] -= taken[place]
                left -= taken[place]
        taken[0] += left
        for part, amount in zip(parts, taken, strict=True):
            if amount:
                ref = consignment_ref(payment.transaction_ref, part.address_id)
                share = replace(payment, transaction_ref=ref, amount=amount)
                found.append((part.address_id, share))
    return found


def missing_consignments(desired: DesiredOrder, actual: ActualOrder) -> tuple[Consignment, ...]:
    """What goes to further addresses and has no sales order."""
    return tuple(one for one in desired.consignments if one.address_id not in actual.consignments)


def arrangement(desired: DesiredOrder) -> str:
    """What goes to which further address, short; "" for an order that is one sales order."""
    return digest(*_arranged(desired)) if desired.consignments else ""


def arrangement_case(
    desired: DesiredOrder, actual: ActualOrder, agreed: AgreedOrder
) -> Refusal | None:
    """Addresses that changed in the store after the order became a sales order for each.

    No call moves a row or changes an address: staff do. In: what was agreed on.
    """
    if not agreed.consignments or arrangement(desired) == agreed.consignments:
        return None
    wanted = _arranged(desired)
    if wanted == sorted(
        (address_id, one.delivery, sorted(one.rows))
        for address_id, one in actual.consignments.items()
    ):
        return None
    numbers = ", ".join([actual.order_id_bp, *actual.back_orders])
    return Refusal(
        REVIEW,
        ADDRESSES,
        f"addresses {digest(*wanted)}",
        f"what goes to which address was changed in BigCommerce, and the sales orders {numbers} "
        "are as they were; the note of the first one says what goes where now",
        "Move the rows and correct the addresses in Brightpearl: the next comparison closes this "
        f"case. Or leave it as it is: {DISCARD}.",
    )


def _arranged(desired: DesiredOrder) -> Sequence[tuple[str, str, list[str]]]:
    return sorted(
        (one.address_id, address_hash(one.delivery.plain), sorted(one.refs))
        for one in desired.consignments
    )
