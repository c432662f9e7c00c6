"""Products of one SKU whose barcodes or part numbers say that they are two: reported, or held."""

from __future__ import annotations

import pytest
from products import in_store, made, sync
from world import PAIR, World

from core.times import utc_now
from store.quarantine import Quarantine
from store.verdicts import Verdicts
from tasks.reconciler.connections import connect


@pytest.fixture
def key(world: World) -> str:
    """A product of Brightpearl and one of the store, with one SKU and different barcodes."""
    world.bigcommerce("products", sku="SEAT-1", name="Garden seat", upc="012345678905")
    return made(world, sku="SEAT-1", name="Car seat", upc="036000291452")


def held(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> Quarantine:
    monkeypatch.setenv("CAUSEWAY_INTELLIGENCE__PRODUCTS", "hold")
    sync(world, key)
    return Quarantine(connect(PAIR).database)


def test_as_shipped_they_are_linked_and_the_report_says_so(world: World, key: str) -> None:
    report = sync(world, key)

    assert in_store(world, "SEAT-1")[0].name == "Car seat"
    (note,) = report["notes"]
    assert note == "identifiers: The SKU is the same, but SEAT-1: their GTINs differ"


def test_with_hold_nothing_is_written_until_a_person_says_so(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine = held(world, key, monkeypatch)

    assert in_store(world, "SEAT-1")[0].name == "Garden seat"
    (case,) = quarantine.list(pair=PAIR, entity="products")
    assert (case.field, case.queue) == ("identifiers", "data")

    quarantine.approve([case.id], actor="jo", now=utc_now())
    sync(world)

    assert in_store(world, "SEAT-1")[0].name == "Car seat"
    (label,) = Verdicts(connect(PAIR).database).newest(PAIR, "products")
    assert (label.verdict, label.actor) == ("approved", "jo")


def test_what_a_person_says_is_two_products_stays_two(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarantine = held(world, key, monkeypatch)
    (case,) = quarantine.list(pair=PAIR, entity="products")

    quarantine.discard([case.id], "two products", actor="jo", now=utc_now())
    sync(world, key)

    assert in_store(world, "SEAT-1")[0].name == "Garden seat"
    assert quarantine.list(pair=PAIR, entity="products") == []
    (label,) = Verdicts(connect(PAIR).database).newest(PAIR, "products")
    assert label.verdict == "discarded"


def test_the_same_barcode_in_another_column_contradicts_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bigcommerce("products", sku="SEAT-2", name="Seat", upc="036000291452")
    one = made(world, sku="SEAT-2", name="Seat", ean="0036000291452")

    assert held(world, one, monkeypatch).list(pair=PAIR, entity="products") == []
