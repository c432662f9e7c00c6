"""Resource searches: filters by type, rows as arrays, paging by offset."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Routes, answer
from sandbox.brightpearl.formats import parse_moment, stamp
from sandbox.brightpearl.id_sets import parse_id_set
from sandbox.brightpearl.refusals import HTTP_SERVER_ERROR, refuse
from sandbox.kit.routing import Reply

R = TypeVar("R")

MAX_PAGE = 500
PAGE_PARAMETERS = frozenset({"columns", "pageSize", "firstResult", "countOnly"})
"""They choose a page and its columns, not what the search finds."""
OTHER_PARAMETERS = PAGE_PARAMETERS | {"sort", "includeOptional", "excludeOptional"}
FINDS_KEPT = 8
Test = Callable[[Any], bool]
Names = Callable[[R], tuple[object, object] | None]
"""An id of a record and its name, or None where the record has none."""


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column or filter: its type as the vendor names it, and where the value comes from."""

    name: str
    type_name: str
    value: Callable[[R], object]
    is_sortable: bool = True
    is_filterable: bool = True
    is_shown: bool = True
    """Whether it is a column, not only a filter."""
    names: Mapping[str, Names[R]] = field(default_factory=dict)
    """Names of ids that come next to the response, by what the vendor calls them."""

    def describe(self) -> dict[str, Any]:
        """The entry in `metaData.columns`; no recorded column is searchable as free text."""
        return {
            "name": self.name,
            "sortable": self.is_sortable,
            "filterable": self.is_filterable,
            "reportDataType": self.type_name,
            "referenceData": list(self.names),
            "isFreeTextSearchable": False,
            "required": False,
        }


