"""The fewest requests that the two APIs allow for a batch of orders. Pure.

Source: the APIs' documented page sizes and batch sizes; each term is named where it is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demo.controls import System

MESSAGES = 10
"""In one multi-message of Brightpearl."""
READ_BACK = 200
"""Sales orders in one GET."""
ROWS = 500
"""In one page of a Brightpearl search."""
PAGE = 250
"""Orders, or lines of one order, in one page of BigCommerce."""
ITEMS = 1000
"""Items in one page of the store's inventory, all their locations with them."""
ADJUSTMENTS = 2000
"""Rows in one adjustment of the store's stock."""
LEVELS = 100
"""Products in one question for availability: undocumented, and so many in daily use."""
EMBEDDED = 50
"""Lines of a consignment that the list itself holds."""


@dataclass(frozen=True)
class Term:
    """One kind of request."""

    what: str
    formula: str
    requests: int


@dataclass(frozen=True)
class Floor:
    """The fewest requests, term by term."""

    terms: Sequence[Term]

    @property
    def requests(self) -> int:
        """The sum."""
        return sum(term.requests for term in self.terms)

    def __str__(self) -> str:
        """Give the formula with its numbers, and what each term is."""
        formula = " + ".join(term.formula for term in self.terms)
        numbers = " + ".join(str(term.requests) for term in self.terms)
        names = ", ".join(term.what for term in self.terms)
        return f"{formula} = {numbers} = {self.requests} ({names})"


@dataclass(frozen=True)
class Batch:
    """What a batch consists of, and what both systems held before it."""

    orders: int
    span: int
    """Orders of the store from the first of the batch to the last."""
    new_contacts: int
    contacts_before: int
    skus: int
    products: int
    """In Brightpearl's catalogue."""
    long_orders: Sequence[int] = ()
    """Numbers of lines of orders whose lists are cut."""


def brightpearl_floor(batch: Batch) -> Floor:
    """Create, read back, pay and reserve; new customers; both caches empty before."""
    n, a = batch.orders, batch.new_contacts
    return Floor(
        [
            _by(n, MESSAGES, "sales orders"),
            _by(n, READ_BACK, "read back"),
            _by(2 * n, MESSAGES, "receipts and reservations"),
            _by(a, MESSAGES, "addresses of new customers"),
            _by(a, MESSAGES, "new contacts"),
            _cold(a, batch.contacts_before, "contacts looked up"),
            _cold(batch.skus, batch.products, "products looked up"),
        ]
    )


def bigcommerce_floor(batch: Batch) -> Floor:
    """List, read each order's transactions, and write status and id back in one PUT each."""
    terms = [
        _pages(batch.span),
        Term("transactions", str(batch.orders), batch.orders),
        Term("status and number", str(batch.orders), batch.orders),
    ]
    if batch.long_orders:
        pages = sum(ceiling(lines, PAGE) for lines in batch.long_orders)
        terms.append(Term(f"pages of lines, over {EMBEDDED} in an order", str(pages), pages))
    return Floor(terms)


def store_stock_floor(items: int, rows: int) -> Floor:
    """Read a store's whole inventory and adjust so many rows of it."""
    return Floor([_by(items, ITEMS, "pages of inventory"), _by(rows, ADJUSTMENTS, "adjustments")])


def account_stock_floor(products: int, catalogue: int) -> Floor:
    """Read products' availability, and first the whole catalogue if none of it is known."""
    terms = [_by(products, LEVELS, "availability"), _by(catalogue, ROWS, "catalogue")]
    return Floor([term for term in terms if term.requests])


def long_orders(lines: Iterable[int]) -> list[int]:
    """Those numbers of lines that do not fit into a list of orders."""
    return [count for count in lines if count > EMBEDDED]


def windows_s(requests: int, quota: int, window_s: float) -> float:
    """Seconds that so many requests take at least, in fixed windows of a quota."""
    return window_s * max(0, ceiling(requests, quota) - 1)


