"""What the doctor says of customers: against both sandboxes, by the shipped tables."""

from __future__ import annotations

from contextlib import closing

import pytest
from world import PAIR

from cli.checks_tables import customer_checks
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import load_settings
from mappings.bundle import load_bundle
from sandbox.bigcommerce.reference import GROUPS


@pytest.mark.usefixtures("world")
def test_groups_tags_and_price_lists_of_the_shipped_tables_exist() -> None:
    pair = load_settings().pair(PAIR)
    with (
        closing(BigCommerce(pair.bigcommerce)) as store,
        closing(Brightpearl(pair.brightpearl)) as account,
    ):
        found = list(customer_checks(load_bundle().tables, store, account))
    assert [one.state for one in found] == ["ok", "ok"]


@pytest.mark.usefixtures("world")
def test_a_group_without_a_row_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GROUPS, 9, "Schools")  # type: ignore[index] # the sandbox's own data
    pair = load_settings().pair(PAIR)
    with (
        closing(BigCommerce(pair.bigcommerce)) as store,
        closing(Brightpearl(pair.brightpearl)) as account,
    ):
        first, *_ = customer_checks(load_bundle().tables, store, account)
    assert first.state == "warn"
    assert "9 Schools" in first.text
