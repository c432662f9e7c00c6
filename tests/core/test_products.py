"""Categories with those above them."""

from __future__ import annotations

from core.products import category_paths


def test_a_category_stands_behind_those_above_it() -> None:
    tree = {1: (" Home ", 0), 2: ("Kitchen", 1), 3: ("Mugs", 2), 9: ("Sale", 0)}
    assert category_paths(tree) == {
        1: "Home",
        2: "Home > Kitchen",
        3: "Home > Kitchen > Mugs",
        9: "Sale",
    }


def test_a_circle_ends_where_it_closes_and_an_unknown_parent_is_the_top() -> None:
    assert category_paths({"1": ("a", "2"), "2": ("b", "1"), "3": ("c", "8")}) == {
        "1": "b > a",
        "2": "a > b",
        "3": "c",
    }
