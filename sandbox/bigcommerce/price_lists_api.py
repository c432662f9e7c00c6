"""Price lists (V3): lists, their records by variant and currency, and who sees them.

Records that cannot be taken are named in `batch_errors`, all others are kept: an upsert is not
atomic. Some plans lack price lists; then everything here is 403.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from sandbox.bigcommerce import filters, reference
from sandbox.bigcommerce.api import (
    NO_CONTENT,
    NOT_FOUND,
    OK,
    TOO_LARGE,
    UNPROCESSABLE,
    Call,
    Routes,
    refuse,
    v3_cursor_page,
    v3_page,
)
from sandbox.bigcommerce.formats import iso, number, read_money
from sandbox.bigcommerce.records import Variant
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
CONFLICT, FORBIDDEN = 409, 403
MOST_UPSERTED, MOST_CREATED, MOST_ASSIGNED = 1000, 100, 25
PRICES = ("price", "sale_price", "retail_price", "map_price")
TIER_TYPES = {"fixed", "price", "percent"}
LONGEST_NAME = 255


@dataclass(slots=True)
class PriceList:
    """A list, and the records in it by variant and currency."""

    id: int
    name: str
    is_active: bool
    created_at: datetime
    modified_at: datetime
    records: dict[tuple[int, str], "PriceRecord"] = field(default_factory=dict)


@dataclass(slots=True)
class PriceRecord:
    """The prices of one variant in one currency."""

    id: int
    list_id: int
    variant: Variant
    currency: str
    prices: dict[str, Decimal | None]
    tiers: list[dict[str, Any]]
    created_at: datetime
    modified_at: datetime

    @property
    def calculated(self) -> Decimal:
        """What shoppers pay."""
        sale, price = self.prices.get("sale_price"), self.prices.get("price")
        return sale or (self.variant.price if price is None else price)


RECORD_FILTERS: dict[str, filters.Filter[PriceRecord]] = {
    "variant_id": filters.number(lambda one: one.variant.id, "", "in"),
    "product_id": filters.number(lambda one: one.variant.product_id, "", "in"),
    "sku": filters.text(lambda one: one.variant.sku, "", "in"),
    "currency": filters.text(lambda one: one.currency, "", "in"),
    "date_created": filters.moment(lambda one: one.created_at),
    "date_modified": filters.moment(lambda one: one.modified_at),
    **{name: filters.amount(lambda one, name=name: one.prices.get(name)) for name in PRICES},  # type: ignore[misc]
}


@routes("GET", "/v3/pricelists")
def list_price_lists(store: Store, call: Call) -> Reply:
    """A page of lists."""
    _require_plan(store)
    known: dict[str, filters.Filter[PriceList]] = {
        "id": filters.number(lambda one: one.id, "", "in"),
        "name": filters.text(lambda one: one.name, "", "like"),
        "date_created": filters.moment(lambda one: one.created_at),
        "date_modified": filters.moment(lambda one: one.modified_at),
    }
    others = {*filters.PAGING, *filters.CURSORS}
    rows = filters.select(call, store.price_lists.values(), known, others)
    return v3_cursor_page(store, call, rows, lambda one: one.id, list_document)


@routes("POST", "/v3/pricelists")
def create_price_list(store: Store, call: Call) -> Reply:
    """A new list; its name must be its own."""
    _require_plan(store)
    name, is_active = _sent_list(store, call, None)
    now = store.now()
    made = PriceList(store.sequences.next("price_list"), name, is_active, now, now)
    store.price_lists[made.id] = made
    store.emit("store/priceList/created", {"type": "price_list", "id": made.id})
    return Reply(OK, {"data": list_document(made), "meta": {}})


@routes("GET", "/v3/pricelists/{id}")
def get_price_list(store: Store, call: Call) -> Reply:
    """One list."""
    return Reply(OK, {"data": list_document(_found(store, call)), "meta": {}})


@routes("PUT", "/v3/pricelists/{id}")
def update_price_list(store: Store, call: Call) -> Reply:
    """Another name, or whether it is in force."""
    listed = _found(store, call)
    listed.name, listed.is_active = _sent_list(store, call, listed)
    listed.modified_at = store.now()
    store.emit("store/priceList/updated", {"type": "price_list", "id": listed.id})
    return Reply(OK, {"data": list_document(listed), "meta": {}})


@routes("DELETE", "/v3/pricelists/{id}")
def delete_price_list(store: Store, call: Call) -> Reply:
    """A list with its records and assignments."""
    listed = _found(store, call)
    del store.price_lists[listed.id]
    store.price_assignments = [
        one for one in store.price_assignments if one["price_list_id"] != listed.id
    ]
    store.emit("store/priceList/deleted", {"type": "price_list", "id": listed.id})
    return Reply(NO_CONTENT)


@routes("GET", "/v3/pricelists/{id}/records")
def list_records(store: Store, call: Call) -> Reply:
    """A page of the records of a list."""
    listed = _found(store, call)
    rows = sorted(listed.records.values(), key=lambda one: one.id)
    others = {*filters.PAGING, *filters.CURSORS, "include"}
    rows = filters.select(call, rows, RECORD_FILTERS, others)
    shown = filters.includes(call, ("bulk_pricing_tiers", "sku"))
    return v3_cursor_page(
        store, call, rows, lambda one: one.id, lambda one: record_document(one, shown)
    )


@routes("PUT", "/v3/pricelists/{id}/records")
def upsert_records(store: Store, call: Call) -> Reply:
    """Up to 1,000 records of one list."""
    listed = _found(store, call)
    rows = _rows(call, MOST_UPSERTED)
    return _upsert(store, [{**row, "price_list_id": listed.id} for row in rows], rows)


@routes("PUT", "/v3/pricelists/records")
def upsert_records_of_lists(store: Store, call: Call) -> Reply:
    """Up to 1,000 records of several lists; each row names its own."""
    _require_plan(store)
    rows = _rows(call, MOST_UPSERTED)
    return _upsert(store, rows, rows)


@routes("POST", "/v3/pricelists/{id}/records")
def create_records(store: Store, call: Call) -> Reply:
    """Up to 100 new records of one list; none is made where one exists."""
    listed = _found(store, call)
    rows = _rows(call, MOST_CREATED)
    for row in rows:
        variant = _variant(store, row)
        if variant and (variant.id, str(row.get("currency", "")).upper()) in listed.records:
            refuse(UNPROCESSABLE, "A price record exists.", {"variant_id": "has a record"})
    return _upsert(store, [{**row, "price_list_id": listed.id} for row in rows], rows)


@routes("DELETE", "/v3/pricelists/{id}/records")
def delete_records(store: Store, call: Call) -> Reply:
    """The records that a filter names; without one nothing is deleted."""
    listed = _found(store, call)
    if not call.query:
        refuse(UNPROCESSABLE, "A filter is required.", {})
    gone = filters.select(call, listed.records.values(), RECORD_FILTERS, ())
    for one in gone:
        del listed.records[one.variant.id, one.currency]
        store.emit("store/priceList/record/deleted", _event(one))
    return Reply(NO_CONTENT)


@routes("GET", "/v3/pricelists/assignments")
def list_assignments(store: Store, call: Call) -> Reply:
    """Who sees which list."""
    _require_plan(store)
    known: dict[str, filters.Filter[dict[str, Any]]] = {
        name: filters.number(lambda one, name=name: one[name] or 0, "", "in")  # type: ignore[misc]
        for name in ("id", "price_list_id", "customer_group_id", "channel_id")
    }
    others = {*filters.PAGING, *filters.CURSORS}
    rows = filters.select(call, store.price_assignments, known, others)
    return v3_page(store, call, rows, dict)


@routes("PUT", "/v3/pricelists/{id}/assignments")
def assign(store: Store, call: Call) -> Reply:
    """A list for a customer group, a channel, or both."""
    listed, sent = _found(store, call), call.body()
    return Reply(OK, {"data": _assign(store, listed.id, sent), "meta": {}})


@routes("POST", "/v3/pricelists/assignments")
def assign_many(store: Store, call: Call) -> Reply:
    """Up to 25 assignments."""
    _require_plan(store)
    for row in _rows(call, MOST_ASSIGNED):
        if row.get("price_list_id") not in store.price_lists:
            refuse(UNPROCESSABLE, "Invalid assignment.", {"price_list_id": "is unknown"})
        _assign(store, row["price_list_id"], row)
    return Reply(OK, {"data": {}, "meta": {}})


def list_document(listed: PriceList) -> dict[str, Any]:
    """A list as V3 has it."""
    return {
        "id": listed.id,
        "name": listed.name,
        "active": listed.is_active,
        "date_created": iso(listed.created_at),
        "date_modified": iso(listed.modified_at),
    }


def record_document(one: PriceRecord, shown: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A record as V3 has it; tiers and SKU where they are asked for."""
    amounts = {name: one.prices.get(name) for name in PRICES}
    document: dict[str, Any] = {
        "price_list_id": one.list_id,
        "variant_id": one.variant.id,
        "product_id": one.variant.product_id,
        "currency": one.currency.lower(),
        **{name: None if value is None else number(value) for name, value in amounts.items()},
        "calculated_price": number(one.calculated),
        "date_created": iso(one.created_at),
        "date_modified": iso(one.modified_at),
    }
    if "bulk_pricing_tiers" in shown:
        document["bulk_pricing_tiers"] = one.tiers
    if "sku" in shown:
        document["sku"] = one.variant.sku
    return document


