"""Metafields of orders (V3): what apps keep with an order, one by one and in batches.

A field belongs to the app that made it. Other apps see it unless it is `app_only`, and change its
value where its permission set says `write`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.bigcommerce import filters, reference
from sandbox.bigcommerce.api import (
    BAD_REQUEST,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    UNPROCESSABLE,
    Call,
    Refusal,
    Routes,
    refuse,
    v3_cursor_page,
)
from sandbox.bigcommerce.formats import iso
from sandbox.bigcommerce.orders_api import require_order
from sandbox.bigcommerce.records import Metafield
from sandbox.bigcommerce.staff import order_of
from sandbox.bigcommerce.store import Store
from sandbox.kit.controls import ControlBody
from sandbox.kit.routing import Reply

FORBIDDEN, CONFLICT = 403, 409
routes = Routes()
PERMISSIONS = ("app_only", "read", "write", "read_and_sf_access", "write_and_sf_access")
LENGTHS: Mapping[str, tuple[int, int]] = {
    "namespace": (1, 64),
    "key": (1, 64),
    "value": (1, 65_535),
    "description": (0, 255),
}
REQUIRED = ("permission_set", "namespace", "key", "value")
FILTERS: dict[str, filters.Filter[Metafield]] = {
    "key": filters.text(lambda one: one.key, "", "in"),
    "namespace": filters.text(lambda one: one.namespace, "", "in"),
    "date_created": filters.moment(lambda one: one.created_at),
    "date_modified": filters.moment(lambda one: one.modified_at),
}
PARAMETERS = {*filters.PAGING, *filters.CURSORS, "include_fields", "direction"}
MISSING = "A metafield was not found with this query."
Body = Mapping[str, Any]


class NewMetafield(ControlBody):
    """`POST /_sandbox/metafields`: what another app keeps with an order."""

    order_id: int
    namespace: str = "another-app"
    key: str
    value: str
    permission_set: str = "read"
    owner: str = "another-client-id"


@dataclass(frozen=True, slots=True)
class _Given:
    """The fields of a request that were checked."""

    order_id: int
    texts: dict[str, str]


def keep(store: Store, wanted: NewMetafield) -> dict[str, Any]:
    """Let another app keep something.

    Raises: NotFound, ValueError.
    """
    order = order_of(store, wanted.order_id)
    given = wanted.model_dump(exclude={"order_id", "owner"})
    if wrong := _faults(given, REQUIRED):
        raise ValueError(f"{min(wrong)}: {wrong[min(wrong)]}")
    return _document(_add(store, _Given(order.id, given), wanted.owner))


def _document(one: Metafield) -> dict[str, Any]:
    return {
        "id": one.id,
        "permission_set": one.permission_set,
        "namespace": one.namespace,
        "key": one.key,
        "value": one.value,
        "description": one.description,
        "resource_type": "order",
        "resource_id": one.order_id,
        "owner_client_id": one.owner,
        "date_created": iso(one.created_at),
        "date_modified": iso(one.modified_at),
    }


def _faults(given: Body, required: tuple[str, ...] = ()) -> dict[str, str]:
    """What is wrong with the fields of a request, by their names."""
    faults = {name: "error.path.missing" for name in required if name not in given}
    for name, (shortest, longest) in LENGTHS.items():
        value = given.get(name, "x")
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            faults[name] = f"must be a text of {shortest} to {longest} characters"
    if given.get("permission_set", PERMISSIONS[0]) not in PERMISSIONS:
        faults["permission_set"] = f"must be one of {', '.join(PERMISSIONS)}"
    return faults


def _checked(given: Body, required: tuple[str, ...] = ()) -> dict[str, str]:
    if faults := _faults(given, required):
        refuse(UNPROCESSABLE, "JSON data is missing or invalid", faults)
    return {name: given[name] for name in ("permission_set", *LENGTHS) if name in given}


def _add(store: Store, given: _Given, owner: str = reference.CLIENT_ID) -> Metafield:
    named = (given.order_id, owner, given.texts["namespace"], given.texts["key"])
    if any(named == one.named for one in store.metafields.values()):
        refuse(CONFLICT, "A metafield with this namespace and key exists already.", {})
    now = store.now()
    one = Metafield(
        id=store.sequences.next("metafield"),
        order_id=given.order_id,
        owner=owner,
        created_at=now,
        modified_at=now,
        **given.texts,
    )
    store.metafields[one.id] = one
    _emit(store, "created", one)
    return one


def _change(store: Store, one: Metafield, texts: Mapping[str, str]) -> Metafield:
    is_own = one.owner == reference.CLIENT_ID
    may_write = one.permission_set.startswith("write") and set(texts) <= {"value"}
    if not (is_own or may_write):
        refuse(FORBIDDEN, "Only the app that made the metafield may change it.")
    for name, text in texts.items():
        setattr(one, name, text)
    one.modified_at = store.now()
    _emit(store, "updated", one)
    return one


def _remove(store: Store, one: Metafield) -> int:
    if one.owner != reference.CLIENT_ID:
        refuse(FORBIDDEN, "Only the app that made the metafield may delete it.")
    del store.metafields[one.id]
    _emit(store, "deleted", one)
    return one.id


def _emit(store: Store, what: str, one: Metafield) -> None:
    data = {"metafield_id": one.id, "resource_id": str(one.order_id)}
    store.emit(f"store/order/metafield/{what}", data)


def _visible(store: Store, order_id: int | None = None) -> list[Metafield]:
    return [
        one
        for one in store.metafields.values()
        if order_id in {None, one.order_id}
        and (one.owner == reference.CLIENT_ID or one.permission_set != "app_only")
    ]


def _found(store: Store, order_id: int | None, number: object) -> Metafield:
    for one in _visible(store, order_id):
        if one.id == number:
            return one
    return refuse(NOT_FOUND, MISSING)


def _page(store: Store, call: Call, rows: list[Metafield]) -> Reply:
    rows = filters.select(call, rows, FILTERS, PARAMETERS)
    if call.query.get("direction") == "desc":
        rows = rows[::-1]
    return v3_cursor_page(
        store, call, rows, lambda one: one.id, lambda one: filters.trimmed(call, _document(one))
    )


@routes("GET", "/v3/orders/{id}/metafields")
def list_metafields(store: Store, call: Call) -> Reply:
    """Metafields of one order that this app may see."""
    return _page(store, call, _visible(store, require_order(store, call).id))


@routes("POST", "/v3/orders/{id}/metafields")
def create_metafield(store: Store, call: Call) -> Reply:
    """A further metafield of an order."""
    given = _Given(require_order(store, call).id, _checked(call.body(), REQUIRED))
    return Reply(OK, {"data": _document(_add(store, given)), "meta": {}})


@routes("GET", "/v3/orders/{id}/metafields/{metafield_id}")
def get_metafield(store: Store, call: Call) -> Reply:
    """One metafield."""
    one = _found(store, require_order(store, call).id, call.id("metafield_id"))
    return Reply(OK, {"data": _document(one), "meta": {}})


@routes("PUT", "/v3/orders/{id}/metafields/{metafield_id}")
def update_metafield(store: Store, call: Call) -> Reply:
    """Change the fields sent."""
    one = _found(store, require_order(store, call).id, call.id("metafield_id"))
    return Reply(OK, {"data": _document(_change(store, one, _checked(call.body()))), "meta": {}})


@routes("DELETE", "/v3/orders/{id}/metafields/{metafield_id}")
def delete_metafield(store: Store, call: Call) -> Reply:
    """Take one away."""
    _remove(store, _found(store, require_order(store, call).id, call.id("metafield_id")))
    return Reply(NO_CONTENT)


@routes("GET", "/v3/orders/metafields")
def list_all_metafields(store: Store, call: Call) -> Reply:
    """Metafields of all orders that this app may see."""
    return _page(store, call, _visible(store))


@routes("POST", "/v3/orders/metafields")
def create_metafields(store: Store, call: Call) -> Reply:
    """Metafields of several orders; those that are in order are made, whatever the others are."""

    def create(row: Any) -> dict[str, Any]:  # noqa: ANN401 - their JSON
        texts = _checked(row, (*REQUIRED, "resource_id"))
        if row["resource_id"] not in store.orders:
            refuse(UNPROCESSABLE, "The order was not found.", {"resource_id": "not found"})
        return _document(_add(store, _Given(row["resource_id"], texts)))

    return _batch(call, create)


@routes("PUT", "/v3/orders/metafields")
def update_metafields(store: Store, call: Call) -> Reply:
    """Change several metafields, each by its id."""

    def update(row: Any) -> dict[str, Any]:  # noqa: ANN401 - their JSON
        return _document(_change(store, _found(store, None, row.get("id")), _checked(row)))

    return _batch(call, update)


@routes("DELETE", "/v3/orders/metafields")
def delete_metafields(store: Store, call: Call) -> Reply:
    """Take several away, by their ids."""
    return _batch(call, lambda number: _remove(store, _found(store, None, number)), int)


def _batch(call: Call, act: Callable[[Any], object], kind: type = dict) -> Reply:
    """What was done for each row, and what was refused; 422 when anything was."""
    try:
        rows = orjson.loads(call.raw_body)
    except orjson.JSONDecodeError:
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, kind) for row in rows):
        refuse(BAD_REQUEST, "Input is invalid")
    done, errors = [], []
    for row in rows:
        try:
            done.append(act(row))
        except Refusal as refusal:
            errors.append(refusal.body(is_v2=False))
    meta = {"total": len(rows), "success": len(done), "failed": len(errors)}
    status = UNPROCESSABLE if errors else OK
    return Reply(status, {"data": done, "errors": errors, "meta": meta})
