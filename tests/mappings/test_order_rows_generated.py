"""Orders made by BigCommerce's arithmetic, as BigCommerce describes them, turned into rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from random import Random

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tax_tables import codes_of

from core.frames import frame
from core.orders import CHARGES, LINES, ORDERS, TAXES
from mappings.order_rows import Rows, needs_taxes, order_rows

RATES = [Decimal(20), Decimal(5), Decimal(0)]
CODES = codes_of(*map(str, RATES))
CAP = Decimal("0.05")
CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


@dataclass
class Made:
    """One order as BigCommerce gives it, and the tax per rate that it charged."""

    order: dict
    lines: list[dict]
    charges: list[dict] = field(default_factory=list)
    taxes: list[dict] = field(default_factory=list)
    tax_per_rate: dict[Decimal, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


@dataclass(frozen=True)
class Till:
    """How a store rounds: by line to the cent, by unit to the cent, or by line to four places."""

    inclusive: bool
    rounds: str

    def rounded(self, amount: Decimal) -> Decimal:
        return amount.quantize(Decimal("0.0001") if self.rounds == "four" else CENT, ROUND_HALF_UP)

    def sides(self, amount: Decimal, rate: Decimal, quantity: int = 1) -> tuple[Decimal, Decimal]:
        """Ex and inc tax of an exact amount, the other side estimated."""
        units = quantity if self.rounds == "unit" and not cents(amount) % quantity else 1
        base = 100 + rate if self.inclusive else Decimal(100)
        tax = self.rounded(amount / units * rate / base) * units
        return (amount - tax, amount) if self.inclusive else (amount, amount + tax)


def made_order(random: Random, order_id: str, line_count: int, dearest: int = 500) -> Made:
    till = Till(random.random() < 0.5, random.choice(["line", "line", "unit", "four"]))
    discounting = random.choice(["none", "none", "lines", "header", "several"])
    rates = random.choice([[RATES[0]], [RATES[0]], RATES[:2], [RATES[0], RATES[2]], RATES])
    percent = Decimal(random.randint(1, 60)) / 100 if discounting != "none" else Decimal(0)
    made = Made({"order_id": order_id}, [])
    exact = off_in_all = Decimal(0)
    for i in range(line_count):
        quantity = random.choice([1, 1, 1, 2, 3, 6, 12, 144])
        unit = Decimal(random.randint(1, dearest * 10_000)) / 10_000
        amount = till.rounded((unit if till.rounds != "unit" else cents(unit)) * quantity)
        off = till.rounded(amount * percent) if discounting != "lines" or i % 2 else Decimal(0)
        contained = discounting in ("lines", "several")
        line(made, till, i, amount, off, random.choice(rates), quantity, contained=contained)
        exact += amount - off
        off_in_all += off
    for kind in ("shipping", "handling", "wrapping", "fee"):
        if random.random() < (0.7 if kind == "shipping" else 0.15):
            cost = Decimal(random.randint(0, 2_000)) / 100
            charge(made, till, kind, cost, random.choice([RATES[0], RATES[0], RATES[2]]))
            exact += cost
    total_tax = cents(sum(made.tax_per_rate.values(), Decimal(0)))
    made.order |= {
        "currency_code": "GBP",
        "is_tax_inclusive": till.inclusive,
        "discount_amount": off_in_all if discounting == "header" else Decimal(0),
        "coupon_discount": off_in_all if discounting != "header" else Decimal(0),
        "total_tax": total_tax,
        "total_inc_tax": cents(exact) if till.inclusive else cents(exact) + total_tax,
    }
    return made


def line(
    made: Made,
    till: Till,
    i: int,
    amount: Decimal,
    off: Decimal,
    rate: Decimal,
    quantity: int,
    *,
    contained: bool,
) -> None:
    ex, inc = till.sides(amount, rate, quantity)
    ex_after, inc_after = till.sides(amount - off, rate) if off else (ex, inc)
    refs = {"order_id": made.order["order_id"], "line_id": f"l{i}"}
    made.lines.append(
        {
            **refs,
            "product_id": str(100 + i),
            "sku": f"S-{i}",
            "sku_key": f"s-{i}",
            "name": "Thing",
            "kind": "physical",
            "quantity": quantity,
            "total_ex_tax": ex,
            "total_inc_tax": inc,
            "total_tax": inc - ex,
            "discounted_total_inc_tax": inc_after if contained else None,
        }
    )
    tax = inc_after - ex_after
    made.tax_per_rate[rate] += tax
    made.taxes.append({**refs, "kind": "item", "rate_percent": rate, "amount": tax})


def charge(made: Made, till: Till, kind: str, amount: Decimal, rate: Decimal) -> None:
    ex, inc = till.sides(amount, rate)
    made.tax_per_rate[rate] += inc - ex
    made.charges.append(
        {
            "order_id": made.order["order_id"],
            "charge_id": kind,
            "kind": kind,
            "total_ex_tax": ex,
            "total_inc_tax": inc,
            "total_tax": inc - ex,
        }
    )


def rows_of(orders: list[Made]) -> Rows:
    header = frame([made.order for made in orders], ORDERS)
    lines = frame([line for made in orders for line in made.lines], LINES)
    charges = frame([row for made in orders for row in made.charges], CHARGES)
    wanted = set(needs_taxes(header, lines, charges, CODES))
    return order_rows(
        header,
        lines,
        charges,
        frame([row for made in orders for row in made.taxes if row["order_id"] in wanted], TAXES),
        cap=CAP,
        rounding_nominal_code="7900",
        codes=CODES,
    )


def check_order(made: Made, rows: pd.DataFrame) -> None:
    net, tax = sum(rows["net"]), sum(rows["tax"])
    assert net + tax == made.order["total_inc_tax"]
    assert tax == made.order["total_tax"]
    assert all(amount == cents(amount) for amount in [*rows["net"], *rows["tax"]])
    assert all(rows.loc[rows["kind"] != "rounding", "net"] >= 0)
    per_rate: dict[Decimal, Decimal] = defaultdict(Decimal)
    for rate, amount in zip(rows["rate_percent"], rows["tax"], strict=True):
        per_rate[rate] += amount
    for rate in RATES:
        charged = made.tax_per_rate[rate]
        assert per_rate[rate] == charged or (
            charged % CENT and abs(per_rate[rate] - charged) < CENT
        )


def check_shares(made: Made, rows: pd.DataFrame) -> None:
    """An undiscounted row is BigCommerce's own amount, up or down to the cent."""
    sources = {row["line_id"]: row for row in made.lines} | {
        c["charge_id"]: c for c in made.charges
    }
    for row in rows[rows["kind"] != "rounding"].to_dict("records"):
        charged = sources[row["row_ref"]]
        assert abs(row["net"] + row["tax"] - charged["total_inc_tax"]) < 2 * CENT
        assert abs(row["tax"] - charged["total_tax"]) < CENT


