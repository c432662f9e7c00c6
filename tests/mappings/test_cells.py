"""Tables hold what they say, before they are published."""

from __future__ import annotations

import pytest

from mappings.bundle import Bundle, load_bundle
from mappings.cells import TABLES


def problems(name: str, *lines: str) -> list[str]:
    """What is wrong with a table of these lines, all other files as shipped."""
    files = dict(load_bundle().files)
    header = files.get(f"tables/{name}.csv", "value,becomes,note\n").partition("\n")[0]
    short = header if header.count(",") == 2 else "value,becomes,note"
    files[f"tables/{name}.csv"] = "\n".join([short, *lines, ""])
    bundle = Bundle.from_files(files)
    return [str(problem) for problem in bundle.cell_problems]


def test_the_shipped_tables_hold_what_they_say() -> None:
    bundle = load_bundle()
    assert bundle.cell_problems == ()
    assert TABLES.keys() <= set(bundle.tables)


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("shipping_providers", "3,dhl,", "shipping_providers.csv:2: becomes: 'dhl' is not one of"),
        ("shipping_providers", "courier,ups,", "value: 'courier' is not an id"),
        ("stock_locations", "2,1.5,", "becomes: '1.5' is not one or more location ids"),
        ("stock_locations", '2,"1,5",', "becomes: '1,5' is not one or more location ids"),
        ("stock_locations", "2,,", "becomes: must be one or more location ids"),
        ("stock_buffers", "ABC-1 | 1,some,", "becomes: 'some' is not a whole number"),
        ("stock_buffers", "ABC-1 | 1 | 1 | 1,2,", "is not `SKU | location | channel`"),
        ("carriers", "2,Royal Mail,", "'Royal Mail' is not a courier's slug"),
        ("warehouses", "1,main,", "becomes: 'main' is not an id"),
        ("order_status", "shipped,2,", "value: 'shipped' is not a status id"),
        ("tracking_references", "/,split,", "'split' is not `separator` or `placeholder`"),
        ("return_conditions", "mint,sell,", "'sell' is not `restock`"),
        ("quarantine_locations", "2,shelf,", "'shelf' is not an id"),
    ],
)
def test_a_cell_of_the_wrong_kind_is_named_by_line_and_column(
    name: str, line: str, said: str
) -> None:
    (found,) = problems(name, line)
    assert said in found


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("shipping_providers", "3,carrier_7,"),
        ("shipping_providers", "3,,"),
        ("stock_locations", "2,1 3,"),
        ("stock_buffers", "*,3,"),
        ("stock_buffers", "ABC-1 | 1 | 2,0,"),
        ("warehouses", "*,2,"),
        ("shipping_methods", "Royal Mail,2,"),
    ],
)
def test_what_a_merchant_may_write_is_taken(name: str, line: str) -> None:
    assert problems(name, line) == []


def test_a_published_version_with_such_a_cell_is_still_read() -> None:
    files = {
        **load_bundle().files,
        "tables/shipping_providers.csv": "value,becomes,note\n3,dhl,\n",
    }
    bundle = Bundle.from_files(files, version="7")
    assert bundle.tables["shipping_providers"].get("3") == "dhl"
