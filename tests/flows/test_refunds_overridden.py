"""Refunds for which the merchant states total and tax: wherever, of whatever, however often."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from refunding import (
    approve,
    cases,
    credit,
    credits_of,
    gross,
    imported,
    map_with,
    payouts,
    refund,
    runs_again_without_writing,
    skus,
    states,
    sync,
)
from world import PAIR, World

from core.times import utc_now
from flows.money import audit_money

LONG = pytest.mark.long
"""For what differs from another case in little."""
HOME = "GB:20,T20\nGB:5,T5\nGB:0,T0\n0,T0\n"
GERMANY = {"shipping": [{"to": {"country": "Germany", "country_iso2": "DE", "state": ""}}]}
NEW_YORK = {
    "tax_zone": "US-NY",
    "shipping": [{"to": {"country_iso2": "US", "state": "New York"}, "cost": "3.95"}],
}


def overridden(world: World, key: str, total: str, tax: str, **wanted: Any) -> dict[str, Any]:
    """A refund of one unit of each line, unless something else is wanted."""
    items = [{"sku": sku, "quantity": 1} for sku in skus(world)[:2]]
    what = {"items": items, **wanted}
    return refund(world, key, override_total=total, override_tax=tax, **what)


def booked(world: World, key: str, made: dict[str, Any]) -> list[tuple[str, Decimal]]:
    """Tax code and tax of each row of the refund's credit."""
    return [(row.tax_code, row.tax) for row in credit(world, key, made["refund_id"]).rows.values()]


def is_as_stated(world: World, key: str, made: dict[str, Any], total: str, tax: str) -> bool:
    """Whether the credit has total and tax of the merchant, is paid out, and stays as it is."""
    one = credit(world, key, made["refund_id"])
    paid = sum(payouts(world, one).values(), Decimal(0))
    stated = (gross(one), one.tax, paid) == (Decimal(total), Decimal(tax), Decimal(total))
    return stated and states(world, key) == ["done"] and runs_again_without_writing(world, key)


@pytest.mark.parametrize(
    "country",
    [pytest.param(GERMANY, marks=LONG), NEW_YORK],
    ids=["untaxed export", "New York"],
)
def test_without_tax_it_takes_the_code_of_what_is_untaxed_in_every_country(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, country: dict[str, Any]
) -> None:
    map_with(monkeypatch, tmp_path / "mine", tax_codes=HOME + "US-NY:8.875,T9\n")
    key = imported(world, shipped=True, **country)
    made = overridden(world, key, "7.59", "0")

    sync(world, key)

    assert booked(world, key, made) == [("T0", 0)] * 2
    assert is_as_stated(world, key, made, "7.59", "0")


@pytest.mark.parametrize(
    "tax", ["1.00", *(pytest.param(tax, marks=LONG) for tax in ("2.10", "0.01"))]
)
def test_a_tax_that_is_not_the_rates_is_booked_as_it_is_stated(world: World, tax: str) -> None:
    key = imported(world, shipped=True)
    made = overridden(world, key, "12.59", tax)

    sync(world, key)

    assert {code for code, _ in booked(world, key, made)} == {"T20"}
    assert is_as_stated(world, key, made, "12.59", tax)


@pytest.mark.parametrize(
    ("what", "rows"),
    [
        pytest.param({"items": [], "shipping": "3.95"}, 1, marks=LONG),
        ({"shipping": "3.95"}, 3),
        pytest.param({"everything": True}, 3, marks=LONG),
    ],
    ids=["shipping alone", "lines and shipping", "everything"],
)
def test_whatever_it_is_of_it_is_shared_over_its_parts(
    world: World, what: dict[str, Any], rows: int
) -> None:
    key = imported(world, shipped=True, shipping=[{"cost": "3.95"}])
    made = overridden(world, key, "3.01", "0", **what)

    sync(world, key)

    assert booked(world, key, made) == [("T0", 0)] * rows
    assert is_as_stated(world, key, made, "3.01", "0")


@pytest.mark.parametrize("shown", ["null", pytest.param("missing", marks=LONG)])
def test_no_tax_is_said_of_what_was_sold_without_tax_and_nobody_is_asked(
    world: World, shown: str
) -> None:
    key = imported(world, shipped=True, **GERMANY)
    made = overridden(world, key, "7.59", "0", tax_shown=shown)

    sync(world, key)

    assert cases(world) == []
    assert booked(world, key, made) == [("T0", 0)] * 2
    assert is_as_stated(world, key, made, "7.59", "0")


@pytest.mark.parametrize("shown", ["null", pytest.param("missing", marks=LONG)])
def test_the_tax_of_several_parts_is_proposed_as_one_and_booked_on_approval(
    world: World, shown: str
) -> None:
    key = imported(world, shipped=True, shipping=[{"cost": "3.95"}])
    made = overridden(world, key, "12.00", "0", shipping="3.95", tax_shown=shown)
    sync(world, key)
    (case,) = cases(world)
    assert (case.field, case.detail["proposal"]["tax"], credits_of(world)) == ("tax", "2.00", [])

    approve(world)

    assert [code for code, _ in booked(world, key, made)] == ["T20"] * 3
    assert is_as_stated(world, key, made, "12.00", "2.00")


def test_a_tax_on_what_was_sold_without_is_a_case_that_says_so_and_others_go_on(
    world: World,
) -> None:
    key, other = imported(world, shipped=True, **GERMANY), imported(world, shipped=True)
    overridden(world, key, "7.59", "1.00")
    made = overridden(world, other, "7.59", "1.00")

    sync(world, key, other)

    (case,) = cases(world)
    assert (case.key, case.class_) == (key, "money")
    assert "1.00 of tax was given back on what was sold without tax" in case.reason
    assert "by hand" in case.remedy
    assert is_as_stated(world, other, made, "7.59", "1.00")


@pytest.mark.long
def test_after_one_without_tax_the_next_has_the_stores_own_and_both_audits_agree(
    world: World,
) -> None:
    key = imported(world, shipped=True)
    first = overridden(world, key, "7.59", "0")
    sync(world, key)
    second = refund(world, key, items=[{"sku": skus(world)[0], "quantity": 1}])
    sync(world, key)

    assert booked(world, key, first) == [("T0", 0)] * 2
    total, tax = (str(second[name]) for name in ("total_amount", "total_tax"))
    assert {code for code, _ in booked(world, key, second)} == {"T20"}
    assert is_as_stated(world, key, second, total, tax)
    money = asyncio.run(audit_money.fn(PAIR, utc_now().date().isoformat()))
    assert money["differences"] == []


def test_it_is_paid_out_by_the_tenders_by_which_the_store_gave_it_back(world: World) -> None:
    paid = {"customer_id": 1, "store_credit": "20.00", "gift_certificate": "3.00"}
    key = imported(world, shipped=True, **paid)
    first = overridden(world, key, "5.00", "0", tender="store_credit")
    second = overridden(world, key, "25.00", "0", items=[], everything=True)

    sync(world, key)

    assert payouts(world, credit(world, key, first["refund_id"])) == {"STORECREDIT": Decimal(5)}
    assert payouts(world, credit(world, key, second["refund_id"])) == {"CARD": Decimal(25)}
    assert is_as_stated(world, key, first, "5.00", "0")
    assert is_as_stated(world, key, second, "25.00", "0")
