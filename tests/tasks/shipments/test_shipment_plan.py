"""The plan for one order: what the notes say, less what the store has."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.bigcommerce.shipment_models import Shipment
from tasks.shipments.memory import Part, ShipmentMemory
from tasks.shipments.plan import Scene, plan_order
from tasks.shipments.plan_models import Action, OrderPlan, Plan, Wanted
from tasks.shipments.standing import Standing, StoreLine

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCENE = Scene(NOW, timedelta(minutes=60))
NUMBER = {"tracking_number": "A1"}


def wanted(note: int = 1, units: dict[str, int] | None = None, **told: str) -> Wanted:
    return Wanted(f"note-{note}", "7", units or {"11": 2}, {}, told or NUMBER)


def part(note: int = 1, units: dict[str, int] | None = None, **more: Any) -> Part:
    return Part(
        note_key=f"note-{note}",
        address_id="7",
        shipment_id=f"s{note}",
        units=units or {"11": 2},
        **{"told": NUMBER, **more},
    )


def standing(*parts: Part, ordered: int = 4, shipped: int | None = None, **more: Any) -> Standing:
    units = sum(one.units.get("11", 0) for one in parts) if shipped is None else shipped
    lines = {"11": StoreLine("7", ordered, units)}
    memory = ShipmentMemory(parts=parts)
    return replace(Standing("100", "500", 11, False, lines, memory), **more)


def shipment(number: str, units: dict[str, int], key: str = "x1") -> Shipment:
    return Shipment.model_validate(
        {
            "id": key,
            "order_address_id": "7",
            "date_created": "2026-03-01T00:00:00Z",
            "tracking_number": number,
            "items": [{"order_product_id": k, "quantity": n} for k, n in units.items()],
        }
    )


def plan(at: Standing, *parts: Wanted, scene: Scene = SCENE) -> OrderPlan:
    return plan_order(at, parts, scene)


def kinds(made: OrderPlan) -> list[str]:
    return [case.field for case in made.cases]


def test_a_note_that_left_is_shipped_and_the_second_time_nothing_is() -> None:
    made = plan(standing(), wanted())
    assert made.action is Action.SHIP
    assert [create.units for create in made.creates] == [{"11": 2}]
    again = plan(standing(part()), wanted())
    assert (again.action, again.is_remembered) == (Action.NOTHING, True)


def test_tracking_that_comes_late_is_told_and_what_was_told_is_never_blanked() -> None:
    late = plan(standing(part(told={})), wanted())
    assert [(one.fields, one.before) for one in late.changes] == [
        ({"tracking_number": "A1"}, {"tracking_number": ""})
    ]
    blank = plan(standing(part()), Wanted("note-1", "7", {"11": 2}, {}, {}))
    assert blank.action is Action.NOTHING


def test_other_units_of_the_same_note_replace_its_shipment() -> None:
    made = plan(standing(part()), wanted(units={"11": 3}))
    assert [one.shipment_id for one in made.takes_back] == ["s1"]
    assert [create.units for create in made.creates] == [{"11": 3}]


@pytest.mark.parametrize("left", [{}, {"11": 2}])
def test_a_shipment_of_a_line_that_the_store_dropped_stands(left: dict[str, int]) -> None:
    told = part(units={"11": 2, "12": 1} if left else {"12": 1})
    rest = Wanted("note-1", "", {}, {"r9": 1}, {}) if not left else None
    same = Wanted("note-1", "7", left, {"r9": 1}, NUMBER)
    made = plan(standing(told, shipped=2), rest or same)
    assert (made.takes_back, made.creates) == ((), ())
    assert made.kept == (told,)
    assert kinds(made) == ["unknown"]


def test_a_note_taken_back_is_waited_for_until_the_grace_is_over() -> None:
    first = plan(standing(part()))
    assert (first.action, first.wakes_at) == (Action.WAIT, NOW + SCENE.grace)
    assert [one.absent_since for one in first.kept] == [NOW]
    asleep = standing(*first.kept)
    later = plan(asleep, scene=replace(SCENE, now=NOW + timedelta(minutes=59)))
    assert (later.wakes_at, later.is_remembered) == (NOW + SCENE.grace, True)
    over = plan(asleep, scene=replace(SCENE, now=NOW + timedelta(minutes=60)))
    assert [one.shipment_id for one in over.takes_back] == ["s1"]
    back = plan(asleep, wanted())
    assert [one.absent_since for one in back.kept] == [None]


def test_a_note_that_was_not_looked_at_is_not_missed() -> None:
    made = plan(standing(part(), looked=frozenset({"note-2"})), wanted(2))
    assert (made.takes_back, len(made.creates), len(made.kept)) == ((), 1, 1)


def test_what_is_in_the_way_of_another_note_goes_at_once() -> None:
    made = plan(standing(part(units={"11": 4})), wanted(2, {"11": 3}), wanted(3, {"11": 1}))
    assert [one.shipment_id for one in made.takes_back] == ["s1"]
    assert [create.units for create in made.creates] == [{"11": 3}, {"11": 1}]


@pytest.mark.parametrize(
    ("number", "fields"), [("A1", {}), ("a 1", {}), ("", {"tracking_number": "A1"})]
)
def test_a_shipment_of_staff_is_taken_for_the_note_by_units_and_number(
    number: str, fields: dict[str, str]
) -> None:
    there = (shipment(number, {"11": 2}),)
    made = plan(standing(shipped=2, shipments=there), wanted())
    assert [(one.part.shipment_id, one.fields) for one in made.changes] == [("x1", fields)]
    assert made.creates == ()


def test_another_number_on_as_many_units_is_another_parcel_while_there_is_room() -> None:
    there = (shipment("OTHER", {"11": 2}),)
    beside = plan(standing(shipped=2, shipments=there), wanted())
    assert [create.units for create in beside.creates] == [{"11": 2}]
    full = plan(standing(ordered=2, shipped=2, shipments=there), wanted())
    assert (full.creates, kinds(full)) == ((), ["excess"])


def approving(made: OrderPlan) -> Scene:
    return replace(SCENE, approved=frozenset(("100", case.value) for case in made.cases))


@pytest.mark.parametrize(
    ("at", "one", "kind", "shipped"),
    [
        (standing(ordered=1), wanted(), "excess", [{"11": 1}]),
        (standing(ordered=0), wanted(), "excess", []),
        (standing(status_id=5), wanted(), "closed", [{"11": 2}]),
        (standing(is_deleted=True), wanted(), "closed", [{"11": 2}]),
        (
            standing(),
            replace(wanted(), strange={"9": 1}),
            "unknown",
            [{"11": 2}],
        ),
        (standing(part(), shipped=0, shipments=()), wanted(), "deleted", [{"11": 2}]),
    ],
)
def test_what_a_person_has_to_decide_is_done_as_proposed_once_it_is_approved(
    at: Standing, one: Wanted, kind: str, shipped: list[dict[str, int]]
) -> None:
    made = plan(at, one)
    assert (made.creates, kinds(made)) == ((), [kind])
    assert kinds(plan(at, one)) == [kind]
    approved = plan(at, one, scene=approving(made))
    assert approved.cases == ()
    assert [create.units for create in approved.creates] == shipped
    remembered = [create.wanted.part("s9", create.units) for create in approved.creates]
    after = standing(*remembered, *approved.kept, ordered=max(2, at.lines["11"].quantity))
    assert plan(after, one).action is Action.NOTHING


def test_a_number_that_staff_changed_is_not_changed_back_without_a_word() -> None:
    there = (shipment("FIXED", {"11": 2}, "s1"),)
    at = standing(part(), shipments=there)
    made = plan(at, wanted(tracking_number="B2"))
    assert (made.changes, kinds(made)) == ((), ["tracking"])
    approved = plan(at, wanted(tracking_number="B2"), scene=approving(made))
    assert [one.fields for one in approved.changes] == [{"tracking_number": "B2"}]
    same = plan(at, wanted(tracking_number="FIXED"))
    assert (kinds(same), [one.fields for one in same.changes]) == ([], [{}])


def test_other_words_that_staff_changed_stay_while_the_number_is_told() -> None:
    there = (shipment("A1", {"11": 2}, "s1").model_copy(update={"shipping_method": "By bike"}),)
    at = standing(part(told={**NUMBER, "shipping_method": "Van"}), shipments=there)
    made = plan(at, wanted(tracking_number="B2", shipping_method="Lorry"))
    assert [one.fields for one in made.changes] == [{"tracking_number": "B2"}]


def test_a_preview_says_what_would_be_written_and_counts_it() -> None:
    whole = Plan((plan(standing(), wanted()), plan(standing(part()))))
    assert [line["action"] for line in whole.preview()] == ["ship", "wait"]
    assert "ship 2 units of note-1, A1" in whole.preview()[0]["writes"]
    assert whole.count()["shipments"] == 1
