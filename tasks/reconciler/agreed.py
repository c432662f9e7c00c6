"""What both systems last agreed on about a record, as its link keeps it.

Who changed what is found by comparing each side with this, never by comparing times: a side that
still reads like it was agreed on was not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from store.links import Link


class Agreed(BaseModel):
    """One record as it stood on both sides when they last agreed."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def of(cls, link: Link | None) -> Self:
        """What the link keeps; nothing of a record that is not linked."""
        return cls.model_validate(link.detail if link else {})

    def detail(self) -> dict[str, Any]:
        """As the link keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)


def fingerprint(parts: Iterable[str]) -> str:
    """A record's content as one short text: equal exactly where the content is. Order matters."""
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:32]
