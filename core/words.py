"""Numbers in sentences for people."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """The number with its noun: `1 record`, `2 records`; a plural that is not the noun and an s."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"
