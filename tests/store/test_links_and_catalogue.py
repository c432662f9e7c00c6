"""Who is who, what the account's products are, and how far we have read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from store.database import Database
from store.links import Link, Links
from store.runs import Cursors
from store.stock import Catalogue, CataloguedProduct
from store.tables import catalogue as table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = ("p", "orders")


def test_a_link_is_found_from_either_side_and_replaced_by_its_key(database: Database) -> None:
    links = Links(database)
    links.put(*PAIR, [Link("1", "701", {"n": 1}), Link("2", "702"), Link("1", "703")], now=NOW)
    links.put(*PAIR, [Link("2", "704", {"ref": "é"})], now=NOW)
    assert links.get(*PAIR, ["1", "2", "3"]) == {
        "1": Link("1", "703"),
        "2": Link("2", "704", {"ref": "é"}),
    }
    assert links.get(*PAIR, ["702", "703"], by="id_bp") == {"703": Link("1", "703")}
    assert links.get("q", "orders", ["1"]) == {}


def test_many_links_are_kept_and_found_in_parts(database: Database) -> None:
    links = Links(database)
    many = [Link(str(number), str(number + 9_000)) for number in range(1_700)]
    links.put(*PAIR, many, now=NOW)
    assert len(links.get(*PAIR, [link.key_bc for link in many])) == 1_700


def test_products_are_found_by_sku_however_it_is_written(database: Database) -> None:
    catalogue = Catalogue(database)
    catalogue.put(
        "p",
        [
            CataloguedProduct("9", "ABC-1", stock_tracked=True, status="ARCHIVED"),
            CataloguedProduct("10", "abc-1", stock_tracked=True, status="LIVE"),
            CataloguedProduct("11", "TWICE", stock_tracked=False, status="LIVE"),
            CataloguedProduct("12", "twice", stock_tracked=False, status="LIVE"),
        ],
        now=NOW,
    )
    found = catalogue.find("p", ["abc-1", "twice", "none"])
    assert {key: (one.product_id, one.is_ambiguous) for key, one in found.items()} == {
        "abc-1": ("10", False),
        "twice": ("11", True),
    }


def test_a_product_whose_sku_changed_is_found_under_the_new_one_only(database: Database) -> None:
    catalogue = Catalogue(database)
    for sku in ("OLD", "NEW"):
        catalogue.put(
            "p", [CataloguedProduct("1", sku, stock_tracked=True, status="LIVE")], now=NOW
        )
    assert list(catalogue.find("p", ["old", "new"])) == ["new"]


def test_products_that_are_kept_already_are_not_written_again(database: Database) -> None:
    catalogue = Catalogue(database)
    products = [
        CataloguedProduct(str(n), f"SKU-{n}", stock_tracked=True, status="LIVE")
        for n in range(1200)
    ]
    renamed = replace(products[700], sku="NEW")

    def put(products: list[CataloguedProduct], now: datetime) -> list[str]:
        """The products that were written."""
        catalogue.put("p", products, now=now)
        written = select(table.c.product_id).where(table.c.updated_at == now)
        with database.read() as connection:
            return list(connection.scalars(written))

    assert len(put(products, NOW)) == 1200
    assert put(products, NOW + timedelta(hours=1)) == []
    assert put([*products[:700], renamed, *products[701:]], NOW + timedelta(hours=2)) == ["700"]
    assert catalogue.find("p", ["new"])["new"].product_id == "700"


def test_a_cursor_comes_back_in_utc_whatever_zone_it_was_set_in(database: Database) -> None:
    cursors = Cursors(database)
    assert cursors.get("p", "orders") is None
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30))) + timedelta(microseconds=1)
    cursors.set("p", "orders", NOW)
    cursors.set("p", "orders", elsewhere)
    position = cursors.get("p", "orders")
    assert position == elsewhere
    assert position.utcoffset() == timedelta(0)
    with pytest.raises(Exception, match="a moment must carry its zone"):
        cursors.set("p", "orders", datetime(2026, 3, 1))  # noqa: DTZ001 - what is refused