def ceiling(count: int, size: int) -> int:
    """How many parts of `size` hold `count`."""
    return -(-count // size)


def _by(count: int, size: int, what: str) -> Term:
    return Term(what, f"⌈{count}/{size}⌉", ceiling(count, size))


def _cold(wanted: int, existing: int, what: str) -> Term:
    """One search each, or a scan of everything: an empty one is a request as well."""
    if not wanted:
        return Term(what, "0", 0)
    pages = max(1, ceiling(existing, ROWS))
    return Term(what, f"min({wanted}, ⌈{existing}/{ROWS}⌉)", min(wanted, pages))


def amendment_floors(orders: int) -> dict[System, Floor]:
    """Read edited orders on both sides, change their rows and reservations, read both back."""
    return {
        "bigcommerce": Floor([_pages(orders), Term("transactions", str(orders), orders)]),
        "brightpearl": Floor(
            [
                _by(orders, READ_BACK, "orders"),
                _by(orders, READ_BACK, "payments"),
                _by(orders, MESSAGES, "rows"),
                _by(orders, READ_BACK, "rows read back"),
                _by(orders, MESSAGES, "reservations"),
                _by(orders, READ_BACK, "reservations read back"),
            ]
        ),
    }


def shipment_floors(orders: int, notes: int) -> dict[System, Floor]:
    """Read goods-out notes and their orders on both sides, and make a shipment of each note."""
    return {
        "bigcommerce": Floor([_pages(orders), Term("shipments", str(notes), notes)]),
        "brightpearl": Floor([_by(notes, ROWS, "notes"), _by(orders, READ_BACK, "orders")]),
    }


def refund_floors(refunds: int) -> dict[System, Floor]:
    """Read refunds and their orders, make a credit of each, take goods back, pay and close it."""
    return {
        "bigcommerce": Floor(
            [_by(refunds, PAGE, "refunds"), _pages(refunds), *_returned_stock(refunds)]
        ),
        "brightpearl": Floor(
            [
                _by(refunds, READ_BACK, "orders"),
                _by(refunds, READ_BACK, "credits that exist"),
                _by(refunds, MESSAGES, "credits"),
                _by(refunds, READ_BACK, "credits read back"),
                _by(3 * refunds, MESSAGES, "goods in, payment, close"),
            ]
        ),
    }


@dataclass(frozen=True)
class Life:
    """What happened to orders from their import to their refunds."""

    orders: int
    span: int
    """Orders of the store from the first to the last."""
    notes: int
    """Goods-out notes that left."""
    refunds: int
    long_orders: Sequence[int] = ()
    """Numbers of lines of orders whose lists are cut."""


def life_floor(life: Life) -> Floor:
    """BigCommerce's part in whole lives of orders: imported, shipped in parts, refunded.

    The import lists the orders, reads the transactions of each and writes its status and number.
    Each goods-out note becomes one shipment; its orders are listed again, for staff may have
    changed them since, and so are refunded ones with their refunds. What we know already is not
    read: lines that did not fit into a list, transactions of an order that only we have touched, an
    order of which BigCommerce notifies us because we wrote it, stock that only orders changed.
    """
    imported = bigcommerce_floor(
        Batch(
            orders=life.orders,
            span=life.span,
            new_contacts=0,
            contacts_before=0,
            skus=0,
            products=0,
            long_orders=life.long_orders,
        )
    )
    terms = [*imported.terms, _pages(life.span), Term("shipments", str(life.notes), life.notes)]
    if life.refunds:
        terms += [_by(life.refunds, PAGE, "refunds"), _by(life.refunds, PAGE, "refunded orders")]
        terms += _returned_stock(life.refunds)
    return Floor(terms)


def _returned_stock(skus: int) -> list[Term]:
    """Goods that come back are on sale again: read what is on sale of them, and adjust it."""
    return [_by(skus, ITEMS, "inventory of returns"), _by(skus, ADJUSTMENTS, "their adjustments")]


def _pages(orders: int) -> Term:
    """Consecutive orders in the store's list: a full last page costs one more."""
    return Term("pages of orders", f"⌊{orders}/{PAGE}⌋ + 1", orders // PAGE + 1)