@dataclass(frozen=True)
class Search(Generic[R]):
    """A searchable resource.

    `records` yields in ascending id order. `narrow` gives, for a filter name, a quicker way
    to candidates.
    """

    path: str
    columns: Sequence[Column[R]]
    records: Callable[[Account], Iterable[R]]
    created_at: Callable[[R], datetime | None] = lambda _: None
    filters: Sequence[Column[R]] = ()
    narrow: Mapping[str, Callable[[Account, str], Iterable[R]]] = field(default_factory=dict)
    changes: Callable[[Account], int] | None = None
    """Counts the changes of these records. Given for large resources: as long as it is the same,
    further pages of a search come from what its first page found."""

    def register(self, routes: Routes) -> None:
        """Declare the search and its description."""
        routes("GET", self.path)(self._run)
        routes("GET", f"{self.path}/meta-data")(self._describe)

    def _describe(self, _account: Account, _call: Call) -> Reply:
        filters = [column.describe() for column in (*self.columns, *self.filters)]
        columns = [column.describe() for column in self.columns]
        return answer(
            {"columns": columns, "filters": filters, "sorting": [self._sorting("ASC", 0)]}
        )

    def _sorting(self, direction: str, index: int) -> dict[str, Any]:
        return {"filterable": self.columns[index].describe(), "direction": direction}

    def _run(self, account: Account, call: Call) -> Reply:
        found = self._found(account, call)
        columns = self._chosen(account, call.query.get("columns"))
        first = max(1, _count(call, "firstResult", 1))
        size = max(1, min(MAX_PAGE, _count(call, "pageSize", MAX_PAGE)))
        page = found[first - 1 : first - 1 + size]
        if call.query.get("countOnly") == "true":
            page = []
        meta: dict[str, Any] = {
            "morePagesAvailable": first - 1 + len(page) < len(found) and bool(page),
            "resultsAvailable": len(found),
            "resultsReturned": len(page),
        }
        if page:
            meta |= {"firstResult": first, "lastResult": first - 1 + len(page)}
        meta["columns"] = [column.describe() for column in columns]
        meta["sorting"] = [self._sorting("ASC", 0)]
        zone = account.zone
        results = []
        for record in page:
            values = [column.value(record) for column in columns]
            results.append([stamp(v, zone) if isinstance(v, datetime) else v for v in values])
        body = {"response": {"metaData": meta, "results": results}}
        return Reply(200, {**body, "reference": self._names(page)})

    def _names(self, page: Sequence[R]) -> dict[str, dict[str, object]]:
        """The names of all ids on the page, of each kind that is on it."""
        found: dict[str, dict[str, object]] = {}
        for column in self.columns:
            for kind, name_of in column.names.items():
                named = dict(item for item in map(name_of, page) if item is not None)
                if named:
                    found[kind] = {str(number): name for number, name in named.items()}
        return found

    def _found(self, account: Account, call: Call) -> list[R]:
        """All that match, in their order."""
        if self.changes is None or account.switches.search_lag_s > 0:
            return self._sorted(self._matching(account, call), call.query.get("sort"))
        wanted = sorted(item for item in call.query.items() if item[0] not in PAGE_PARAMETERS)
        key, changes = (self.path, tuple(wanted)), self.changes(account)
        kept = account.finds.pop(key, None)
        is_first = _count(call, "firstResult", 1) <= 1
        if kept is None or kept[0] != changes or is_first:
            found = self._sorted(self._matching(account, call), call.query.get("sort"))
            kept = (changes, found)
        account.finds[key] = kept
        while len(account.finds) > FINDS_KEPT:
            del account.finds[next(iter(account.finds))]
        return kept[1]

    def _chosen(self, account: Account, wanted: str | None) -> list[Column[R]]:
        columns = list(self.columns)
        if wanted:
            by_name = {column.name: column for column in columns}
            columns = [by_name[name] for name in wanted.split(",") if name in by_name] or columns
        if account.switches.shuffle_columns:
            account.random.shuffle(columns)
        return columns

    def _matching(self, account: Account, call: Call) -> list[R]:
        known = {column.name: column for column in (*self.columns, *self.filters)}
        tests: list[tuple[Callable[[R], object], Test]] = []
        candidates: Iterable[R] | None = None
        for name, text in call.query.items():
            if name in OTHER_PARAMETERS:
                continue
            column = known.get(name)
            if column is None or not column.is_filterable:
                if account.switches.unknown_filter == "refuse":
                    refuse("CMNC-908", f"The filter {name[:40]} is not known")
                continue
            tests.append((column.value, parse_filter(column.name, column.type_name, text, account)))
            if candidates is None and name in self.narrow:
                candidates = self.narrow[name](account, text)
        records = self.records(account) if candidates is None else candidates
        visible = self._visible(account, records)
        if not tests:
            return list(visible)
        return [item for item in visible if all(test(value(item)) for value, test in tests)]

    def _visible(self, account: Account, records: Iterable[R]) -> Iterable[R]:
        lag = account.switches.search_lag_s
        if lag <= 0:
            return records
        limit = account.now() - timedelta(seconds=lag)
        return (item for item in records if (self.created_at(item) or limit) <= limit)

    def _sorted(self, found: list[R], wanted: str | None) -> list[R]:
        if not wanted:
            return found
        by_name = {column.name: column for column in self.columns}
        for part in reversed(wanted.replace("|", ".").split(",")):
            name, _, direction = part.partition(".")
            column = by_name.get(name)
            if column is not None and column.is_sortable:
                value = column.value
                found = sorted(
                    found, key=lambda item: _order(value(item)), reverse=direction.upper() == "DESC"
                )
        return found


