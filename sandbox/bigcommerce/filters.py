"""Query parameters of V3 lists: filters with their operators, sorting, and the fields to show.

A resource declares what can be asked of its rows; every other parameter is refused by name, as
the vendor does.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sandbox.bigcommerce.api import UNPROCESSABLE, Call, refuse
from sandbox.bigcommerce.formats import read_moment, read_money

T = TypeVar("T")
Read = Callable[[str], Any]
PAGING = frozenset({"page", "limit"})
CURSORS = frozenset({"after", "before"})
FIELDS = frozenset({"include_fields", "exclude_fields"})
RANGE = ("", "min", "max", "greater", "less")
LISTS = ("in", "not_in")
DATES = ("", "min", "max")


def _is_at_least(value: Any, bound: Any) -> bool:  # noqa: ANN401 - whatever a field holds
    return bool(value is not None and value >= bound)


def _is_at_most(value: Any, bound: Any) -> bool:  # noqa: ANN401 - whatever a field holds
    return bool(value is not None and value <= bound)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "": lambda value, asked: bool(value == asked),
    "not": lambda value, asked: bool(value != asked),
    "like": lambda value, asked: asked in value,
    "min": _is_at_least,
    "max": _is_at_most,
    "greater": lambda value, bound: _is_at_least(value, bound) and value != bound,
    "less": lambda value, bound: _is_at_most(value, bound) and value != bound,
}
"""By operator; `in` and `not_in` compare with each of their values."""


@dataclass(frozen=True, slots=True)
class Filter(Generic[T]):
    """What can be asked of one field.

    A field with several values, such as categories, passes when one of them does.
    """

    value: Callable[[T], Any]
    read: Read
    """The text of the query as the field's kind of value; None when it is none."""
    operators: tuple[str, ...] = ("",)
    kind: str = "text"
    """For the refusal of a value that cannot be read."""
    is_part: bool = False
    """The value need only contain what was asked for."""

    def passes(self, operator: str, row: T, asked: Collection[Any]) -> bool:
        """Whether a row passes."""
        value = self.value(row)
        values = value if isinstance(value, tuple) else (value,)
        if operator == "in":
            return any(one in asked for one in values)
        if operator == "not_in":
            return not any(one in asked for one in values)
        compare = COMPARISONS["like" if self.is_part else operator]
        (bound,) = asked
        return any(compare(one, bound) for one in values)


def text(value: Callable[[T], str | tuple[str, ...]], *operators: str) -> Filter[T]:
    """Text, in any case."""

    def folded(row: T) -> str | tuple[str, ...]:
        found = value(row)
        if isinstance(found, tuple):
            return tuple(part.casefold() for part in found)
        return found.casefold()

    return Filter(folded, str.casefold, operators or ("",))


def number(value: Callable[[T], int | tuple[int, ...]], *operators: str) -> Filter[T]:
    """A whole number."""
    return Filter(value, _whole, operators or ("",), "integer")


def amount(value: Callable[[T], Decimal]) -> Filter[T]:
    """Money or a weight."""
    return Filter(value, read_money, ("",), "number")


def flag(value: Callable[[T], bool]) -> Filter[T]:
    """True or false, also as 1 and 0."""
    words = {"true": True, "1": True, "false": False, "0": False}
    return Filter(value, lambda asked: words.get(asked.casefold()), ("",), "boolean")


def moment(value: Callable[[T], datetime | None], *operators: str) -> Filter[T]:
    """A date, to the second."""

    def second(row: T) -> datetime | None:
        found = value(row)
        return None if found is None else found.replace(microsecond=0)

    return Filter(second, read_moment, operators or DATES, "date")


def _whole(asked: str) -> int | None:
    digits = asked.removeprefix("-")
    return int(asked) if digits.isascii() and digits.isdigit() else None


def select(
    call: Call,
    rows: Iterable[T],
    filters: Mapping[str, Filter[T]],
    others: Iterable[str] = PAGING,
) -> list[T]:
    """The rows that pass every filter of the query.

    In: `others` are parameters that filter nothing.
    Raises: Refusal 422 that names parameters nobody knows, or a value that cannot be read.
    """
    known = {
        f"{name}:{operator}" if operator else name: (one, operator)
        for name, one in filters.items()
        for operator in one.operators
    }
    allowed = {*known, *others}
    if unknown := [name[:60] for name in call.query if name not in allowed]:
        names = ", ".join(unknown)
        refuse(UNPROCESSABLE, f"The filter(s): {names} are not valid filter parameter(s).", {})
    found = list(rows)
    for name in call.query:
        if name in known:
            one, operator = known[name]
            values = _values(call, name, one, is_list=operator in LISTS)
            asked = frozenset(values) if operator in LISTS else values
            found = [row for row in found if one.passes(operator, row, asked)]
    return found


def _values(call: Call, name: str, one: Filter[T], *, is_list: bool) -> list[Any]:
    sent = call.query[name]
    parts = [part.strip() for part in sent.split(",")] if is_list else [sent]
    values = [one.read(part) for part in parts]
    if None in values:
        refuse(
            UNPROCESSABLE,
            f'Query parameter "{name}" value must be {one.kind}. For input string: "{sent[:60]}".',
            {},
        )
    return values


def arranged(
    call: Call, rows: list[T], sorts: Mapping[str, Callable[[T], Any]], *, direction: str = ""
) -> list[T]:
    """The rows as `sort` asks; ties keep their order.

    In: the `direction` that the query has besides `sort`; else `sort` is `name:asc` or `:desc`.
    Raises: Refusal 422.
    """
    asked = call.query.get("sort")
    if asked is None:
        return rows[::-1] if direction == "desc" else rows
    name, _, way = asked.partition(":")
    way = way or direction or "asc"
    if name not in sorts or way not in {"asc", "desc"}:
        refuse(UNPROCESSABLE, f'Query parameter "sort" value is invalid: "{asked[:60]}".', {})
    return sorted(rows, key=sorts[name], reverse=way == "desc")


def includes(call: Call, known: Iterable[str]) -> frozenset[str]:
    """The sub-resources that `include` names.

    Raises: Refusal 422 for one that does not exist.
    """
    asked = frozenset(filter(None, call.query.get("include", "").split(",")))
    if unknown := sorted(asked - set(known)):
        refuse(UNPROCESSABLE, f'Query parameter "include" is invalid: "{unknown[0][:60]}".', {})
    return asked


def trimmed(call: Call, document: dict[str, Any], included: Iterable[str] = ()) -> dict[str, Any]:
    """The document with the fields that the query asks for; the id and includes always stay."""
    kept = {"id", *included}
    wanted = set(filter(None, call.query.get("include_fields", "").split(",")))
    unwanted = set(filter(None, call.query.get("exclude_fields", "").split(","))) - kept
    return {
        name: value
        for name, value in document.items()
        if (not wanted or name in wanted | kept) and name not in unwanted
    }
