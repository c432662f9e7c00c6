"""Which shipment in the store is whose, when shipments are listed, and what they are to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from store_orders import store_line, store_order

from connectors.bigcommerce.shipment_models import Shipment
from store.ledger import Entry
from tasks.shipments.frames import AgreedShipments, DesiredPart, Part, ShippingState
from tasks.shipments.matching import best_match, merge_tracking, needs_shipments, recovered

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STATE = ShippingState(store_order(store_line("11", "1", 4, 2)))


def shipment(id_: str, **more: str) -> Shipment:
    return Shipment.model_validate(
        {
            "id": id_,
            "order_address_id": "1",
            "date_created": "2026-03-01T10:00:00+00:00",
            "items": [{"order_product_id": "11", "quantity": 2}],
            **more,
        }
    )


def desired(note: int = 7, **tracking: str) -> DesiredPart:
    return DesiredPart(f"note-{note}", "1", {"11": 2}, {}, tracking)


def agreed(note: int = 7, **tracking: str) -> Part:
    return desired(note, **tracking).agreed("31", {"11": 2})


def sent(number: int, created: str = "") -> Entry:
    blank: dict[str, Any] = dict.fromkeys(Entry.__dataclass_fields__, "")
    known = {"id": number, "natural_key": "note-7/1", "written_id": created}
    known |= {"action": "create shipment", "outcome": "written" if created else "unknown"}
    return Entry(**{**blank, **known, "before": {}, "after": {"units": {"11": 2}}})


def found(*entries: Entry, listed: tuple[str, ...]) -> list[tuple[int, str]]:
    state = replace(STATE, shipments=tuple(shipment(id_) for id_ in listed), history=entries)
    return [(entry.id, part.shipment_id) for entry, part in recovered(state)]


def test_a_shipment_whose_answer_was_lost_is_known_by_what_was_sent() -> None:
    assert found(sent(1), listed=("31",)) == [(1, "31")]


def test_a_part_that_was_sent_twice_has_one_shipment_and_staff_made_the_other() -> None:
    """Staff deleted the first one and shipped something alike by hand."""
    assert found(sent(1), sent(2), listed=("31", "32")) == [(2, "31")]
    assert found(sent(1), sent(2, created="32"), listed=("31", "32")) == [(2, "32")]


def test_a_shipment_with_the_same_number_is_a_better_match_than_one_without() -> None:
    blank, same, other = (
        shipment(id_, tracking_number=number)
        for id_, number in [("1", ""), ("2", "a 1"), ("3", "B2")]
    )
    part = desired(tracking_number="A1")
    assert best_match(part, [other, blank, same]) == same
    assert best_match(part, [other, blank]) == blank
    assert best_match(part, [other]) is None
    assert best_match(desired(), [other]) == other


@pytest.mark.parametrize(
    ("before", "entered", "now", "written", "conflicts"),
    [
        ("", "", "A1", ["tracking_number"], []),
        ("A1", "A1", "", [], []),
        ("A1", "a1", "B2", ["tracking_number"], []),
        ("A1", "FIXED", "A1", [], []),
        ("A1", "FIXED", "B2", [], ["tracking_number"]),
        ("A1", "b 2", "B2", [], []),
    ],
)
def test_a_number_travels_unless_staff_changed_it_too(
    before: str, entered: str, now: str, written: list[str], conflicts: list[str]
) -> None:
    part = agreed(**({"tracking_number": before} if before else {}))
    one = desired(**({"tracking_number": now} if now else {}))
    merged = merge_tracking(part, one, shipment("31", tracking_number=entered))
    assert (list(merged.for_bigcommerce), [c.name for c in merged.conflicts]) == (
        written,
        conflicts,
    )


def test_a_provider_that_nobody_named_counts_as_untouched() -> None:
    one = desired(shipping_provider="ups")
    merged = merge_tracking(agreed(), one, shipment("31", shipping_provider="custom"))
    assert dict(merged.for_bigcommerce) == {"shipping_provider": "ups"}


@pytest.mark.parametrize(
    ("shipped", "is_settled", "wanted", "is_listed"),
    [
        (2, True, [desired()], False),
        (2, True, [], False),
        (3, True, [desired()], True),
        (2, False, [desired()], True),
        (2, True, [desired(tracking_number="A1")], True),
        (2, True, [desired(8)], True),
        (2, True, [desired(), desired(8)], False),
    ],
)
def test_shipments_are_listed_only_where_the_link_does_not_say_enough(
    shipped: int, is_settled: bool, wanted: list[DesiredPart], is_listed: bool
) -> None:
    link = AgreedShipments(parts=(agreed(),), is_settled=is_settled)
    state = ShippingState(store_order(store_line("11", "1", 4, shipped)), link)
    assert needs_shipments(state, wanted) is is_listed
