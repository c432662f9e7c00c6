"""Sets of ids as Brightpearl writes them: `1-5,99,202`. Source: API reference, resource id sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

MOST = 200
"""Ids per GET that every resource takes."""


def chunks(ids: Iterable[str], size: int = MOST) -> Iterator[Sequence[str]]:
    """The ids, sorted and without repetition, in runs of at most `size`."""
    ordered = [str(number) for number in sorted({int(one) for one in ids})]
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def id_set(ids: Iterable[str]) -> str:
    """The shortest way to write these ids: neighbours become ranges.

    Raises: ValueError for an empty set, which Brightpearl would read as everything.
    """
    runs: list[list[int]] = []
    for number in sorted({int(one) for one in ids}):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    if not runs:
        raise ValueError("an id set must not be empty")
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
