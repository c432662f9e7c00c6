"""The plan for one order: what the notes say, less what the store has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from store_orders import store_line, store_order

from connectors.bigcommerce.shipment_models import Shipment
from tasks.reconciler.cases import Decisions
from tasks.reconciler.operations import preview
from tasks.shipments.frames import AgreedShipments, DesiredPart, Part, ShippingState
from tasks.shipments.operations import (
    CreateShipment,
    DeleteShipment,
    ShipmentPlan,
    UpdateShipment,
)
from tasks.shipments.plan import PlanContext, plan_order

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONTEXT = PlanContext(NOW, timedelta(minutes=60))
NUMBER = {"tracking_number": "A1"}


def desired(note: int = 1, units: dict[str, int] | None = None, **tracking: str) -> DesiredPart:
    return DesiredPart(f"note-{note}", "7", units or {"11": 2}, {}, tracking or NUMBER)


def part(note: int = 1, units: dict[str, int] | None = None, **more: Any) -> Part:
    return Part(
        note_key=f"note-{note}",
        address_id="7",
        shipment_id=f"s{note}",
        units=units or {"11": 2},
        **{"tracking": NUMBER, **more},
    )


def state(*parts: Part, ordered: int = 4, shipped: int | None = None, **more: Any) -> ShippingState:
    units = sum(one.units.get("11", 0) for one in parts) if shipped is None else shipped
    agreed = AgreedShipments(parts=parts)
    order = {name: more.pop(name) for name in ("status_id", "is_deleted") if name in more}
    line = store_line("11", "7", ordered, units)
    return ShippingState(store_order(line, **order), agreed, "500", **more)


def shipment(number: str, units: dict[str, int], key: str = "x1", **more: str) -> Shipment:
    return Shipment.model_validate(
        {
            "id": key,
            "order_address_id": "7",
            "date_created": "2026-03-01T00:00:00Z",
            "tracking_number": number,
            "items": [{"order_product_id": k, "quantity": n} for k, n in units.items()],
            **more,
        }
    )


def plan(at: ShippingState, *parts: DesiredPart, context: PlanContext = CONTEXT) -> ShipmentPlan:
    return plan_order(at, parts, context)


def kinds(made: ShipmentPlan) -> list[str]:
    return [case.field for case in made.cases]


def created(made: ShipmentPlan) -> list[Any]:
    return [one.units for one in made.operations if isinstance(one, CreateShipment)]


def updated(made: ShipmentPlan) -> list[Any]:
    return [one.fields for one in made.operations if isinstance(one, UpdateShipment)]


def deleted(made: ShipmentPlan) -> list[str]:
    return [one.part.shipment_id for one in made.operations if isinstance(one, DeleteShipment)]


def kept(made: ShipmentPlan) -> list[Part]:
    gone = deleted(made)
    return [one for one in made.parts if one.shipment_id not in gone]


def test_a_note_that_left_is_shipped_and_the_second_time_nothing_is() -> None:
    made = plan(state(), desired())
    assert (made.result, created(made)) == ("shipped", [{"11": 2}])
    again = plan(state(part()), desired())
    assert (again.result, again.operations, again.parts) == ("unchanged", (), (part(),))


def test_tracking_that_comes_late_is_entered_and_what_was_entered_is_never_blanked() -> None:
    late = plan(state(part(tracking={})), desired())
    (update,) = late.operations
    assert isinstance(update, UpdateShipment)
    assert (update.fields, update.before) == (
        {"tracking_number": "A1"},
        {"tracking_number": ""},
    )
    assert late.parts == (part(tracking={}),)
    blank = plan(state(part()), DesiredPart("note-1", "7", {"11": 2}, {}, {}))
    assert (blank.result, blank.parts) == ("unchanged", (part(),))


def test_other_units_of_the_same_note_replace_its_shipment() -> None:
    made = plan(state(part()), desired(units={"11": 3}))
    assert (deleted(made), created(made)) == (["s1"], [{"11": 3}])


@pytest.mark.parametrize("left", [{}, {"11": 2}])
def test_a_shipment_of_a_line_that_the_store_dropped_stays(left: dict[str, int]) -> None:
    agreed = part(units={"11": 2, "12": 1} if left else {"12": 1})
    rest = DesiredPart("note-1", "", {}, {"r9": 1}, {}) if not left else None
    same = DesiredPart("note-1", "7", left, {"r9": 1}, NUMBER)
    made = plan(state(agreed, shipped=2), rest or same)
    assert made.operations == ()
    assert made.parts == (agreed,)
    assert kinds(made) == ["unknown"]


def test_a_note_taken_back_is_waited_for_until_the_grace_is_over() -> None:
    first = plan(state(part()))
    assert (first.result, first.wake_at) == ("waiting", NOW + CONTEXT.grace)
    assert [one.absent_since for one in first.parts] == [NOW]
    asleep = state(*first.parts)
    later = plan(asleep, context=replace(CONTEXT, now=NOW + timedelta(minutes=59)))
    assert (later.wake_at, later.parts) == (NOW + CONTEXT.grace, first.parts)
    over = plan(asleep, context=replace(CONTEXT, now=NOW + timedelta(minutes=60)))
    assert deleted(over) == ["s1"]
    back = plan(asleep, desired())
    assert [one.absent_since for one in back.parts] == [None]


def test_a_note_that_was_not_read_is_not_missed() -> None:
    made = plan(state(part(), notes_read=frozenset({"note-2"})), desired(2))
    assert (deleted(made), len(created(made)), made.parts) == ([], 1, (part(),))


def test_what_is_in_the_way_of_another_note_goes_at_once() -> None:
    made = plan(state(part(units={"11": 4})), desired(2, {"11": 3}), desired(3, {"11": 1}))
    assert deleted(made) == ["s1"]
    assert created(made) == [{"11": 3}, {"11": 1}]


def test_a_shipment_whose_note_is_gone_stands_for_another_note_with_the_same_units() -> None:
    made = plan(state(part()), desired(2, tracking_number="B2"))
    assert updated(made) == [{"tracking_number": "B2"}]
    assert [(one.note_key, one.shipment_id, one.tracking) for one in made.parts] == [
        ("note-2", "s1", NUMBER)
    ]
    alike = plan(state(part()), desired(2))
    assert (alike.result, alike.operations) == ("adopted", ())


@pytest.mark.parametrize(
    ("number", "fields"), [("A1", []), ("a 1", []), ("", [{"tracking_number": "A1"}])]
)
def test_a_shipment_of_staff_is_taken_for_the_note_by_units_and_number(
    number: str, fields: list[dict[str, str]]
) -> None:
    listed = (shipment(number, {"11": 2}),)
    made = plan(state(shipped=2, shipments=listed), desired())
    assert ([one.shipment_id for one in made.parts], updated(made)) == (["x1"], fields)
    assert created(made) == []


def test_a_number_is_filled_into_a_shipment_of_staff_and_what_they_entered_stays() -> None:
    listed = (shipment("", {"11": 2}, shipping_method="By bike", shipping_provider="custom"),)
    one = desired(tracking_number="A1", shipping_method="Van", shipping_provider="ups")
    made = plan(state(shipped=2, shipments=listed), one)
    assert updated(made) == [{"tracking_number": "A1", "shipping_provider": "ups"}]


def test_another_number_on_as_many_units_is_another_parcel_while_units_are_left() -> None:
    listed = (shipment("OTHER", {"11": 2}),)
    another = plan(state(shipped=2, shipments=listed), desired())
    assert created(another) == [{"11": 2}]
    full = plan(state(ordered=2, shipped=2, shipments=listed), desired())
    assert (created(full), kinds(full)) == ([], ["excess"])


def approving(made: ShipmentPlan) -> PlanContext:
    decisions = Decisions(approved=frozenset(("100", case.value) for case in made.cases))
    return replace(CONTEXT, decisions=decisions)


@pytest.mark.parametrize(
    ("at", "one", "kind", "shipped"),
    [
        (state(ordered=1), desired(), "excess", [{"11": 1}]),
        (state(ordered=0), desired(), "excess", []),
        (state(status_id=5), desired(), "closed", [{"11": 2}]),
        (state(is_deleted=True), desired(), "closed", [{"11": 2}]),
        (state(), replace(desired(), unplaced={"9": 1}), "unknown", [{"11": 2}]),
        (state(part(), shipped=0, shipments=()), desired(), "deleted", [{"11": 2}]),
    ],
)
def test_what_a_person_has_to_decide_is_done_as_proposed_once_it_is_approved(
    at: ShippingState, one: DesiredPart, kind: str, shipped: list[dict[str, int]]
) -> None:
    made = plan(at, one)
    assert (made.result, created(made), kinds(made)) == ("held", [], [kind])
    assert [case.value for case in plan(at, one).cases] == [made.cases[0].value]
    approved = plan(at, one, context=approving(made))
    assert approved.cases == ()
    assert created(approved) == shipped
    agreed = [
        operation.part.agreed("s9", operation.units)
        for operation in approved.operations
        if isinstance(operation, CreateShipment)
    ]
    after = state(*agreed, *kept(approved), ordered=max(2, at.lines["11"].quantity))
    assert plan(after, one).result == "unchanged"


def test_a_number_that_staff_changed_is_changed_back_only_if_a_person_says_so() -> None:
    listed = (shipment("FIXED", {"11": 2}, "s1"),)
    at = state(part(), shipments=listed)
    made = plan(at, desired(tracking_number="B2"))
    assert (updated(made), kinds(made)) == ([], ["tracking"])
    approved = plan(at, desired(tracking_number="B2"), context=approving(made))
    assert updated(approved) == [{"tracking_number": "B2"}]
    same = plan(at, desired(tracking_number="FIXED"))
    assert (kinds(same), updated(same)) == ([], [])
    assert [one.tracking for one in same.parts] == [{"tracking_number": "FIXED"}]


def test_other_fields_that_staff_changed_stay_while_the_number_is_entered() -> None:
    listed = (shipment("A1", {"11": 2}, "s1", shipping_method="By bike"),)
    at = state(part(tracking={**NUMBER, "shipping_method": "Van"}), shipments=listed)
    made = plan(at, desired(tracking_number="B2", shipping_method="Lorry"))
    assert updated(made) == [{"tracking_number": "B2"}]


def test_a_preview_says_what_would_be_written() -> None:
    plans = [plan(state(), desired()), plan(state(part()))]
    lines = [preview(one) for one in plans]
    assert [line["outcome"] for line in lines] == ["shipped", "waiting"]
    assert "ship 2 units of note-1, A1" in lines[0]["writes"]
    assert "until 2026-03-01 01:00 UTC" in lines[1]["why"]


def test_links_of_the_first_versions_are_read_as_what_they_say() -> None:
    stored = {
        "parts": [
            {
                "note_key": "note-1",
                "address_id": "7",
                "shipment_id": "s1",
                "units": {"11": 1},
                "said": {"11": 2},
                "told": {"tracking_number": "A1"},
            }
        ],
        "is_settled": False,
        "follows": 9,
    }
    agreed = AgreedShipments.model_validate(stored)
    (one,) = agreed.parts
    assert (one.note_units, one.tracking) == ({"11": 2}, {"tracking_number": "A1"})
    assert (agreed.is_settled, agreed.status_before) == (False, 9)
    assert AgreedShipments.model_validate(agreed.detail()) == agreed