def _order(value: object) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _count(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None or text == "":
        return default
    if not text.isdigit():
        _unreadable(name, text, "INTEGER")
    return int(text)


def _unreadable(name: str, text: str, type_name: str) -> None:
    """A client's mistake, answered with HTTP 500 as the vendor does."""
    refuse(
        "CMNC-018",
        f"The filter {name}={text[:60]} cannot be parsed as: {type_name}",
        HTTP_SERVER_ERROR,
    )


def parse_filter(name: str, type_name: str, text: str, account: Account) -> Test:
    """The test that a filter value spells.

    Raises: Refusal 500 `CMNC-018` when it cannot be read as its type.
    """
    test = _PARSERS[type_name](text, account)
    if test is None:
        _unreadable(name, text, type_name)
        return lambda _: False
    return test


def _integer(text: str, _account: Account) -> Test | None:
    if not text.removeprefix("-").isdigit():
        return None
    number = int(text)
    return lambda value: value == number


def _id_set(text: str, _account: Account) -> Test | None:
    if text == "0":
        return lambda value: value == 0
    wanted = parse_id_set(text)
    return None if wanted is None else lambda value: value in wanted


def _string(text: str, _account: Account) -> Test | None:
    return lambda value: value == text


def _search_string(text: str, _account: Account) -> Test | None:
    folded = text.casefold()
    return lambda value: value is not None and folded in str(value).casefold()


def _string_set(text: str, _account: Account) -> Test | None:
    wanted = frozenset(text.split(","))
    return lambda value: value in wanted


def _boolean(text: str, _account: Account) -> Test | None:
    if text not in {"true", "false"}:
        return None
    return lambda value: value is (text == "true")


def _period(text: str, account: Account) -> Test | None:
    start, slash, end = text.partition("/")
    low = parse_moment(start, account.zone) if start else None
    high = parse_moment(end, account.zone) if end else None
    if (start and low is None) or (end and high is None) or (low is None and high is None):
        return None
    if not slash:
        whole_day = len(start) == len("2026-01-01")
        high = low + timedelta(days=1) if low is not None and whole_day else low
    return lambda value: (
        value is not None and (low is None or value >= low) and (high is None or value <= high)
    )


_PARSERS: Mapping[str, Callable[[str, Account], Test | None]] = {
    "INTEGER": _integer,
    "IDSET": _id_set,
    "STRING": _string,
    "SEARCH_STRING": _search_string,
    "FREE_TEXT_QUERY": _search_string,
    "STRING_SET": _string_set,
    "BOOLEAN": _boolean,
    "PERIOD": _period,
    "DATETIME": _period,
}


# --- quicker ways to the candidates of a filter

Narrow = Callable[[Account, str], Iterable[R]]


def by_ids(book: Callable[[Account], dict[int, R]]) -> Narrow[R]:
    """Records by an ID set of their own ids."""

    def narrow(account: Account, text: str) -> Iterable[R]:
        records, wanted = book(account), parse_id_set(text)
        ids = wanted.among(records, records) if wanted is not None else []
        return [records[number] for number in sorted(ids)]

    return narrow


def by_key(
    book: Callable[[Account], dict[int, R]],
    index: Callable[[Account], Mapping[str, Sequence[int]]],
) -> Narrow[R]:
    """Records by a text that an index has."""

    def narrow(account: Account, text: str) -> Iterable[R]:
        return [book(account)[number] for number in sorted(index(account).get(text, ()))]

    return narrow


def by_owners(
    book: Callable[[Account], dict[int, R]],
    index: Callable[[Account], Mapping[int, Sequence[int]]],
) -> Narrow[R]:
    """Records by an ID set of the records that they belong to."""

    def narrow(account: Account, text: str) -> Iterable[R]:
        records, wanted = book(account), parse_id_set(text)
        if wanted is None:
            return records.values()
        ids = [number for owner in wanted.ids() for number in index(account).get(owner, ())]
        return [records[number] for number in sorted(ids)]

    return narrow


def since(
    book: Callable[[Account], dict[int, R]],
    moment_of: Callable[[R], datetime | None],
    *,
    latest: Callable[[Account], dict[int, R]] | None = None,
) -> Narrow[R]:
    """Records from the moment on at which a PERIOD filter starts, by id.

    In: `latest` has the records in rising order of that moment; without it the book has, because
    ids rise with time. After the sandbox clock was turned back neither does, and all are given.
    """
    order = latest or book

    def narrow(account: Account, text: str) -> Iterable[R]:
        if account.clock_went_back:
            return book(account).values()
        start = parse_moment(text.partition("/")[0], account.zone)
        found = []
        for number, record in reversed(order(account).items()):
            moment = moment_of(record)
            if start is not None and moment is not None and moment < start:
                break
            found.append((number, record))
        return [record for _, record in sorted(found, key=itemgetter(0))]

    return narrow
