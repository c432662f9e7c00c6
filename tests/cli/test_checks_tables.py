"""What `causeway doctor` says of stock."""

import pytest

from cli.checks_tables import placed, settled
from core.settings import StockSettings
from mappings.stock_places import read_places
from mappings.tables import Table, TableRow

WAREHOUSES = {"2", "3"}
LOCATIONS = {"1": True, "7": False}
NOTHING_KEPT = Table("stock_buffers", ())


def places(*rows):
    lines = tuple(TableRow(n + 2, *row) for n, row in enumerate(rows))
    return read_places(Table("stock_locations", lines), NOTHING_KEPT, "1")


def states(findings):
    return [(one.state, one.text) for one in findings]


def test_places_that_exist_are_sound():
    (found,) = placed(places(("2", "1"), ("3", "1")), WAREHOUSES, LOCATIONS)
    assert (found.state, found.text) == ("ok", "2 warehouses feed 1 location")


@pytest.mark.parametrize(
    ("rows", "state", "said"),
    [
        ([("9", "1")], "fail", "names the warehouses 9, which the account lacks"),
        ([("2", "4")], "fail", "names the locations 4, which the store lacks"),
        ([("2", "7")], "warn", "locations 7 are disabled in the store"),
        ([], "warn", "no warehouse feeds any location"),
    ],
)
def test_a_place_that_is_not_as_it_should_be_is_named_with_its_remedy(rows, state, said):
    first = next(placed(places(*rows), WAREHOUSES, LOCATIONS))
    assert first.state == state
    assert said in first.text
    assert first.remedy


def test_a_warehouse_of_several_locations_offers_its_units_at_each():
    found = list(placed(places(("2", "1 7"), ("3", "1")), WAREHOUSES, {"1": True, "7": True}))
    assert [one.state for one in found] == ["warn", "ok"]
    assert "warehouses 2 feed several locations" in found[0].text


def test_settings_that_name_a_location_which_nothing_feeds_are_named():
    wrong = StockSettings(sales_location="5", bigcommerce_owned_locations=("1", "6"))
    assert states(settled(places(("2", "1")), wrong)) == [
        ("warn", "CAUSEWAY_STOCK__SALES_LOCATION names 5, which no warehouse feeds"),
        ("warn", "CAUSEWAY_STOCK__BIGCOMMERCE_OWNED_LOCATIONS names 6, which no warehouse feeds"),
    ]
    assert not list(settled(places(("2", "1")), StockSettings()))
