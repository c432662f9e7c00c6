"""What an audit of refunds finds, without any request."""

from __future__ import annotations

from decimal import Decimal

from tasks.refunds.audit import Credited, Given, Window, differences


def given(total: str, paid: str | None = None) -> Given:
    return Given(Decimal(total), Decimal(paid or total))


def credited(total: str, paid: str | None = None, credit_id: str = "1") -> Credited:
    return Credited(credit_id, Decimal(total), Decimal(paid or total))


def test_two_sides_that_agree_differ_in_nothing() -> None:
    found = differences(Window({"BC-1-R1": given("3.00")}, {"BC-1-R1": [credited("3.00")]}))
    assert (found["refunds"], found["credited"], found["cents_off"]) == (1, 1, 0)
    assert not any(found[name] for name in ("missing", "doubled", "amounts_differ", "undone"))


def test_amounts_and_payments_are_compared_to_the_cent() -> None:
    store = {"BC-1-R1": given("3.00"), "BC-1-R2": given("3.00", "1.00")}
    account = {"BC-1-R1": [credited("2.99", "3.00")], "BC-1-R2": [credited("3.00")]}
    found = differences(Window(store, account))
    assert found["amounts_differ"] == {"BC-1-R1": "store 3.00, Brightpearl 2.99"}
    assert found["payouts_differ"] == {"BC-1-R2": "store 1.00, Brightpearl 3.00"}
    assert found["cents_off"] == 201


def test_what_waits_is_not_missing_and_what_is_doubled_is_named() -> None:
    store = {"BC-1-R1": given("3.00"), "BC-2-R2": given("3.00"), "BC-3-R3": given("3.00")}
    account = {"BC-3-R3": [credited("3.00"), credited("3.00", credit_id="2")]}
    found = differences(Window(store, account, {"BC-2-R2": "parked"}, ["BC-9-R9"]))
    assert found["missing"] == ["BC-1-R1"]
    assert found["waiting"] == {"BC-2-R2": "parked"}
    assert found["doubled"] == {"BC-3-R3": "1, 2"}
    assert found["undone"] == ["BC-9-R9"]
