"""Sets of ids as Brightpearl writes them: `1-5,99,202`. Source: API reference, resource id sets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

MOST = 200
"""Ids per GET that every resource takes."""
LONGEST = 4000
"""Characters of a set; 500 scattered ids may need more, and long URLs were refused (414)."""
MOST_READ = 5_000_000
"""A set that names more ids than this is no answer but a mistake."""
_PART = re.compile(r"([1-9]\d{0,18})(?:-([1-9]\d{0,18}))?")


def chunks(ids: Iterable[str], size: int = MOST) -> Iterator[Sequence[str]]:
    """The ids, sorted and without repetition, in runs of at most `size` that fit into a URL."""
    ordered = [str(number) for number in sorted({int(one) for one in ids})]
    for start in range(0, len(ordered), size):
        yield from _fitting(ordered[start : start + size])


def _fitting(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(id_set(ids)) <= LONGEST:
        yield ids
        return
    middle = len(ids) // 2
    yield from _fitting(ids[:middle])
    yield from _fitting(ids[middle:])


def id_set(ids: Iterable[str]) -> str:
    """The shortest way to write these ids: neighbours become ranges.

    Raises: ValueError for an empty set, which Brightpearl
    would read as everything, and for what is no positive number.
    """
    runs: list[list[int]] = []
    for number in sorted({int(one) for one in ids}):
        if number < 1:
            raise ValueError("ids are positive numbers")
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if not runs:
        raise ValueError("an id set must not be empty")
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