def _require_plan(store: Store) -> None:
    if not store.switches.has_price_lists:
        refuse(FORBIDDEN, "Price lists are not part of the store's plan.")


def _found(store: Store, call: Call) -> PriceList:
    _require_plan(store)
    listed = store.price_lists.get(call.id())
    if listed is None:
        refuse(NOT_FOUND, "The price list was not found.")
    return listed


def _sent_list(store: Store, call: Call, known: PriceList | None) -> tuple[str, bool]:
    sent = call.body()
    name = sent.get("name", known.name if known else None)
    is_active = sent.get("active", known.is_active if known else True)
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        refuse(UNPROCESSABLE, "Invalid price list.", {"name": "is required"})
    if not isinstance(is_active, bool):
        refuse(UNPROCESSABLE, "Invalid price list.", {"active": "must be a boolean"})
    others = (one for one in store.price_lists.values() if one is not known)
    if any(one.name.casefold() == name.casefold() for one in others):
        refuse(CONFLICT, "A price list with this name exists.", {"name": "is not unique"})
    return name, is_active


def _rows(call: Call, most: int) -> list[dict[str, Any]]:
    try:
        sent = orjson.loads(call.raw_body)
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, list) or not all(isinstance(row, dict) for row in sent):
        refuse(UNPROCESSABLE, "The request body is not a list of objects.", {})
    if len(sent) > most:
        refuse(TOO_LARGE, f"More than {most} rows.")
    return sent


