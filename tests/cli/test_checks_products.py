"""What the doctor says of the tables of products: against both sandboxes."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from world import PAIR

import mappings
from cli.checks import Finding
from cli.checks_tables import product_checks
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import load_settings
from mappings.bundle import load_bundle


def findings() -> list[Finding]:
    settings = load_settings()
    pair = settings.pair(PAIR)
    with (
        closing(BigCommerce(pair.bigcommerce)) as store,
        closing(Brightpearl(pair.brightpearl)) as account,
    ):
        tables = load_bundle(settings.mappings_path).tables
        return list(product_checks(tables, store, account))


@pytest.mark.usefixtures("world")
def test_what_the_shipped_tables_name_exists() -> None:
    found = findings()

    assert len(found) == 8
    assert [one for one in found if one.state != "ok"] == []


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("table", "row", "what"),
    [
        ("account_brands", "Acme,No such brand", "No such brand"),
        ("account_categories", "Sale,Home > Nowhere", "Home > Nowhere"),
        ("account_tax_codes", "2,T99", "T99"),
        ("account_tax_codes", "77,T20", "77"),
        ("product_types", "Acme,999", "999"),
        ("brands", "No such brand,Acme", "No such brand"),
        ("categories", "Home > Nowhere,Sale", "Home > Nowhere"),
        ("tax_classes", "T99,0", "T99"),
        ("tax_classes", "T0,88", "88"),
    ],
)
def test_a_row_that_names_what_does_not_exist_is_found_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, row: str, what: str
) -> None:
    copy = tmp_path / "mappings"
    shutil.copytree(
        Path(mappings.__file__).parent, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    path = copy / "tables" / f"{table}.csv"
    kept = [
        one
        for one in path.read_text("utf-8").splitlines()
        if one.split(",")[0] != row.split(",", maxsplit=1)[0]
    ]
    path.write_text("\n".join([*kept, f"{row},"]) + "\n", "utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))

    (wrong,) = [one for one in findings() if one.state == "fail"]

    assert what in wrong.text
    assert f"{table}.csv" in wrong.remedy
