"""How files of the mappings are named for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from mappings.files import with_paths

OWN = Path("/etc/shop/mappings")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Correct mappings/tables/skus.csv.", "Correct /etc/shop/mappings/tables/skus.csv."),
        ("Clip it in mappings/orders.yaml", "Clip it in /etc/shop/mappings/orders.yaml"),
        ("See docs/mappings/tables/skus.csv", "See docs/mappings/tables/skus.csv"),
        ("causeway mappings publish", "causeway mappings publish"),
    ],
)
def test_a_file_is_named_where_the_installation_has_it(said: str, shown: str) -> None:
    assert with_paths(said, OWN) == shown
    assert with_paths(shown, OWN) == shown
    assert with_paths(said, None) == said
