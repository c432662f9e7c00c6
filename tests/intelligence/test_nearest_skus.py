"""Which SKU an unknown one may mean: a suggestion with its reason, the likeliest first."""

from __future__ import annotations

import pytest

from intelligence.products import nearest_skus

KNOWN = ["ab-1042", "ab-1043", "ab-1142", "mug-blue-l", "mug-blue", "x1"]


@pytest.mark.parametrize(
    ("sku", "first", "reason"),
    [
        ("AB 1042", "ab-1042", "the same letters and digits"),
        ("MUGBLUEL", "mug-blue-l", "the same letters and digits"),
        ("MUG-BLEU", "mug-blue", "one slip away"),
        ("NEW-MUG-BLUE", "mug-blue", "the same but for something before or behind it"),
    ],
)
def test_the_likeliest_comes_first_with_its_reason(sku: str, first: str, reason: str) -> None:
    assert nearest_skus(sku, KNOWN)[0] == (first, reason)


@pytest.mark.parametrize("sku", ["", "--", "x2", "TEAPOT"])
def test_nothing_is_guessed_of_what_is_short_or_unlike_all(sku: str) -> None:
    assert nearest_skus(sku, KNOWN) == []


def test_no_more_than_three_are_named() -> None:
    assert len(nearest_skus("AB-104", ["ab1041", "ab1042", "ab1043", "ab1044"])) == 3
