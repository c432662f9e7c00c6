"""Which refunded units come back, which had not left yet, and what is still held for these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from connectors.brightpearl import messages
from connectors.brightpearl.goods_note_models import GoodsOutNote
from connectors.brightpearl.models import SalesOrder, SalesOrderRow
from connectors.brightpearl.stock_models import ReservedProduct
from core.words import counted
from tasks.policy import with_retries
from tasks.reconciler.apply import Phase
from tasks.reconciler.operations import BrightpearlWrite, Operation, Progress, RecordPlan
from tasks.reconciler.run import Run
from tasks.refunds.frames import CreditRow
from tasks.refunds.matching import RefundedOrder

ALL_RESERVED = "AAA"


@dataclass(frozen=True)
class Units:
    """Refunded units of one row, by whether they had left."""

    sold_ref: str
    condition: str
    """restock or quarantine; "" for units that do not come back."""
    returned: int
    """Units that had left and come back."""
    unsent: int
    """Units that had not left."""


@dataclass(frozen=True)
class DeleteNote(Operation[Progress[RecordPlan]]):
    """A goods-out note that nobody has picked is taken back; refused once it is shipped."""

    sales_order_id: str
    note_id: str
    kind = "take goods-out note back"
    is_done_when_gone = True

    def describe(self) -> str:
        return f"take goods-out note {self.note_id} back"

    def write(self, _run: Run, _record: Progress[RecordPlan]) -> BrightpearlWrite:
        label = f"note:{self.note_id}"
        return BrightpearlWrite(
            natural_key=f"note {self.note_id}",
            after={"note": self.note_id},
            message=messages.delete_goods_out(label, self.sales_order_id, self.note_id),
        )


@dataclass(frozen=True)
class ReleaseStock(Operation[Progress[RecordPlan]]):
    """What an order holds in stock for units that were refunded before they left, less these.

    Notes go first. After that there may be no reservation: it is then made anew, unless nothing is
    to be kept.
    """

    sales_order_id: str
    keep: Mapping[str, tuple[str, int]]
    """Product id and the units that stay reserved, by row id."""
    notes: tuple[str, ...] = ()
    """Goods-out notes to take back first: nobody has picked them."""
    warehouse_id: str = ""
    """Of these notes."""
    picked: tuple[str, ...] = ()
    """Notes that somebody has picked, and that hold more than is still wanted."""
    kind = "release stock"
    is_done_when_gone = True

    def describe(self) -> str:
        return f"reserve {counted(sum(units for _, units in self.keep.values()), 'unit')}, not more"

    def write(self, run: Run, _record: Progress[RecordPlan]) -> BrightpearlWrite | None:
        label, order_id = f"release:{self.sales_order_id}", self.sales_order_id
        read = partial(run.brightpearl.get_reservation, order_id)
        is_new = bool(self.notes) and with_retries(read) is None
        products = [
            ReservedProduct(product_id=int(product_id), row_id=int(row_id), quantity=units)
            for row_id, (product_id, units) in self.keep.items()
            if units or not is_new
        ]
        if not products:
            return None
        return BrightpearlWrite(
            natural_key=label,
            after={"keep": {row_id: units for row_id, (_, units) in self.keep.items()}},
            is_repeatable=not is_new,
            message=messages.reserve(label, order_id, self.warehouse_id, products)
            if is_new
            else messages.set_reservation(label, order_id, products),
        )


class Goods:
    """The goods of one order: what has left, what is on notes, what earlier refunds took."""

    def __init__(self, order: RefundedOrder) -> None:
        self.sale = order.sale
        self._notes = order.notes
        self._reserved = order.reserved
        # A product that is on a note has stock, unless it is known to have none.
        on_notes = {p for note in self._notes for p in note.products.values()}
        self._has_stock = {**dict.fromkeys(on_notes, True), **order.has_stock}
        self._shipped: Counter[str] = Counter()
        for note in self._notes:
            if note.is_shipped:
                self._shipped.update(note.rows)
        self._returned: Counter[str] = Counter()
        self._unsent: Counter[str] = Counter()
        for matched in order.matched:
            self._returned.update(matched.agreed.returned)
            self._unsent.update(matched.agreed.unsent)

    def split(self, rows: Iterable[CreditRow]) -> list[Units]:
        """Which units of a refund's rows come back; they count for the next refund.

        A reason that says goods were returned means units that had left, as far as any had. Any
        other takes those that had not left first.
        """
        found = []
        for row in rows:
            if row.kind != "product":
                continue
            ref, asked = row.sold_ref, row.quantity
            # A row that staff replaced is found by its product.
            same = [(o, r) for o, r in self.sale.rows if r.product_id == row.product_id]
            sold = self.sale.rows_of(ref) or same[:1]
            tracked = [
                [(p, each) for p, each in self.sale.components(o, r) if self._is_tracked(p)]
                for o, r in sold
            ]
            if not any(tracked):
                continue
            # Whole units that have left; of a bundle, as far as all its parts have.
            shipped = sum(
                min((self._shipped[part.id] // each for part, each in parts if each), default=0)
                for parts in tracked
            )
            ordered = sum(int(one.quantity) for _, one in sold)
            here = max(0, ordered - shipped - self._unsent[ref])
            away = max(0, shipped - self._returned[ref])
            if row.condition:
                returned = min(asked, away)
                unsent = min(asked - returned, here)
            else:
                unsent, returned = min(asked, here), 0
            self._returned[ref] += returned
            self._unsent[ref] += unsent
            if returned or unsent:
                found.append(Units(ref, row.condition, returned, unsent))
        return found

    def releases(self, refs: Collection[str]) -> Iterator[ReleaseStock]:
        """What is held for units of these rows that are not wanted any more.

        Notes that nobody has picked are taken back; what they held beyond the refunded units is
        reserved again.
        """
        for order in self.sale.orders:
            rows = {
                row.id: row
                for row in order.rows
                if self._is_tracked(row) and self._parent_ref(order, row)[0] in refs
            }
            if rows:
                yield self._release(order, rows)

    def _release(self, order: SalesOrder, rows: Mapping[str, SalesOrderRow]) -> ReleaseStock:
        waiting = [n for n in self._notes if n.order_id == order.id and not n.is_shipped]
        on_notes: Counter[str] = Counter()
        for note in waiting:
            on_notes.update(note.rows)
        surplus = Counter(
            {id_: max(0, on_notes[id_] - self._open(order, row)) for id_, row in rows.items()}
        )
        taken_back: list[GoodsOutNote] = []
        freed: Counter[str] = Counter()
        for note in sorted(waiting, key=lambda one: -int(one.id)):
            in_surplus = any(surplus[row_id] for row_id in note.rows)
            if in_surplus and not (note.is_picked or note.is_packed):
                taken_back.append(note)
                freed.update(note.rows)
                surplus -= Counter(note.rows)
        # Units to stay reserved, where that is less than now or a note gives some back.
        keep: dict[str, tuple[str, int]] = {}
        for row in order.rows:
            if row.id in rows or freed[row.id]:
                held = self._held(order, row)
                wanted = max(0, self._open(order, row) - on_notes[row.id] + freed[row.id])
                goal = min(wanted, held + freed[row.id])
                if goal < held or freed[row.id]:
                    keep[row.id] = (row.product_id, goal)
        return ReleaseStock(
            order.id,
            keep=keep,
            notes=tuple(note.id for note in taken_back),
            warehouse_id=taken_back[0].warehouse_id if taken_back else "",
            picked=tuple(
                note.id
                for note in waiting
                if note not in taken_back and any(surplus[row_id] for row_id in note.rows)
            ),
        )

    def _open(self, order: SalesOrder, row: SalesOrderRow) -> int:
        """Units of a row that are still to be sent."""
        ref, each = self._parent_ref(order, row)
        unsent = self._unsent[ref]
        for other, mine in self.sale.rows_of(ref):
            if other is order:
                break  # a back order's row gives up units after that of the order itself
            unsent = max(0, unsent - int(mine.quantity) + self._shipped[mine.id])
        return max(0, int(row.quantity) - self._shipped[row.id] - unsent * each)

    def _held(self, order: SalesOrder, row: SalesOrderRow) -> int:
        """Units reserved for a row: known without a request where everything is reserved."""
        if order.id in self._reserved:
            return self._reserved[order.id].get(row.id, 0)
        if order.allocation_code != ALL_RESERVED:
            return 0
        on_notes = sum(note.rows.get(row.id, 0) for note in self._notes)
        return max(0, int(row.quantity) - on_notes)

    def _parent_ref(self, order: SalesOrder, row: SalesOrderRow) -> tuple[str, int]:
        """The reference of a row, or of the bundle it is part of, and its units in one of these."""
        if not row.parent_row_id:
            return row.external_ref, 1
        bundle = next((one for one in order.rows if one.id == row.parent_row_id), None)
        if bundle is None or not bundle.quantity:
            return row.external_ref, 1
        return bundle.external_ref, int(row.quantity / bundle.quantity)

    def _is_tracked(self, row: SalesOrderRow) -> bool:
        return self._has_stock.get(row.product_id, False)


STOCK_PHASES = (
    Phase((DeleteNote,), together=True),
    Phase((ReleaseStock,), together=True),
)
"""Notes hold units that a reservation can only have back when they are gone."""
