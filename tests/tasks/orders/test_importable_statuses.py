"""Which statuses of the store start an import: by settings, by table, by an older table."""

from __future__ import annotations

import pytest

from core.settings import OrderSettings
from mappings.bundle import Bundle, load_bundle
from tasks.bigcommerce.orders import IMPORTED_BEFORE, importable_statuses

SHIPPED = load_bundle()


def with_table(text: str) -> Bundle:
    return Bundle.from_files({**SHIPPED.files, "tables/order_status.csv": text})


@pytest.mark.parametrize(
    ("bundle", "settings", "found"),
    [
        (SHIPPED, OrderSettings(), {11, 9, 8, 7, 10, 2, 3, 14}),
        (SHIPPED, OrderSettings(importable_statuses=(0, 11, 12)), {11, 12}),
        (with_table("value,becomes,note\n11,2,\n14,2,\n"), OrderSettings(), {*IMPORTED_BEFORE}),
        (with_table("value,becomes,imports,note\n11,2,2,\n10,19,,\n"), OrderSettings(), {11}),
    ],
)
def test_the_statuses_that_start_an_import(
    bundle: Bundle, settings: OrderSettings, found: set[int]
) -> None:
    assert importable_statuses(settings, bundle) == found
