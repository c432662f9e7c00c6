"""Steps that look for something inside a text. README.md lists all steps for people."""

from __future__ import annotations

import re
from decimal import Decimal

from mappings.context import Context
from mappings.steps import step
from mappings.tables import comparable
from mappings.value_steps import Lookup


@step("find")
class Find(Lookup):
    """By a table, the row whose value stands in the text as whole words; the longest one wins."""

    def of(self, value: str | Decimal, context: Context) -> str:
        """Give that row's right side, which may be blank."""
        text = comparable(str(value))
        rows = [row for row in context.tables[self.table].rows if _stands_in(row.value, text)]
        found = max(rows, key=lambda row: len(row.value), default=None)
        if found is None:
            return str(value) if self.otherwise == "keep" else ""
        return found.becomes

    def reason(self, value: str) -> str:
        """Name value and table."""
        return f"no value of mappings/tables/{self.table}.csv stands in {value!r}"


def _stands_in(words: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(comparable(words))}(?!\w)", text) is not None
