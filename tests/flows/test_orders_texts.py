"""What people write about an order in the store reaches whoever works on it in Brightpearl."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from stories import lines
from world import World

from mappings.bundle import SHIPPED


def notes(world: World, key: str) -> list[str]:
    """Texts of the notes on a sales order."""
    account = world.sandbox.account
    ids = account.notes_by_order[world.sales_order(key).id]
    return [account.notes[note_id].text for note_id in ids]


def place(world: World, **order: Any) -> str:
    return world.place(lines=lines(world, 2, 1), payment="captured", **order)


def runs_twice_without_writing(world: World, *keys: str) -> bool:
    world.forget_requests()
    world.sync(*keys)
    return world.writes() == 0


def with_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *fields: str) -> None:
    """Use the shipped mappings with these fields of `orders.yaml` in place of their own."""
    folder = tmp_path / "mine"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    file = folder / "orders.yaml"
    kept = [line for line in file.read_text("utf-8").splitlines() if "{to: ref," not in line]
    file.write_text("\n".join([*kept, *(f"  - {field}" for field in fields), ""]), "utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))


def test_all_that_people_wrote_is_in_one_note(world: World) -> None:
    (wrapped, *_) = lines(world, 1)
    key = world.place(
        lines=[
            {**wrapped, "wrapping": "Paper", "wrapping_message": "For Eve", "wrapping_price": "2"},
            {**lines(world, 0, 1)[1], "fields": {"Engraving": "Eve"}},
        ],
        billing={"form_fields": {"PO number": "4711"}},
        shipping=[{"to": {"form_fields": {"Gate code": "12#"}}}],
        message="Leave it at the door.",
        staff_notes="Send on Saturday",
    )

    world.sync(key)

    (note,) = notes(world, key)
    for text in (
        "Message of the shopper: Leave it at the door.",
        "Staff notes in BigCommerce: Send on Saturday",
        "PO number: 4711\nGate code: 12#",
        "Paper: For Eve",
        "Engraving: Eve",
    ):
        assert text in note
    assert runs_twice_without_writing(world, key)


def test_an_order_about_which_nobody_wrote_has_no_note(world: World) -> None:
    key = place(world)

    world.sync(key)

    assert notes(world, key) == []


def test_staff_notes_that_change_later_are_a_further_note(world: World) -> None:
    key = place(world, message="Ring twice")
    world.sync(key)
    world.bigcommerce("edit", order_id=int(key), staff_notes="Shopper called: ring once")

    world.sync(key, source="webhook")

    first, second = notes(world, key)
    assert "ring once" not in first
    assert second.startswith("Changed in BigCommerce.")
    assert "ring once" in second
    assert runs_twice_without_writing(world, key)


def test_a_note_is_added_once_although_a_later_write_failed(world: World) -> None:
    key = place(world, message="Ring twice")
    away = {"kind": "http_500", "method": "PUT", "path": f"/v2/orders/{key}$", "rate": 1.0}
    world.fault("bigcommerce", away)
    world.sync(key)
    assert len(notes(world, key)) == 1
    world.fault("bigcommerce")

    world.sync(key)

    assert len(notes(world, key)) == 1
    assert world.states(key) == ["done"]


def test_a_text_goes_where_the_mapping_says(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_fields(
        monkeypatch,
        tmp_path,
        "{to: ref, from: [form_fields, order_id], steps: ["
        "{answer: {question: PO number, column: form_fields}}, first_filled, {clip: 64}]}",
        "{to: PCF_GIFTMSG, from: gift_messages}",
    )
    (wrapped, *_) = lines(world, 1)
    key = world.place(
        lines=[{**wrapped, "wrapping": "Paper", "wrapping_message": "For Eve"}],
        billing={"form_fields": {"Colour": "Red", "po  Number": "4711"}},
    )
    plain = place(world)

    world.sync(key, plain)

    order = world.sales_order(key)
    assert (order.ref, world.sales_order(plain).ref) == ("4711", plain)
    assert order.custom_fields["PCF_GIFTMSG"].endswith("Paper: For Eve")
    assert "PCF_GIFTMSG" not in world.sales_order(plain).custom_fields
    assert runs_twice_without_writing(world, key, plain)
