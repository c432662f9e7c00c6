"""Tax codes by place, class and rate, kinds of rows, discounts on shipping: to the account."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from refunding import credit, gross, map_with, refund
from refunding import sync as sync_refunds
from stories import account_money, cases, lines, store_money, store_order
from world import PAIR, World

from core.times import utc_now
from mappings.bundle import SHIPPED
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect, disconnect

HOME = "GB:20,T20\nGB:5,T5\nGB:0,T0\n0,T0\n"


def place(world: World, **order: Any) -> str:
    return world.place(lines=lines(world, 2, 1), payment="captured", **order)


def codes(world: World, key: str) -> dict[str, str]:
    """Tax code of each row, by what it is."""
    rows = world.sales_order(key).rows.values()
    return {row.sku or row.name: row.tax_code for row in rows}


def taxes_read(world: World) -> int:
    requests = world.requests("bigcommerce")
    return sum(count for path, count in requests.items() if path.endswith("/taxes"))


def is_imported_to_the_cent(world: World, key: str) -> bool:
    world.sync(key)
    return cases(world, key) == [] and account_money(world, key) == store_money(world, key)


def add_row(folder: Path, row: str) -> None:
    """What the remedy says: one more row of the table."""
    file = folder / "tables" / "tax_codes.csv"
    file.write_text(file.read_text("utf-8") + row + "\n", "utf-8")
    disconnect()


@pytest.mark.parametrize(
    ("zone", "key", "named"),
    [
        ("US-NY", "US-NY:8.875", "8.875 % (New York sales tax, Standard rate) in US-NY"),
        ("CA-QC", "CA-QC:14.975", "14.975 % (GST + QST, Standard rate) in CA-QC"),
        ("US-CT", "US-CT:6.35", "6.35 % (Connecticut sales tax, Standard rate) in US-CT"),
        ("FR", "FR:20", "20 % (TVA, Standard rate) in FR"),
    ],
)
def test_a_combination_without_a_row_waits_by_name_until_its_row_is_added(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, zone: str, key: str, named: str
) -> None:
    country, _, state = zone.partition("-")
    map_with(monkeypatch, tmp_path / "mine", tax_codes=HOME)
    address = {"country_iso2": country, "state": state}
    order = place(world, tax_zone=zone, shipping=[{"to": address, "cost": "3.95"}])

    world.sync(order)

    waiting = cases(world, order)
    assert {case.value for case in waiting} == {key}
    assert named in waiting[0].reason
    assert f"Add `{key},<Brightpearl tax code>`" in waiting[0].remedy

    add_row(tmp_path / "mine", f"{key},T9")
    released = Quarantine(connect(PAIR).database).release(
        PAIR, class_="tax_code", value=key, now=utc_now()
    )
    assert len(released) == 1
    assert is_imported_to_the_cent(world, order)
    assert set(codes(world, order).values()) == {"T9"}


def test_one_row_for_a_country_takes_every_rate_of_its_states(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(monkeypatch, tmp_path / "mine", tax_codes=HOME + "US:*,T9\n")
    for zone, state in (("US-NY", "New York"), ("US-CT", "CT")):
        address = {"country_iso2": "US", "state": state}
        order = place(world, tax_zone=zone, shipping=[{"to": address}])

        assert is_imported_to_the_cent(world, order)
        assert set(codes(world, order).values()) == {"T9"}


def test_an_export_at_nought_and_an_order_at_home_cost_no_request_for_taxes(world: World) -> None:
    abroad = {"country": "Germany", "country_iso2": "DE", "state": ""}
    export, home = place(world, shipping=[{"to": abroad}]), place(world)
    world.forget_requests()

    assert is_imported_to_the_cent(world, export)
    assert is_imported_to_the_cent(world, home)

    assert set(codes(world, export).values()) == {"T0"}
    assert set(codes(world, home).values()) == {"T20"}
    assert taxes_read(world) == 0


def test_zero_rated_goods_at_home_are_distinguished_from_an_export_by_place_and_class(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(monkeypatch, tmp_path / "mine", tax_codes=HOME + "GB:Zero rate:0,T9\n")
    basket = [*lines(world, 1), {"name": "Map", "price": "5.00", "tax_class_id": 2}]
    home = world.place(lines=basket, payment="captured")
    abroad = {"country": "Germany", "country_iso2": "DE", "state": ""}
    export = world.place(lines=basket, payment="captured", shipping=[{"to": abroad}])

    assert is_imported_to_the_cent(world, home)
    assert is_imported_to_the_cent(world, export)

    assert codes(world, home)["Map"] == "T9"
    assert codes(world, export)["Map"] == "T0"


def test_a_table_of_rates_alone_means_what_it_always_did(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(monkeypatch, tmp_path / "mine", tax_codes="20,T20\n5,T5\n0,T0\n")
    french = {"country": "France", "country_iso2": "FR", "state": ""}
    order = place(world, tax_zone="FR", shipping=[{"to": french}])

    assert is_imported_to_the_cent(world, order)
    assert set(codes(world, order).values()) == {"T20"}


def test_mappings_of_an_earlier_release_ask_for_a_rate_alone_and_take_it(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    map_with(monkeypatch, tmp_path / "mine", tax_codes="20,T20\n5,T5\n0,T0\n")
    file = tmp_path / "mine" / "order_rows.yaml"
    content = yaml.safe_load(file.read_text("utf-8"))
    (field,) = (one for one in content["fields"] if one["to"] == "tax_code")
    field.update({"from": "rate_percent", "steps": [{"lookup": "tax_codes"}]})
    file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    address = {"country_iso2": "US", "state": "NY"}
    order = place(world, tax_zone="US-NY", shipping=[{"to": address}])
    world.sync(order)
    assert {case.value for case in cases(world, order)} == {"8.875"}

    add_row(tmp_path / "mine", "8.875,T9")

    Quarantine(connect(PAIR).database).release(
        PAIR, class_="tax_code", value="8.875", now=utc_now()
    )
    assert is_imported_to_the_cent(world, order)
    assert set(codes(world, order).values()) == {"T9"}


def sold_with_goods(world: World) -> str:
    (product,) = lines(world, 1)
    return world.place(
        lines=[
            {**product, "wrapping": "Paper", "wrapping_price": "2"},
            {"name": "Gift card", "price": "50", "gift_certificate_for": "eve@example.com"},
            {"name": "Sewing", "price": "5"},
        ],
        fees=[{"name": "Small order"}],
        shipping=[{"cost": "3.95", "handling": "1.50"}],
        payment="captured",
    )


def nominal_codes(world: World, key: str) -> dict[str, str]:
    return {row.name: row.nominal_code for row in world.sales_order(key).rows.values()}


def test_each_kind_of_what_is_sold_has_its_nominal_code_and_so_has_its_credit(
    world: World,
) -> None:
    key = sold_with_goods(world)

    assert is_imported_to_the_cent(world, key)

    found = nominal_codes(world, key)
    assert (found["Gift card"], found["Sewing"], found["Small order"]) == ("2110", "4000", "4000")
    assert (found["Gift wrapping"], found["Handling"]) == ("4920", "4910")
    line = next(one for one in store_order(world, key).lines if one.name == "Gift card")
    made = refund(world, key, items=[{"id": line.id, "quantity": 1}])
    sync_refunds(world, key)
    (row,) = credit(world, key, made["refund_id"]).rows.values()
    assert row.nominal_code == "2110"


def test_a_table_without_gift_certificates_keeps_the_code_of_custom_lines(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shipped = (SHIPPED / "tables" / "nominal_codes.csv").read_text("utf-8").splitlines()[1:]
    earlier = [row for row in shipped if not row.startswith("gift_certificate")]
    map_with(monkeypatch, tmp_path / "mine", nominal_codes="\n".join([*earlier, ""]))
    key = sold_with_goods(world)

    assert is_imported_to_the_cent(world, key)
    assert nominal_codes(world, key)["Gift card"] == "4000"


@pytest.mark.parametrize(
    "basket",
    [
        {"shipping": [{"cost": "3.95", "discount": "3.95"}]},
        {"shipping": [{"cost": "3.95", "discount": "1.95"}]},
        {"coupons": [{"code": "SHIP", "type": "shipping", "amount": "2"}]},
        {"coupons": [{"code": "FREE", "type": "free_shipping"}]},
    ],
)
def test_a_discount_on_shipping_leaves_the_goods_as_they_are_and_so_does_a_later_refund(
    world: World, basket: dict[str, Any]
) -> None:
    world.switch("bigcommerce", free_shipping="discount")
    key = place(world, **basket)

    assert is_imported_to_the_cent(world, key)

    rows = {row.sku: row.net + row.tax for row in world.sales_order(key).rows.values() if row.sku}
    sold = {one.sku: one.discounted.inc for one in store_order(world, key).lines}
    assert {sku: Decimal(worth) for sku, worth in rows.items()} == sold
    first = store_order(world, key).lines[0]
    made = refund(world, key, items=[{"sku": first.sku, "quantity": first.quantity}])
    sync_refunds(world, key)
    one = credit(world, key, made["refund_id"])
    assert gross(one) == Decimal(str(made["total_amount"])) == sold[first.sku]
