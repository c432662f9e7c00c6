"""How numbers read in sentences."""

from __future__ import annotations

import pytest

from core.words import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (-1, "-1 records")]
)
def test_a_noun_is_singular_for_one_alone(count: int, said: str) -> None:
    assert counted(count, "record") == said


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2, "entry", "entries") == "2 entries"
