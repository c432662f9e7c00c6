"""What both sandboxes hold, put together order by order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

State = Mapping[str, Any]
"""A sandbox's state, or a record in it, as `GET /_sandbox/state` writes it."""
REF = "BC-"
"""How the external reference of a sales order begins that was imported from the store."""
SALES_ORDER, SALES_CREDIT = "SO", "SC"
CANCELLED, CREDIT_CANCELLED = 5, 21
"""The account's statuses of a cancelled sales order, and of a cancelled credit."""
STORE_PARTS = ("orders",)
ACCOUNT_PARTS = ("orders", "deleted_orders", "payments", "goods_out")
"""Parts of both states that are read here."""


@dataclass(frozen=True)
class OrderRecords:
    """Everything that both systems hold of one order, at one moment."""

    key: str
    """The store's id of the order."""
    store: State
    sales: Sequence[State] = ()
    """Sales orders that carry its reference: one, if all is well."""
    back_orders: Sequence[State] = ()
    credits: Sequence[State] = ()
    payments: Sequence[State] = ()
    """Of the sales order, its back orders and credits."""
    notes: Sequence[State] = ()
    """Goods-out notes of the sales order and its back orders."""
    was_deleted: bool = False
    """Whether staff deleted a sales order of it."""

    @property
    def sale(self) -> State | None:
        """The sales order."""
        return self.sales[0] if self.sales else None

    @property
    def family(self) -> list[State]:
        """The sales order and its back orders."""
        return [*self.sales, *self.back_orders]

    @property
    def lines(self) -> list[State]:
        """The store's lines."""
        return list(self.store["lines"])

    @property
    def live_credits(self) -> list[State]:
        """Sales credits that are not cancelled."""
        return [one for one in self.credits if one["status_id"] != CREDIT_CANCELLED]

    @property
    def shipped(self) -> list[State]:
        """Notes that left."""
        return [note for note in self.notes if "shipped" in note["stages"]]

    @property
    def waiting(self) -> list[State]:
        """Notes that have not left."""
        return [note for note in self.notes if "shipped" not in note["stages"]]

    @property
    def is_cancelled_in_account(self) -> bool:
        """Whether no sales order of it is left that is not cancelled."""
        return all(one["status_id"] == CANCELLED for one in self.sales)


@dataclass(frozen=True)
class AccountIndex:
    """The account's records by what they belong to."""

    sales: Mapping[str, Sequence[State]]
    """Sales orders by external reference."""
    children: Mapping[int, Sequence[State]]
    """Back orders and credits by the order that they were made of."""
    payments: Mapping[int, Sequence[State]]
    notes: Mapping[int, Sequence[State]]
    deleted: Mapping[str, State]

    @classmethod
    def of(cls, account: State) -> Self:
        """Index a state, or those parts of it that were read."""
        sales: dict[str, list[State]] = defaultdict(list)
        children: dict[int, list[State]] = defaultdict(list)
        for order in account["orders"].values():
            children[order["parent_id"] or 0].append(order)
            if order["type_code"] == SALES_ORDER and not order["parent_id"]:
                sales[order["external_ref"] or ""].append(order)
        return cls(
            sales={ref: orders for ref, orders in sales.items() if ref.startswith(REF)},
            children=children,
            payments=_by_order(account.get("payments", {})),
            notes=_by_order(account.get("goods_out", {})),
            deleted={
                order["external_ref"]: order for order in account.get("deleted_orders", {}).values()
            },
        )


def read_orders(
    store: State, account: State, keys: Iterable[str] | None = None
) -> dict[str, OrderRecords]:
    """Both sides of these orders of the store, or of all, by the store's id."""
    index = AccountIndex.of(account)
    wanted = store["orders"] if keys is None else keys
    return {key: _records(store["orders"][key], index) for key in wanted}


def unknown_to_store(store: State, account: State) -> list[str]:
    """Ids of orders that only a sales order's reference names."""
    found = (ref.removeprefix(REF) for ref in AccountIndex.of(account).sales)
    return sorted(key for key in found if key not in store["orders"])


def doubled_contacts(account: State) -> dict[str, list[str]]:
    """Ids of contacts that share their first e-mail address, by the first of them."""
    by_email: dict[str, list[str]] = defaultdict(list)
    for key, contact in account.get("contacts", {}).items():
        if email := str(contact["emails"].get("PRI") or "").strip().casefold():
            by_email[email].append(str(key))
    return {found[0]: found for found in by_email.values() if len(found) > 1}


def _records(order: State, index: AccountIndex) -> OrderRecords:
    key = str(order["id"])
    sales = index.sales.get(f"{REF}{key}", ())
    deleted = index.deleted.get(f"{REF}{key}")
    parents = [one["id"] for one in sales] + ([deleted["id"]] if deleted else [])
    children = [one for number in parents for one in index.children.get(number, ())]
    back_orders = [one for one in children if one["type_code"] == SALES_ORDER]
    back_orders += [
        one
        for parent in list(back_orders)
        for one in index.children.get(parent["id"], ())
        if one["type_code"] == SALES_ORDER
    ]
    credits_ = [one for one in children if one["type_code"] == SALES_CREDIT]
    family = [*sales, *back_orders]
    return OrderRecords(
        key=key,
        store=order,
        sales=sales,
        back_orders=back_orders,
        credits=credits_,
        payments=[p for one in [*family, *credits_] for p in index.payments.get(one["id"], ())],
        notes=[note for one in family for note in index.notes.get(one["id"], ())],
        was_deleted=deleted is not None,
    )


def _by_order(records: State) -> dict[int, list[State]]:
    found: dict[int, list[State]] = defaultdict(list)
    for record in records.values():
        found[record["order_id"]].append(record)
    return found
