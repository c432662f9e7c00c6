"""Is on sale in the store what the account can promise, and is reserved what can be? Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from agreement.differences import OFF
from agreement.records import CANCELLED, OrderRecords, State, read_orders
from core.ids import sku_key

Levels = Mapping[str, Mapping[str, Sequence[int]]]
"""`GET /_sandbox/stock`: by SKU and place, the second number is what can be sold or promised."""
GONE = frozenset({2, 10})
"""The store's statuses of orders that have left, whoever handed them over: shipped, completed."""
HOLDS_NOTHING = OFF | GONE | {0, 4}
"""The store's statuses of orders that hold no stock: those that have left, or that are incomplete,
refunded, cancelled or declined."""
ACCOUNT_PARTS = ("orders", "reservations", "goods_out")
"""Parts of the account's state that show what orders hold."""


@dataclass(frozen=True)
class SkuStock:
    """One SKU: what is on sale, and what should be."""

    on_sale: int
    promised: int
    """What the account can still promise, of all its warehouses."""
    held: int
    """Units that store orders have taken and the account has not allocated."""
    perhaps_held: int = 0
    """Units that perhaps have left: a refund changed the status that said so."""

    @property
    def expected(self) -> int:
        """What should be on sale."""
        return max(0, self.promised - self.held)

    @property
    def is_right(self) -> bool:
        """Whether it is."""
        return self.expected - self.perhaps_held <= self.on_sale <= self.expected

    def __str__(self) -> str:
        """For people."""
        return f"{self.on_sale} on sale, {self.promised} promised, {self.held} held by orders"


def compare_stock(
    store: Levels,
    account: Levels,
    held: Mapping[str, int],
    perhaps_held: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, SkuStock]:
    """Every SKU that both systems keep stock of. In: units by the form in which SKUs compare."""
    return {
        sku: SkuStock(
            _units(store[sku]),
            _units(account[sku]),
            held.get(sku_key(sku), 0),
            perhaps_held.get(sku_key(sku), 0),
        )
        for sku in store
        if sku in account
    }


def held_by_orders(
    store: State,
    account: State,
    undecided: Collection[str] = (),
    *,
    perhaps_left: bool = False,
) -> dict[str, int]:
    """Units by SKU that the store has sold and the account has neither reserved nor put on a note.

    In: orders of both states; of the account also its reservations and goods-out notes. `undecided`
    are orders of which a person has yet to say whether they are cancelled, as in the account.
    `perhaps_left` asks for those of orders whose status said that they had left until a refund
    changed it; they are not among the others.
    """
    allocated = Allocated.of(account)
    units: Counter[str] = Counter()
    for key, records in read_orders(store, account).items():
        if perhaps_left is not (records.store.get("status_before_refunds") in GONE):
            continue
        if key in undecided or not (records.sales and records.is_cancelled_in_account):
            for sku, count in _held(records, allocated):
                units[sku_key(sku)] += count
    return {sku: count for sku, count in units.items() if count}


@dataclass(frozen=True)
class Allocated:
    """Units of sales orders' rows that are reserved or on notes."""

    reserved: Mapping[str, int]
    """By row; a row on a note is no longer reserved."""
    on_notes: Mapping[str, int]
    """By row, on goods-out notes, left or not."""

    @classmethod
    def of(cls, account: State) -> Allocated:
        """What the account has allocated."""
        reserved = {
            str(row_id): int(units)
            for reservation in account["reservations"].values()
            for row_id, (_, units) in reservation["rows"].items()
        }
        on_notes: Counter[str] = Counter()
        for note in account.get("goods_out", {}).values():
            for row_id, parts in note["rows"].items():
                on_notes[str(row_id)] += sum(int(part[1]) for part in parts)
        return cls(reserved, on_notes)

    def units(self, rows: Iterable[State]) -> int:
        """Of these rows."""
        ids = [str(row["id"]) for row in rows]
        return sum(self.reserved.get(one, 0) + self.on_notes.get(one, 0) for one in ids)


def _held(records: OrderRecords, allocated: Allocated) -> Iterator[tuple[str, int]]:
    order = records.store
    if order["is_deleted"] or order["status_id"] in HOLDS_NOTHING:
        return
    rows = [row for one in records.family for row in one["rows"].values()]
    for line in records.lines:
        own = [row for row in rows if row["external_ref"] == str(line["id"])]
        # What left by the account's notes is shipped in the store as well.
        gone = max(allocated.units(own), int(line["quantity_shipped"]))
        units = int(line["quantity"]) - int(line["quantity_refunded"]) - gone
        if line["sku"] and units > 0:
            yield line["sku"], units


@dataclass(frozen=True)
class Reservation:
    """What an order waits to be sent off with."""

    units: int = 0
    """Units of products that have stock."""
    reserved: int = 0
    could_reserve: int = 0
    """Units not reserved although they lie free in the order's warehouse."""


def reservation_of(records: OrderRecords, account: State) -> Reservation:
    """How far a sales order is reserved; nothing of one that is cancelled or gone.

    Units that are refunded are not wanted: a refund counts as long as the store counts its pieces,
    whether or not its money went back.

    In: the account's full state.
    """
    sale = records.sale
    if sale is None or sale["status_id"] == CANCELLED or records.notes:
        return Reservation()
    if records.store["status_id"] in GONE:
        return Reservation()
    lines = {str(line["id"]): line for line in records.lines}
    rows = [row for row in sale["rows"].values() if has_stock(account, row)]
    wanted = {str(row["id"]): units_of(row) - _refunded(sale, row, lines) for row in rows}
    found = account["reservations"].get(str(sale["id"]), {"rows": {}})
    reserved = {row_id: int(units) for row_id, (_, units) in found["rows"].items()}
    return Reservation(
        units=sum(wanted.values()),
        reserved=sum(reserved.values()),
        could_reserve=sum(
            max(0, min(wanted[key] - reserved.get(key, 0), _free(account, sale, row)))
            for key, row in zip(wanted, rows, strict=True)
        ),
    )


def _refunded(sale: State, row: State, lines: Mapping[str, State]) -> int:
    """Units of a row, or of the bundle that it is part of, that the store's line has refunded."""
    whole = sale["rows"].get(str(row.get("parent_row_id") or ""), row)
    line = lines.get(str(whole["external_ref"]), {"quantity_refunded": 0})
    return int(line["quantity_refunded"]) * units_of(row) // max(1, units_of(whole))


def has_stock(account: State, row: State) -> bool:
    """Whether a row's product is one whose units are counted."""
    product = account["products"].get(str(row["product_id"]), {})
    document = product.get("document", {})
    is_bundle = bool(document.get("composition", {}).get("bundle"))
    return bool(document.get("stock", {}).get("stockTracked")) and not is_bundle


def units_of(row: State) -> int:
    """The quantity of a row."""
    return int(Decimal(row["quantity"]))


def _free(account: State, sale: State, row: State) -> int:
    """Units of a row's product that are promised to nobody, in the order's warehouse."""
    levels = account["stock"].get(str(row["product_id"]), {})
    level = levels.get(str(sale["warehouse_id"]), {"in_stock": 0, "allocated": 0})
    free = int(level["in_stock"]) - int(level["allocated"]) - int(level.get("quarantined", 0))
    return max(0, free)


def _units(places: Mapping[str, Sequence[int]]) -> int:
    return sum(int(level[1]) for level in places.values())
