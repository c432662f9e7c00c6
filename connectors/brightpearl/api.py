"""How Brightpearl is asked, and what its answers mean.

A set of ids is written as `1-5,99,202` (API reference, resource id sets). A search answers rows as
arrays, whose columns every page names anew. Source of the rest: API reference on throttling and
error codes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from connectors.budget import RateLimit, budget_of
from connectors.documents import Document
from connectors.http import Answer, Client, System, clean, number, unreadable
from core.errors import (
    CausewayError,
    ConfigError,
    ContractError,
    FaultError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
    UnreadError,
)
from core.settings import BrightpearlSettings
from core.times import to_iso

MOST = 200
"""Ids per GET that every resource takes."""
LONGEST = 4000
"""Characters of a set; 500 scattered ids may need more, and long URLs were refused (414)."""
PAGE = 500
"""Rows of a page, the most that Brightpearl gives."""
LIMIT = 200
"""Requests a minute of a private app; the headers win where they say more."""
MOST_OF_NONE = 6
"""So many parts may fail while none is read; one more, and it is an outage: all quarters fail."""
MOST_FAILED = 40
"""So many parts of one whole may fail: four records in 200 need as many."""
SHOWN = 5
"""Records that an error names."""
THROTTLED = "too many requests"
REFUSALS = {"C", "B"}
"""The kinds of error codes, such as CMNC-018 and ORDB-001, by which a request is refused whatever
the HTTP status; U, as in CMNU-003, is Brightpearl's own fault."""
KIND_AT = 3
TIMED_OUT = {408, 499}
"""What a proxy in between may answer."""
RIGHTS = (
    "Check CAUSEWAY_BRIGHTPEARL__APP_REF, __ACCOUNT_TOKEN and __ACCOUNT, and that the app is "
    "enabled in Brightpearl (docs/settings.md)."
)
URL = "CAUSEWAY_BRIGHTPEARL__API_URL may be wrong: it ends in /public-api, without the account."
D = TypeVar("D", bound=Document)
T = TypeVar("T")


