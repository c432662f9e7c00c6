"""No records at all: every declared frame of every entity keeps its columns and dtypes."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tasks
from core.frames import Schema, frame
from core.stock import ITEMS, OFFERS, ON_HAND, SKUS, STOCK_LEVELS
from mappings.bundle import load_bundle
from mappings.engine import Context, apply
from mappings.shapes import FILES, SOURCES, TARGETS
from mappings.stock_offers import Supply, by_warehouse, offers
from mappings.stock_places import Buffers, Places
from tasks.reconciler.gate import Frames
from tasks.stock.matching import compare


def sets() -> Iterator[type[Frames]]:
    """Every set of frames that an entity declares."""
    for module in pkgutil.walk_packages(tasks.__path__, "tasks."):
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, Frames) and one is not Frames:
                yield one


DECLARED = [
    pytest.param(
        field.default_factory(),
        field.metadata["schema"],
        id=f"{one.__module__}.{one.__name__}.{field.name}",
    )
    for one in dict.fromkeys(sets())
    for field in dataclasses.fields(one)
    if "schema" in field.metadata and callable(field.default_factory)
]
"""Every frame of them, empty, and what it is declared to be."""


def has_dtypes_of(found: pd.DataFrame, schema: Schema) -> bool:
    return bool(found.dtypes.equals(frame([], schema).dtypes))


def test_the_frames_of_all_entities_are_found() -> None:
    entities = {one.__module__.split(".")[1] for one in sets()}
    assert entities >= {"bigcommerce", "orders", "refunds", "shipments", "stock"}


@pytest.mark.parametrize(("empty", "schema"), DECLARED)
def test_an_empty_frame_has_the_dtypes_of_a_filled_one(empty: pd.DataFrame, schema: Schema) -> None:
    filled = frame([{}], schema)
    assert empty.dtypes.equals(filled.dtypes)
    assert empty.dtypes.equals(filled.iloc[:0].dtypes)
    assert empty.dtypes.equals(pd.concat([empty, empty], ignore_index=True).dtypes)


@pytest.mark.parametrize("name", FILES)
def test_a_mapping_of_nothing_gives_the_declared_dtypes(name: str) -> None:
    bundle = load_bundle()
    source, target = FILES[name]
    mapped = apply(bundle.mappings[name], frame([], SOURCES[source]), Context("UTC", bundle.tables))
    assert has_dtypes_of(mapped.frame, TARGETS[target])


IDENTIFIERS = st.sampled_from(["1", "2", "3"])


@given(
    pairs=st.lists(st.tuples(IDENTIFIERS, IDENTIFIERS), max_size=3, unique=True),
    stock=st.lists(st.tuples(IDENTIFIERS, IDENTIFIERS), max_size=3, unique=True),
    skus=st.lists(IDENTIFIERS, max_size=2, unique=True),
    held=st.dictionaries(IDENTIFIERS, st.integers(1, 9), max_size=2),
    bundles=st.dictionaries(st.just("9"), st.just({"1": 2}), max_size=1),
)
def test_what_may_be_sold_has_its_dtypes_whichever_of_its_sources_is_empty(
    pairs: list[tuple[str, str]],
    stock: list[tuple[str, str]],
    skus: list[str],
    held: dict[str, int],
    bundles: dict[str, dict[str, int]],
) -> None:
    supply = Supply(
        places=Places(tuple(pairs), Buffers({})),
        bundles=bundles,
        held=held,
        on_hand=frame(
            [{"product_id": one, "warehouse_id": at, "on_hand": 4} for one, at in stock], ON_HAND
        ),
        skus=frame([{"sku_key": one, "sku": one, "product_id": one} for one in skus], SKUS),
    )
    offered = offers(supply)
    assert has_dtypes_of(offered, OFFERS)
    assert by_warehouse(supply)["location_id"].dtype == frame([], ITEMS)["location_id"].dtype
    levels = offered.rename(columns={"sellable": "quantity"})[list(STOCK_LEVELS)]
    compared = compare(levels, frame([], ITEMS))
    assert compared["is_equal"].dtype == bool
    assert compared.empty
