"""Both systems as the sandboxes themselves tell of them, put together order by order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson

System = Literal["store", "account"]
State = Mapping[str, Any]
REF = "BC-"
STORE_PARTS = "orders"
ACCOUNT_PARTS = "orders,deleted_orders,payments,goods_out"
CANCELLED, CREDIT_CANCELLED = 5, 21
"""The account's statuses of what was called off."""


@dataclass(frozen=True)
class Request:
    """What somebody does on a screen: a call of a sandbox's control routes."""

    system: System
    what: str
    body: Mapping[str, Any]
    method: str = "POST"


@dataclass(frozen=True)
class Seen:
    """One order on both sides, at one moment."""

    key: str
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
    def shipped(self) -> list[State]:
        """Notes that left."""
        return [note for note in self.notes if "shipped" in note["stages"]]

    @property
    def waiting(self) -> list[State]:
        """Notes that have not left."""
        return [note for note in self.notes if "shipped" not in note["stages"]]


@dataclass(frozen=True)
class Systems:
    """Both sandboxes."""

    store: httpx.Client
    account: httpx.Client

    def ask(self, request: Request) -> bool:
        """Whether it could be done; what a sandbox refuses did not happen."""
        client = self.store if request.system == "store" else self.account
        answer = client.request(request.method, f"/_sandbox/{request.what}", json=request.body)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise AssertionError(f"{request}: {answer.status_code} {answer.text[:500]}")
        return answer.is_success

    def told(self, system: System, what: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to what has to succeed."""
        client = self.store if system == "store" else self.account
        answer = client.post(f"/_sandbox/{what}", json=body)
        if answer.is_error:
            raise AssertionError(f"{system} {what}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def look(self, keys: Iterable[str]) -> dict[str, Seen]:
        """These orders, now."""
        return put_together(
            self._state(self.store, STORE_PARTS), self._state(self.account, ACCOUNT_PARTS), keys
        )

    def state(self, system: System, parts: str) -> Any:  # noqa: ANN401 - JSON
        """Parts of a sandbox's state."""
        return self._state(self.store if system == "store" else self.account, parts)

    def writes(self) -> int:
        """Requests to both APIs since `forget` that may have changed something."""
        return sum(
            row["count"]
            for client in (self.store, self.account)
            for name, row in client.get("/_sandbox/requests").json()["requests"].items()
            if not name.startswith(("GET ", "HEAD ", "OPTIONS "))
        )

    def forget(self) -> None:
        """Count requests from here on."""
        for client in (self.store, self.account):
            client.delete("/_sandbox/requests")

    @staticmethod
    def _state(client: httpx.Client, parts: str) -> Any:  # noqa: ANN401 - JSON
        answer = client.get("/_sandbox/state", params={"only": parts})
        answer.raise_for_status()
        return orjson.loads(answer.content)


def put_together(store: State, account: State, keys: Iterable[str]) -> dict[str, Seen]:
    """Both states, order by order."""
    sales: dict[str, list[State]] = defaultdict(list)
    by_parent: dict[int, list[State]] = defaultdict(list)
    for order in account["orders"].values():
        by_parent[order["parent_id"]].append(order)
        is_ours = (order["external_ref"] or "").startswith(REF) and not order["parent_id"]
        if is_ours and order["type_code"] == "SO":
            sales[order["external_ref"]].append(order)
    deleted = {order["external_ref"]: order for order in account["deleted_orders"].values()}
    payments: dict[int, list[State]] = defaultdict(list)
    for payment in account["payments"].values():
        payments[payment["order_id"]].append(payment)
    notes: dict[int, list[State]] = defaultdict(list)
    for note in account["goods_out"].values():
        notes[note["order_id"]].append(note)
    return {
        key: _seen(store["orders"][key], (sales, by_parent, payments, notes), deleted)
        for key in keys
    }


Books = tuple[
    Mapping[str, Sequence[State]],
    Mapping[int, Sequence[State]],
    Mapping[int, Sequence[State]],
    Mapping[int, Sequence[State]],
]


def _seen(order: State, books: Books, deleted: Mapping[str, State]) -> Seen:
    sales, by_parent, payments, notes = books
    key = str(order["id"])
    own = sales.get(f"{REF}{key}", ())
    gone = deleted.get(f"{REF}{key}")
    parents = [one["id"] for one in own] + ([gone["id"]] if gone else [])
    beneath = [one for number in parents for one in by_parent.get(number, ())]
    back = [one for one in beneath if one["type_code"] == "SO"]
    back += [
        one
        for parent in list(back)
        for one in by_parent.get(parent["id"], ())
        if one["type_code"] == "SO"
    ]
    credits_ = [one for one in beneath if one["type_code"] == "SC"]
    family = [*own, *back]
    return Seen(
        key=key,
        store=order,
        sales=own,
        back_orders=back,
        credits=credits_,
        payments=[p for one in [*family, *credits_] for p in payments.get(one["id"], ())],
        notes=[note for one in family for note in notes.get(one["id"], ())],
        was_deleted=gone is not None,
    )
