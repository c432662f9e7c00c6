"""What every operation of the account's API shares: calls, errors, OPTIONS, JSON Patch."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.id_sets import IdSet, format_id_set, require_id_set
from sandbox.brightpearl.refusals import (
    HTTP_BAD_REQUEST,
    HTTP_NOT_FOUND,
    HTTP_SERVER_ERROR,
    HTTP_UNAVAILABLE,
    Refusal,
    not_found,
    refuse,
)
from sandbox.kit import routing
from sandbox.kit.routing import Reply

M = TypeVar("M")
THROTTLED = "You have sent too many requests. Please wait before sending another request"
_ADAPTERS: dict[object, TypeAdapter[Any]] = {}
R = TypeVar("R")
IDS_IN_A_PATH = 200
Change = Callable[[Any], None]


TEXTS_ONLY = "numbers are no texts"
"""The validation context in which a number is refused where a text belongs."""


class Incoming(BaseModel):
    """A request body or part of one; unknown fields are ignored, as the vendor does."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
    )

    @model_validator(mode="wrap")
    @classmethod
    def _refuse_numbers(
        cls, sent: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Take numbers as texts, unless the account does not."""
        read = handler(sent)
        if info.context == TEXTS_ONLY and isinstance(sent, dict):
            for name, field in cls.model_fields.items():
                raw = sent.get(field.alias or name, sent.get(name))
                is_text = isinstance(getattr(read, name), str)
                if is_text and isinstance(raw, Number):
                    text = f"{field.alias or name} is a number, not a text"
                    raise PydanticCustomError("number", "{text}", {"text": text})
        return read


@dataclass(frozen=True, slots=True)
class Call(routing.Call):
    """One request, or one message of a multi-message. `path` starts at the service name."""

    takes_numbers_as_texts: bool = True

    def json(self) -> Any:  # noqa: ANN401 - JSON may be anything until a model has read it
        """The body.

        Raises: Refusal 400 `CMNC-010` when it is not JSON.
        """
        try:
            return json.loads(self.raw_body)
        except ValueError:
            refuse("CMNC-010", "A JSON body is required")

    def read(self, shape: type[M], *, missing: Mapping[str, tuple[str, str]] | None = None) -> M:
        """The body as `shape`.

        In: `missing` gives the vendor's own (code, message) for a field path that is absent.
        Raises: Refusal 400 with one error for each fault.
        """
        context = None if self.takes_numbers_as_texts else TEXTS_ONLY
        return read_document(self.json(), shape, missing or {}, context)

    def number(self, name: str) -> int:
        """A path parameter that is one id.

        Raises: Refusal 404 when it is not a number.
        """
        text = self.params[name]
        if not (text.isascii() and text.isdigit()):
            not_found(f"{text[:40]} is not an id")
        return int(text)

    def id_set(self, name: str = "ids", limit: int | None = None) -> IdSet:
        """A path parameter that is an ID set."""
        return require_id_set(self.params[name], limit)

    def options(self) -> frozenset[str]:
        """Names in `includeOptional`, less those in `excludeOptional`."""
        included = self.query.get("includeOptional", "").split(",")
        return frozenset(included) - frozenset(self.query.get("excludeOptional", "").split(","))

    def header(self, name: str) -> str | None:
        """A header by lower-case name."""
        return self.headers.get(name)


def read_document(
    value: object,
    shape: type[M],
    missing: Mapping[str, tuple[str, str]],
    context: str | None = None,
) -> M:
    """`value` as `shape`; see `Call.read`."""
    try:
        return _adapter(shape).validate_python(value, context=context)
    except ValidationError as fault:
        errors = []
        for item in fault.errors(include_url=False, include_context=False, include_input=False):
            where = ".".join(str(part) for part in item["loc"])
            own = missing.get(where) if item["type"] == "missing" else None
            errors.append(own or ("CMNC-904", f"{where or 'body'}: {item['msg']}"))
        raise Refusal(HTTP_BAD_REQUEST, errors) from None


def _adapter(shape: type[M]) -> TypeAdapter[M]:
    found = _ADAPTERS.get(shape)
    if found is None:
        found = _ADAPTERS[shape] = TypeAdapter(shape)
    return found


def answer(value: object, status: int = 200) -> Reply:
    """`{"response": value}`."""
    return Reply(status, {"response": value})


def done() -> Reply:
    """The `{}` of a successful PUT or DELETE."""
    return Reply(200, {})


def _page(status: int, text: str) -> Reply:
    html = f"<html><head><title>{status}</title></head><body><h1>{text}</h1></body></html>"
    return Reply(status, page=html)


def single_slashes(path: str) -> str:
    """The path with every run of slashes as one."""
    return re.sub("/{2,}", "/", path)


class AccountErrors(routing.ErrorFormat[Call]):
    """Errors with codes; those of servers before the API as pages or plain texts."""

    pages: ClassVar = {
        "http_502_html": _page(502, "Bad gateway"),
        "maintenance": _page(503, "Down for maintenance"),
        "http_503": _page(503, "Service temporarily unavailable"),
        "http_504": _page(504, "Gateway time-out"),
        "unauthorized": Reply(401, {"response": "Not authenticated"}),
    }
    extra_field = ("fieldNobodyKnows", {"since": "4.96"})
    kept_fields = frozenset({"id", "contactId", "metaData", "results"})

    def not_found(self, call: Call) -> Reply:
        """404, also where only the method is unknown."""
        return Refusal(HTTP_NOT_FOUND, [("CMNC-404", "Resource URI not found")]).reply(call)

    def internal_error(self, call: Call) -> Reply:
        """500 with a code which says that the call may be sent again."""
        error = ("CMNU-003", "An internal error occurred")
        return Refusal(HTTP_SERVER_ERROR, [error]).reply(call)

    def throttled(self, call: Call) -> Reply:  # noqa: ARG002 - the same for every call
        """503 with a text instead of errors."""
        return Reply(HTTP_UNAVAILABLE, {"response": THROTTLED}, is_throttled=True)

    def too_long(self) -> Reply:
        """414, from a server before the API."""
        return _page(414, "Request-URI too large")

    def documents(self, body: object) -> Iterator[dict[str, Any]]:
        """The records under `response`."""
        value = body.get("response") if isinstance(body, dict) else None
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield item


Routes = routing.Routes[Account, Call]


class Router(routing.Router[Account, Call]):
    """All operations of the account's API."""

    strict_methods = False

    def unknown(self, path: str) -> str:
        """The service of the path."""
        return "/" + path.split("/")[1]

    def find(self, method: str, path: str) -> routing.Found[Account, Call]:
        """Slashes at the end of a path do not matter, nor does one at its start."""
        return super().find(method, "/" + path.removeprefix("/").rstrip("/"))

    def handle(self, account: Account, call: Call) -> Reply:
        """The answer; a value that a record does not take is the caller's mistake."""
        if account.switches.numbers_for_texts == "refuse":
            call = replace(call, takes_numbers_as_texts=False)
        try:
            return super().handle(account, call)
        except ValidationError:
            return Refusal(HTTP_BAD_REQUEST, [("CMNC-904", "A value is not valid")]).reply(call)


def options_answer(
    existing: Mapping[int, R],
    call: Call,
    resource: str,
    fits: Callable[[R], bool] | None = None,
) -> Reply:
    """`getUris` for the existing ids of the set (or of the account), at most 200 to a path."""
    ids = call.id_set().among(existing, existing) if "ids" in call.params else sorted(existing)
    if fits is not None:
        ids = [number for number in ids if fits(existing[number])]
    chunks = [ids[start : start + IDS_IN_A_PATH] for start in range(0, len(ids), IDS_IN_A_PATH)]
    return answer({"getUris": [f"/{resource}/{format_id_set(chunk)}" for chunk in chunks]})


class Operation(Incoming):
    """One operation of a patch."""

    op: str
    path: str
    value: Any = None


def operations(call: Call) -> list[Operation]:
    """The operations in the body.

    Raises: Refusal 400 when the body is not a list of them.
    """
    return call.read(list[Operation])


def illegal(operation: Operation) -> None:
    """Refuse an operation the way the vendor does: HTTP 500 with `CMNC-044`."""
    refuse(
        "CMNC-044",
        f"Invalid patch operation ({operation.op}) for given path ({operation.path[:80]})",
        HTTP_SERVER_ERROR,
    )


def apply_all(listed: list[Operation], paths: Mapping[str, Mapping[str, Change]]) -> None:
    """Check every operation, then carry all out; `paths` gives what each path allows.

    Raises: Refusal 500 `CMNC-044` for a path or operation not allowed; nothing is changed then.
        Refusal 400 for a value of the wrong kind.
    """
    changes = []
    for operation in listed:
        change = paths.get(operation.path, {}).get(operation.op)
        if change is None:
            illegal(operation)
        else:
            changes.append((change, operation.value))
    for change, value in changes:
        try:
            change(value)
        except (TypeError, ValueError, ArithmeticError):
            refuse("CMNC-913", "A value does not fit its path")


class GoodsNote(Protocol):
    """What every kind of goods note has."""

    @property
    def id(self) -> int: ...  # noqa: D102 - the name says it
    @property
    def order_id(self) -> int: ...  # noqa: D102 - the name says it


N = TypeVar("N", bound=GoodsNote)


def notes_in_path(
    call: Call, notes: Mapping[int, N], by_order: Mapping[int, Sequence[int]], limit: int
) -> list[N]:
    """Notes of the orders in the path (`*`: of any), of its note ids when it has some.

    Raises: Refusal 400 for every note of every order, for a malformed or too large set.
    """
    orders = call.params["orders"]
    wanted = None if orders == "*" else require_id_set(orders, limit)
    if "ids" in call.params:
        ids = call.id_set(limit=limit).among(notes, notes)
        owners = None if wanted is None else frozenset(wanted.ids())
        found = [notes[number] for number in ids]
        return [note for note in found if owners is None or note.order_id in owners]
    if wanted is None:
        refuse("WHSC-916", "Note ids are required for the notes of all orders")
    return [notes[number] for order in wanted.ids() for number in by_order.get(order, ())]
