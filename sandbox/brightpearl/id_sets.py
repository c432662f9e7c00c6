"""The vendor's ID sets: `8`, `1-10`, `1,5,9`, `1.5.9` and mixtures."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

from sandbox.brightpearl.refusals import refuse

_PART = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18}))?")


@dataclass(frozen=True, slots=True)
class IdSet:
    """Ascending or listed ranges, kept unexpanded so that `1-999999999` costs nothing."""

    ranges: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """How many ids the set names, existing or not."""
        return sum(last - first + 1 for first, last in self.ranges)

    def __contains__(self, number: object) -> bool:
        """Whether the set names the id."""
        return isinstance(number, int) and any(low <= number <= high for low, high in self.ranges)

    def ids(self) -> list[int]:
        """Every id, in the order named, each once. Check `size` first."""
        seen = dict.fromkeys(n for low, high in self.ranges for n in range(low, high + 1))
        return list(seen)

    def among(self, existing: Iterable[int], lookup: Container[int]) -> list[int]:
        """The ids that exist: in the order named, or for a wide set in the account's order."""
        wide = 10_000
        if self.size <= wide:
            return [number for number in self.ids() if number in lookup]
        if len(self.ranges) == 1:
            (low, high), *_ = self.ranges
            return [number for number in existing if low <= number <= high]
        return [number for number in existing if number in self]


def parse_id_set(text: str) -> IdSet | None:
    """The set that `text` spells; None for an empty text, zero, open or falling ranges."""
    ranges = []
    for part in re.split(r"[,.]", text):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        first = int(match[1])
        last = int(match[2]) if match[2] else first
        if first < 1 or last < first:
            return None
        ranges.append((first, last))
    return IdSet(tuple(ranges))


def require_id_set(text: str, limit: int | None = None) -> IdSet:
    """The set in a path segment.

    Raises: Refusal 400 for a malformed set or more than `limit` ids (limits are documented,
    the code is not).
    """
    parsed = parse_id_set(text)
    if parsed is None:
        refuse("CMNC-901", f"The ID set {text[:60]} cannot be parsed")
    if limit is not None and parsed.size > limit:
        refuse("CMNC-902", f"The ID set names {parsed.size} ids, at most {limit} are allowed")
    return parsed


def format_id_set(ids: Iterable[int]) -> str:
    """`1-2,5,8`: ascending, neighbours joined into ranges, as the vendor writes them."""
    ordered = sorted(set(ids))
    if len(ordered) > 1 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{ordered[0]}-{ordered[-1]}"
    parts: list[list[int]] = []
    for number in ordered:
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)