class Api(Client):
    """One account. Thread-safe. Each request is sent once; the calling task decides on retries."""

    def __init__(
        self,
        settings: BrightpearlSettings,
        *,
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        super().__init__(
            System(
                "Brightpearl",
                f"{settings.api_url.rstrip('/')}/{settings.account}",
                {
                    "brightpearl-app-ref": settings.app_ref,
                    "brightpearl-account-token": settings.account_token.get_secret_value(),
                },
                interpret,
            ),
            budget_of(
                settings.api_url,
                settings.account,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def _search(self, path: str, model: type[D], **filters: Any) -> Iterator[D]:  # noqa: ANN401
        """Every row that a search finds, sorted by id, page by page.

        What it says is available is not believed: some searches always say 500.

        Raises: ContractError when rows or columns are not what a search answers; RejectedError for
        a filter that cannot be parsed (`CMNC-018`).
        """
        first, is_last = 1, False
        while not is_last:
            asked = {**filters, "pageSize": PAGE, "firstResult": first}
            answer = self._send("GET", path, params=asked)
            try:
                response = answer.body["response"]
                meta = response["metaData"]
                columns = [column["name"] for column in meta["columns"]]
                rows = [dict(zip(columns, row, strict=True)) for row in response["results"]]
            except (KeyError, TypeError, ValueError) as error:
                problem = f"with what is no page of a search ({type(error).__name__})"
                raise unreadable(answer, problem) from None
            for row in rows:
                yield self._one(model, answer, row)
            is_last = not rows or not meta.get("morePagesAvailable")
            first += len(rows)

    def _together(
        self, ids: Iterable[str], read: Callable[[Sequence[str]], Iterable[T]], *, size: int = MOST
    ) -> Iterator[T]:
        """What `read` makes of these ids, many to a request.

        A set that they fail to answer is read by halves, which finds the records it is due to.

        Raises: UnreadError in the end where a few cannot be read and all others can; TransientError
        where so much fails that it is no record's fault.
        """
        unread: list[str] = []
        for whole in chunks(ids, size):
            found: list[T] = []
            parts, failed, read_any = deque([whole]), 0, False
            while parts:
                part = parts.popleft()
                try:
                    found += read(part)
                    read_any = True
                except FaultError:
                    failed += 1
                    is_last = len(part) == 1 and not parts
                    is_too_much = failed > (MOST_FAILED if read_any else MOST_OF_NONE)
                    if is_too_much or (is_last and not read_any):
                        raise
                    if len(part) == 1:
                        unread += part
                    else:
                        middle = len(part) // 2
                        parts += [part[:middle], part[middle:]]
            yield from found
        if unread:
            named = ", ".join(unread[:SHOWN])
            raise UnreadError(f"Brightpearl cannot show {len(unread)} of these records: {named}.")

    def _all(self, path: str, model: type[D]) -> list[D]:
        answer = self._send("GET", path)
        return [self._one(model, answer, row) for row in self._field(answer, "response", list)]


def by_id(found: Mapping[str, Any]) -> dict[str, Any]:
    """The records of a map by their ids, in sequence.

    Fields are added without notice: a name that is no number is such a field, and no record.
    """
    return {name: found[name] for name in sorted(filter(str.isdecimal, found), key=int)}


def chunks(ids: Iterable[str], size: int = MOST) -> Iterator[Sequence[str]]:
    """The ids, sorted and without repetition, in runs of at most `size` that fit into a URL."""
    ordered = [str(number) for number in sorted({int(one) for one in ids})]
    left = [ordered[start : start + size] for start in range(0, len(ordered), size)][::-1]
    while left:
        part = left.pop()
        if len(id_set(part)) <= LONGEST:
            yield part
        else:
            middle = len(part) // 2
            left += [part[middle:], part[:middle]]


def id_set(ids: Iterable[str]) -> str:
    """The shortest way to write these ids: neighbours become ranges.

    Raises: ValueError for an empty set, which Brightpearl would read as everything, and for what
    is no positive number.
    """
    runs: list[list[int]] = []
    for one in sorted({int(one) for one in ids}):
        if one < 1:
            raise ValueError("ids are positive numbers")
        if runs and runs[-1][1] == one - 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    if not runs:
        raise ValueError("an id set must not be empty")
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def period(start: datetime | None, end: datetime | None = None) -> str:
    """A PERIOD filter; an end that is left out is open."""
    return f"{to_iso(start) if start else ''}/{to_iso(end) if end else ''}"


def new_or_changed(since: datetime | None) -> list[dict[str, str]]:
    """Filters for what is new or changed: `updatedOn` stays empty until the first change."""
    if since is None:
        return [{}]
    return [{"createdOn": period(since)}, {"updatedOn": period(since)}]


def interpret(answer: Answer) -> tuple[RateLimit, CausewayError | None]:
    """How much of the minute an answer leaves, and the error that it is, or None."""
    left = number(answer.headers.get("brightpearl-requests-remaining"))
    resets_in_ms = number(answer.headers.get("brightpearl-next-throttle-period"))
    rate_limit = RateLimit(
        left=None if left is None else int(left),
        limit=None if left is None else LIMIT,
        resets_in_s=None if resets_in_ms is None else resets_in_ms / 1000,
        throttled=is_throttled(answer.status, answer.body),
    )
    what = f"Brightpearl answered {answer.what} with {answer.status}"
    error: CausewayError | None = None
    if rate_limit.throttled:
        wait_s = rate_limit.resets_in_s
        error = TransientError(f"{what}: too many requests.", retry_after_s=wait_s)
    elif not answer.is_success:
        error = refusal(what, answer.status, answer.body, is_write=answer.is_write)
    elif answer.body is not None and not isinstance(answer.body, dict):
        error = unreadable(answer, "without its envelope", remedy=URL)
    return rate_limit, error


def is_throttled(status: int, body: Any) -> bool:  # noqa: ANN401 - their JSON
    """Whether we were too fast: a 503 that says so, or a 429. Neither did anything."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    text = body.get("response") if isinstance(body, dict) else body
    unavailable = status == HTTPStatus.SERVICE_UNAVAILABLE
    return unavailable and isinstance(text, str) and THROTTLED in text.lower()


def refusal(what: str, status: int, body: Any, *, is_write: bool) -> CausewayError:  # noqa: ANN401
    """The error behind a failed status, for a whole answer or one message of a multi-message.

    A 5xx is not always worth another try: client mistakes come as 500 with a code. Without such a
    code a write may have been carried out. The text of a 401 echoes the token and is never used.
    """
    code, reason = _first_error(body)
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return ConfigError(f"{what}: the credentials are not valid.", remedy=RIGHTS)
        case HTTPStatus.FORBIDDEN:
            return ConfigError(f"{what}: the app may not use this resource.", remedy=RIGHTS)
        case HTTPStatus.NOT_FOUND:
            return NotFoundError(f"{what}: there is no such record.", status=status, code=code)
        case _ if status < HTTPStatus.BAD_REQUEST:
            return ContractError(f"{what}, which the API does not document.", remedy=URL)
        case _ if is_transient(status) and not is_refusal(code):
            of_read = TransientError if status in TIMED_OUT else FaultError
            error = OutcomeUnknownError if is_write else of_read
            return error(f"{what}{f' ({code})' if code else ''}.")
        case _:
            return RejectedError(f"{what}: {f'{code} {reason}'.strip()}", status=status, code=code)


def is_transient(status: int) -> bool:
    """Whether a status by itself is worth another try."""
    return status in TIMED_OUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def is_refusal(code: str) -> bool:
    """Whether an error code says that the request was understood and refused."""
    return code[KIND_AT : KIND_AT + 1] in REFUSALS


def _first_error(body: Any) -> tuple[str, str]:  # noqa: ANN401 - their JSON
    """The first code, and the cleaned messages of all errors."""
    errors = body.get("errors") if isinstance(body, dict) else None
    given = (
        [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    )
    if not given:
        return "", "no reason given."
    reason = clean("; ".join(str(error.get("message", "")) for error in given))
    return clean(given[0].get("code", "")), reason or "no reason given."
