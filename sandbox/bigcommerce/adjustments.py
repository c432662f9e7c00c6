"""Absolute and relative adjustments: what was asked, whether it may be, and when it lands.

A request is checked as a whole before any of it is carried out. Of several faults the first kind
in `FAULTS` is answered, with every item that has it.

Our readings where the vendor says nothing: an item named twice in one request counts twice
(relative quantities add up, the last absolute one stays); an absolute quantity below zero is an
invalid field; what is not tracked, and what does not exist, is "not found"; a product tracked by
variant is not found by `product_id` with the message of the opposite case. The documented edge
that relative adjustments may be refused under load although stock suffices does not exist here:
requests are worked on one after the other. A settings write makes an item counted at a location.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from sandbox.bigcommerce.api import TOO_LARGE, UNPROCESSABLE, Call, refuse
from sandbox.bigcommerce.records import MOST_UNITS, StockAt, Variant
from sandbox.bigcommerce.store import Store

MOST_ITEMS = 2000
IDENTITIES = ("sku", "variant_id", "product_id")
INVALID = "Payload contains invalid fields"


class StockAdjustment(NamedTuple):
    """One item of a request, found."""

    variant: Variant
    location_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class _Fault:
    """A kind of refusal: how one item is named in its title, and the title of all of them."""

    item: str
    title: str


LOCATION_NOT_FOUND = _Fault("{place}", "Location not found, identities: [{items}]")
NOT_FOUND = _Fault("{name} {value}", "Items not found, identities: [{items}]")
BY_PRODUCT = _Fault(
    "Item with {name} {value} is tracked by product, please update stock by product id", "[{items}]"
)
BY_VARIANT = _Fault(
    "Item with {name} {value} is tracked by variant, please update stock by variant id", "[{items}]"
)
NOT_COUNTED = _Fault(
    "{name} {value}", "Items with identity: [{items}] requires absolute adjustment before relative"
)
INSUFFICIENT = _Fault("{name} {value}", "Insufficient stock for items with identity: [{items}]")
FAULTS = (LOCATION_NOT_FOUND, NOT_FOUND, BY_PRODUCT, BY_VARIANT, NOT_COUNTED, INSUFFICIENT)


def transaction_id(store: Store) -> str:
    """What answers a write; nothing can be looked up by it."""
    return str(UUID(int=store.stock.chance.getrandbits(128), version=4))


def absolute(store: Store, call: Call) -> str:
    """Set what is on hand, now or when the adjustment lands; the transaction id.

    What shoppers buy until then is overwritten. Raises: Refusal.
    """
    asked = _items(store, call, is_relative=False)
    rows, refused = _checked(store, asked, is_relative=False)
    number = transaction_id(store)
    if refused is None or store.switches.partial_adjustments:
        _begin_landing(store, rows, number)

        def land() -> None:
            for row in rows:
                store.stock.landed(row.variant, row.location_id)
                if _fits(store, row, row.quantity):
                    store.stock.overwrite(row.variant, row.location_id, row.quantity, number)

        later(store, land)
    if refused is not None:
        refused()
    return number


def relative(store: Store, call: Call) -> str:
    """Add to what is on hand at once; reads show it later. The transaction id.

    Raises: Refusal, also where a deduction leaves less than none, or less than the safety stock.
    """
    asked = _items(store, call, is_relative=True)
    rows, refused = _checked(store, asked, is_relative=True)
    number = transaction_id(store)
    if refused is None or store.switches.partial_adjustments:
        _add(store, rows, number)
    if refused is not None:
        refused()
    return number


def _add(store: Store, rows: Sequence[StockAdjustment], number: str) -> None:
    hidden: list[tuple[StockAt, int, int]] = []
    for row in rows:
        level = row.variant.stock[row.location_id]
        if not _fits(store, row, level.on_hand + row.quantity):
            continue
        store.stock.move(
            row.variant, row.location_id, row.quantity, "relative", number, unseen=True
        )
        hidden.append((level, row.quantity, level.overwritten))

    def show() -> None:
        for level, quantity, overwritten in hidden:
            if level.overwritten == overwritten:
                level.unseen -= quantity

    later(store, show)


def later(store: Store, act: Callable[[], None]) -> None:
    """Do it when this request lands: after a delay drawn from the range, or now."""
    delay_s = store.stock.chance.uniform(*store.switches.inventory_delay_s)
    if delay_s <= 0:
        act()
        return

    def due(moment: datetime) -> None:
        with store.as_of(moment):
            act()

    store.timers.at(store.now() + timedelta(seconds=delay_s), due)


def _begin_landing(store: Store, rows: Iterable[StockAdjustment], number: str) -> None:
    for row in rows:
        store.stock.begin_landing(row.variant, row.location_id, number)


def _fits(store: Store, row: StockAdjustment, on_hand: int) -> bool:
    """Whether so many are possible; what is too large is not stored, and no error says so.

    A product's limit counts all its variants. What is no longer for sale is skipped.
    """
    if store.variants.get(row.variant.id) is not row.variant:
        return False
    product = store.products[row.variant.product_id]
    if product.tracking == "none":
        return False
    others = 0
    if product.tracking == "variant":
        siblings = (store.variants[number] for number in product.variant_ids)
        levels = [one.stock.get(row.location_id) for one in siblings if one is not row.variant]
        others = sum(level.on_hand for level in levels if level is not None)
    return others + on_hand <= MOST_UNITS


# --- what was sent


def checked_size(store: Store, rows: object, name: str) -> list[Any]:
    """The list, if it is one and has a size that is allowed. Raises: Refusal."""
    if not isinstance(rows, list) or not rows:
        refuse(UNPROCESSABLE, INVALID, {name: "must hold at least one item"})
    if len(rows) > MOST_ITEMS:
        status = TOO_LARGE if store.switches.adjustments_over_limit == "413" else UNPROCESSABLE
        text = "The request payload is too large. The maximum items allowed in the array is {}."
        refuse(status, text.format(MOST_ITEMS), {})
    return rows


def identity_of(row: dict[str, Any]) -> tuple[str, Any] | None:
    """Name and value, when there is exactly one and it is of the right type."""
    given = [(name, row[name]) for name in IDENTITIES if row.get(name) is not None]
    if len(given) != 1:
        return None
    name, value = given[0]
    return given[0] if type(value) is (str if name == "sku" else int) else None


def _items(store: Store, call: Call, *, is_relative: bool) -> list[dict[str, Any]]:
    body = call.body()
    rows = checked_size(store, body.get("items"), "items")
    faults: dict[str, str] = {}
    if not isinstance(body.get("reason", ""), str):
        faults["reason"] = "must be a text"
    for place, row in enumerate(rows):
        field = _broken(row, is_relative=is_relative)
        if field:
            faults[f"items.{place}.{field[0]}"] = field[1]
    if faults:
        refuse(UNPROCESSABLE, INVALID, faults)
    return rows


def _broken(row: object, *, is_relative: bool) -> tuple[str, str] | None:
    if not isinstance(row, dict):
        return "item", "must be an object"
    if identity_of(row) is None:
        return "identity", "exactly one of sku, variant_id and product_id must be specified"
    if type(row.get("location_id")) is not int:
        return "location_id", "must be a whole number"
    quantity = row.get("quantity")
    if type(quantity) is not int:
        return "quantity", "must be a whole number"
    if quantity < 0 and not is_relative:
        return "quantity", "must not be below zero"
    return None


# --- whether it may be


def _checked(
    store: Store, asked: Sequence[dict[str, Any]], *, is_relative: bool
) -> tuple[list[StockAdjustment], Callable[[], None] | None]:
    """The items that may be adjusted, and how to refuse the others if there are any."""
    good: list[StockAdjustment] = []
    bad: dict[_Fault, list[str]] = {}
    planned: dict[int, int] = {}
    for row in asked:
        name, value = identity_of(row) or ("", "")
        found: Variant | _Fault = _location_fault(store, row["location_id"]) or find(
            store, name, value
        )
        if isinstance(found, Variant) and is_relative:
            found = _relative_fault(found, row, planned) or found
        if isinstance(found, Variant):
            good.append(StockAdjustment(found, row["location_id"], row["quantity"]))
            continue
        text = found.item.format(name=name, value=value, place=row["location_id"])
        bad.setdefault(found, []).append(text)
    for fault in FAULTS:
        if fault in bad:
            items = (",", ", ")[fault is not LOCATION_NOT_FOUND].join(dict.fromkeys(bad[fault]))
            title = fault.title.format(items=items)
            return good, partial(refuse, UNPROCESSABLE, title, {})
    return good, None


def _location_fault(store: Store, location_id: int) -> _Fault | None:
    location = store.stock.locations.get(location_id)
    is_open = store.switches.disabled_locations == "accept"
    return None if location and (location.enabled or is_open) else LOCATION_NOT_FOUND


def find(store: Store, name: str, value: Any) -> Variant | _Fault:  # noqa: ANN401 - their JSON
    """The item that an identity names, or why it names none."""
    if name == "product_id":
        product = store.products.get(value)
        if product is None or product.tracking == "none":
            return NOT_FOUND
        if product.tracking == "variant":
            return BY_VARIANT
        return store.variants[product.variant_ids[0]]
    variant = store.variant(value) if name == "sku" else store.variants.get(value)
    if variant is None:
        return NOT_FOUND
    product = store.products[variant.product_id]
    if product.tracking == "product":
        is_simple = len(product.variant_ids) == 1
        allowed = is_simple and store.switches.simple_product_identity == "any"
        return variant if allowed else BY_PRODUCT
    return NOT_FOUND if product.tracking == "none" else variant


def _relative_fault(
    variant: Variant, row: dict[str, Any], planned: dict[int, int]
) -> _Fault | None:
    level = variant.stock.get(row["location_id"])
    if level is None:
        return NOT_COUNTED
    rest = planned.get(id(level), level.on_hand) + row["quantity"]
    if row["quantity"] < 0 and rest < max(0, level.safety_stock):
        return INSUFFICIENT
    planned[id(level)] = rest
    return None