@pytest.mark.long
def test_two_thousand_generated_orders_re_sum_and_practically_none_needs_a_rounding_row() -> None:
    random = Random(20_250_101)  # noqa: S311 - test data, repeatable
    orders = [
        made_order(random, f"o{i}", random.choice([1, 2, 3, 5, 8]), random.choice([1, 30, 500]))
        for i in range(2000)
    ]

    made_rows = rows_of(orders)

    assert list(made_rows.refusals["reason"]) == []
    assert made_rows.rounded <= 2
    by_order = dict(iter(made_rows.rows.groupby("order_id")))
    for made in orders:
        rows = by_order[made.order["order_id"]]
        check_order(made, rows)
        if not made.order["discount_amount"] + made.order["coupon_discount"]:
            check_shares(made, rows)


def test_an_order_of_six_hundred_lines_re_sums_in_every_way_of_rounding() -> None:
    random = Random(7)  # noqa: S311 - test data, repeatable
    orders = [made_order(random, f"o{i}", 600, 20) for i in range(12)]

    made_rows = rows_of(orders)

    assert list(made_rows.refusals["reason"]) == []
    for made in orders:
        rows = made_rows.rows
        check_order(made, rows[rows["order_id"] == made.order["order_id"]])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    random=st.randoms(use_true_random=False),
    line_count=st.integers(1, 12),
    dearest=st.sampled_from([1, 50]),
)
def test_any_order_re_sums_to_total_and_tax_per_rate(
    random: Random, line_count: int, dearest: int
) -> None:
    made = made_order(random, "1", line_count, dearest)

    made_rows = rows_of([made])

    assert list(made_rows.refusals["reason"]) == []
    check_order(made, made_rows.rows)


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("kind", ["shipping", "handling", "wrapping", "fee"])
@pytest.mark.parametrize(("cost", "rate"), [("0.03", 20), ("0.04", 20), ("0.07", 20), ("0.07", 5)])
def test_a_charge_of_cents_is_taxed_at_the_rate_that_its_last_place_shows(
    kind: str, cost: str, rate: int, *, inclusive: bool
) -> None:
    """Found by chance: a cent of wrapping's tax went to 5 %, which also explains it."""
    till = Till(inclusive, "four")
    made = Made({"order_id": "1", "currency_code": "GBP", "is_tax_inclusive": inclusive}, [])
    lines = [(Decimal("0.8717"), RATES[1], 1), (Decimal("1.3368"), RATES[1], 2)]
    lines.append((Decimal("0.0021"), RATES[0], 1))
    for i, (amount, of_line, quantity) in enumerate(lines):
        line(made, till, i, amount, Decimal(0), of_line, quantity, contained=False)
    charge(made, till, kind, Decimal(cost), Decimal(rate))
    total_tax = cents(sum(made.tax_per_rate.values(), Decimal(0)))
    exact = sum((amount for amount, *_ in lines), Decimal(cost))
    made.order |= {
        "discount_amount": Decimal(0),
        "coupon_discount": Decimal(0),
        "total_tax": total_tax,
        "total_inc_tax": cents(exact) + (0 if inclusive else total_tax),
    }

    rows = rows_of([made]).rows

    assert rows.set_index("row_ref").loc[kind, "rate_percent"] == rate
    check_order(made, rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    random=st.randoms(use_true_random=False),
    line_count=st.integers(1, 6),
    off=st.decimals("-9.99", "9.99", places=2).filter(bool),
)
def test_an_order_whose_total_is_wrong_gets_a_rounding_row_up_to_the_cap_or_a_refusal(
    random: Random, line_count: int, off: Decimal
) -> None:
    made = made_order(random, "1", line_count)
    made.order["discount_amount"] = made.order["coupon_discount"] = Decimal(0)
    for each in made.lines:
        each["discounted_total_inc_tax"] = each["total_inc_tax"]
    header = rows_of([made])
    if len(header.refusals) or header.rounded:
        return
    made.order["total_inc_tax"] += off

    made_rows = rows_of([made])

    if made_rows.refusals.empty:
        rows = made_rows.rows
        assert sum(rows["net"]) + sum(rows["tax"]) == made.order["total_inc_tax"]
        assert abs(off) <= CAP + CENT * line_count
        assert all(abs(rows.loc[rows["kind"] == "rounding", "net"]) <= CAP)
    else:
        assert list(made_rows.refusals["class"]) == ["money"]
        assert "a difference of" in made_rows.refusals["reason"][0]