def _upsert(store: Store, rows: Sequence[dict[str, Any]], sent: Sequence[dict[str, Any]]) -> Reply:
    """Keep what can be kept; 422 names the rest."""
    failed = []
    for row, original in zip(rows, sent, strict=True):
        if errors := dict(_problems(store, row)):
            failed.append({"data": original, "errors": errors})
        else:
            _keep(store, row)
    if failed:
        return Reply(UNPROCESSABLE, {"batch_errors": failed})
    return Reply(OK, {"data": {}, "meta": {}})


def _problems(store: Store, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if row.get("price_list_id") not in store.price_lists:
        yield "price_list_id", "The price list was not found."
    if _variant(store, row) is None:
        yield "sku" if "sku" in row else "variant_id", "The variant was not found."
    if str(row.get("currency", "")).upper() not in reference.CURRENCIES:
        yield "currency", "The currency is not one of the store's."
    for name in PRICES:
        value = row.get(name)
        amount = None if value is None else read_money(value)
        if value is not None and (amount is None or amount < 0):
            yield name, "The value must be a number of at least 0."
    for tier in row.get("bulk_pricing_tiers") or ():
        if tier.get("type") not in TIER_TYPES or not tier.get("quantity_min"):
            yield "bulk_pricing_tiers", "A tier is invalid."


def _variant(store: Store, row: dict[str, Any]) -> Variant | None:
    """The variant that a row names; the SKU of a product with options names none."""
    if isinstance(number_ := row.get("variant_id"), int):
        return store.variants.get(number_)
    found = store.variant_by_sku.get(str(row.get("sku", "")).casefold())
    return None if found is None else store.variants[found]


def _keep(store: Store, row: dict[str, Any]) -> None:
    variant = _variant(store, row)
    if variant is None:  # checked before
        return
    listed, now = store.price_lists[row["price_list_id"]], store.now()
    key = variant.id, str(row["currency"]).upper()
    known = listed.records.get(key)
    kept = known or PriceRecord(
        store.sequences.next("price_record"), listed.id, variant, key[1], {}, [], now, now
    )
    for name in PRICES:
        if name in row:
            kept.prices[name] = None if row[name] is None else read_money(row[name])
    if "bulk_pricing_tiers" in row:
        kept.tiers = list(row["bulk_pricing_tiers"] or ())
    kept.modified_at = now
    listed.records[key] = kept
    scope = "updated" if known else "created"
    store.emit(f"store/priceList/record/{scope}", _event(kept))


def _event(one: PriceRecord) -> dict[str, Any]:
    return {
        "type": "price_list",
        "price_list_id": one.list_id,
        "variant_id": one.variant.id,
        "currency": one.currency,
    }


def _assign(store: Store, list_id: int, sent: dict[str, Any]) -> dict[str, Any]:
    group, channel = sent.get("customer_group_id"), sent.get("channel_id")
    if not group and not channel:
        refuse(UNPROCESSABLE, "Invalid assignment.", {"customer_group_id": "is required"})
    for one in store.price_assignments:
        if (one["customer_group_id"], one["channel_id"]) == (group, channel):
            one["price_list_id"] = list_id
            return one
    made = {
        "id": store.sequences.next("price_assignment"),
        "price_list_id": list_id,
        "customer_group_id": group,
        "channel_id": channel,
    }
    store.price_assignments.append(made)
    return made
