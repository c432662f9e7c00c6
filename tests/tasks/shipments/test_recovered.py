"""Shipments of ours that a run created without keeping them: it died, or got no answer."""

from __future__ import annotations

from typing import Any

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.matching import recovered
from tasks.shipments.state import ShippingState, StoreLine


def shipment(id_: str) -> Shipment:
    return Shipment.model_validate(
        {
            "id": id_,
            "order_address_id": "1",
            "date_created": "2026-03-01T10:00:00+00:00",
            "items": [{"order_product_id": "11", "quantity": 2}],
        }
    )


def sent(number: int, created: str = "") -> Entry:
    blank: dict[str, Any] = dict.fromkeys(Entry.__dataclass_fields__, "")
    known = {"id": number, "natural_key": "note-7/1", "written_id": created}
    return Entry(**{**blank, **known, "before": {}, "after": {"units": {"11": 2}}})


def found(*entries: Entry, listed: tuple[str, ...]) -> list[tuple[int, str]]:
    state = ShippingState(
        "100",
        "200",
        11,
        False,
        {"11": StoreLine("1", 4, 2)},
        shipments=tuple(shipment(id_) for id_ in listed),
        creations=entries,
    )
    return [(one.entry.id, one.part.shipment_id) for one in recovered(state)]


def test_a_shipment_whose_answer_was_lost_is_known_by_what_was_sent() -> None:
    assert found(sent(1), listed=("31",)) == [(1, "31")]


def test_a_part_that_was_sent_twice_has_one_shipment_and_staff_made_the_other() -> None:
    """Staff deleted the first one and shipped something alike by hand."""
    assert found(sent(1), sent(2), listed=("31", "32")) == [(2, "31")]
    assert found(sent(1), sent(2, created="32"), listed=("31", "32")) == [(2, "32")]
