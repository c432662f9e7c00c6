"""Shipments of ours that a run made and never heard of again."""

from __future__ import annotations

from typing import Any

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.matching import recovered
from tasks.shipments.memory import ShipmentMemory
from tasks.shipments.standing import SHIP, Standing, StoreLine


def shipment(id_: str) -> Shipment:
    return Shipment.model_validate(
        {
            "id": id_,
            "order_address_id": "1",
            "date_created": "2026-03-01T10:00:00+00:00",
            "items": [{"order_product_id": "11", "quantity": 2}],
        }
    )


def sent(number: int, made: str = "") -> Entry:
    blank: dict[str, Any] = dict.fromkeys(Entry.__dataclass_fields__, "")
    known = {"id": number, "action": SHIP, "natural_key": "note-7/1", "written_id": made}
    return Entry(**{**blank, **known, "before": {}, "after": {"units": {"11": 2}}})


def found(*entries: Entry, there: tuple[str, ...]) -> list[tuple[int, str]]:
    standing = Standing(
        "100",
        "200",
        11,
        False,
        {"11": StoreLine("1", 4, 2)},
        ShipmentMemory(),
        (),
        shipments=tuple(shipment(id_) for id_ in there),
        made=entries,
    )
    return [(one.entry.id, one.part.shipment_id) for one in recovered(standing)]


def test_a_shipment_whose_answer_was_lost_is_known_by_what_was_sent() -> None:
    assert found(sent(1), there=("31",)) == [(1, "31")]


def test_a_part_that_was_sent_twice_has_one_shipment_and_staff_made_the_other() -> None:
    """Staff deleted the first one and shipped something alike by hand."""
    assert found(sent(1), sent(2), there=("31", "32")) == [(2, "31")]
    assert found(sent(1), sent(2, made="32"), there=("31", "32")) == [(2, "32")]
