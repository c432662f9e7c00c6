"""Orders and what belongs to them. Source: REST Management API, Orders V2 and V3."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from cachetools import TTLCache
from pydantic import ValidationError

from connectors.bigcommerce.api import PAGE, Api, of_order
from connectors.bigcommerce.models import (
    Missing,
    Order,
    OrderHeader,
    OrderLine,
    TaxRow,
    Transaction,
    Unreadable,
)
from connectors.documents import broken_field
from connectors.http import unreadable
from core.errors import ContractError, NotFoundError
from core.ids import email_key
from core.times import from_text, to_iso

ROWS_PER_WANTED = 50
"""A list may read up to so many orders for each one that is wanted, not more: it takes longer."""
SECOND = timedelta(seconds=1)
"""Their dates have no fractions."""
WHOLE = {
    "include": "consignments.line_items,fees",
    "consignment_structure": "object",
}
"""An order with everything that costs no further request."""
NAMESPACE = "causeway"
"""Of our metafields."""
MOST_LONG_ORDERS = 500
LINES_KEPT_S = 900.0
"""How long the lines of a long order are used while the order itself does not change."""
OF_STATUS = frozenset(
    {
        *("date_modified", "date_shipped", "status", "status_id", "custom_status"),
        *("external_order_id", "external_id", "payment_status"),
    }
)
"""Fields of an order that change without its lines."""


@dataclass(frozen=True)
class IdRange:
    """Orders that one request reads: one by its id, or several by a list around them."""

    ids: tuple[str, ...]

    @property
    def as_list(self) -> bool:
        """Whether one list is read instead of one order."""
        return len(self.ids) > 1


class LongOrders:
    """Lines of orders with more of them than an order embeds, read a while ago. Thread-safe.

    They are used as long as the order reads the same but for what BigCommerce changes by itself
    when a status is set: its totals and counts, and the lines that it does embed.
    """

    def __init__(self) -> None:
        self._lines: TTLCache[tuple[str, str], tuple[OrderLine, ...]]
        self._lines = TTLCache(MOST_LONG_ORDERS, LINES_KEPT_S)
        self._lock = Lock()

    def find(self, row: Mapping[str, Any]) -> tuple[OrderLine, ...] | None:
        """The lines of an order that reads as it did when they were read."""
        with self._lock:
            return self._lines.get(self._key(row))

    def keep(self, row: Mapping[str, Any], lines: tuple[OrderLine, ...]) -> None:
        """Lines that were read after the order itself."""
        with self._lock:
            self._lines[self._key(row)] = lines

    def _key(self, row: Mapping[str, Any]) -> tuple[str, str]:
        content = {name: value for name, value in row.items() if name not in OF_STATUS}
        text = json.dumps(content, sort_keys=True, default=str)
        return str(row.get("id")), hashlib.sha256(text.encode()).hexdigest()


class Orders(Api):
    """The orders of a store."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(*args, **kwargs)
        self._long_orders = LongOrders()

    def list_orders(self, **filters: Any) -> Iterator[Order | Unreadable]:  # noqa: ANN401
        """Whole orders in the order of their ids, safe against changes while it reads.

        Filters are BigCommerce's own (`min_date_modified`, `min_date_created`, `max_id` …);
        moments are aware datetimes. N orders cost N/250 + 1 requests. To go on after a fault,
        ask again with `min_id` above the last id seen. Source: stable scan of changed orders.
        """
        for row in self._scan({**WHOLE, **wire(filters)}):
            yield self._order(row)

    def list_order_headers(self, **filters: Any) -> Iterator[OrderHeader | Unreadable]:  # noqa: ANN401
        """Ids, statuses, dates and totals only, in the order of their ids; filters as above."""
        for row in self._scan(wire(filters)):
            yield _header(row)

    def list_order_documents(self, email: str) -> Iterator[Mapping[str, Any]]:
        """Whole orders whose bill went to an e-mail, in any case, as sent: for that person.

        Archived ones are not listed. Source: fact sheet, list filters of orders.
        """
        for row in self._scan({**WHOLE, "email": email}):
            billing = row.get("billing_address")
            known = str(billing.get("email") or "") if isinstance(billing, dict) else ""
            if email_key(known) == email_key(email):
                yield row

    def newest_order_id(self) -> str:
        """The id of the newest order; "0" in a store without any."""
        rows = self._rows("/v2/orders", sort="id:desc", limit=1, page=1)
        return str(rows[0].get("id", 0)) if rows else "0"

    def get_orders(self, ids: Sequence[str]) -> list[Order | Unreadable | Missing]:
        """These orders in the fewest requests, in the order of their ids."""
        return [order for id_range in plan_ranges(ids) for order in self.get_range(id_range)]

    def get_range(self, id_range: IdRange) -> list[Order | Unreadable | Missing]:
        """The wanted orders of one range of `plan_ranges`; one that does not exist is Missing.

        A list leaves archived orders out: those are read by themselves (`is_deleted`).
        """
        listed: Iterable[dict[str, Any]] = ()
        if id_range.as_list:
            span = {"min_id": int(id_range.ids[0]), "max_id": int(id_range.ids[-1])}
            listed = self._scan({**WHOLE, **span})
        rows = {str(row["id"]): row for row in listed}
        found: list[Order | Unreadable | Missing] = []
        for order_id in id_range.ids:
            if (row := rows.get(order_id)) is None:
                try:
                    answer = self._send("GET", f"/v2/orders/{order_id}", params=WHOLE)
                except NotFoundError:
                    found.append(Missing(order_id))
                    continue
                row = answer.body
                if not isinstance(row, dict) or str(row.get("id")) != order_id:
                    raise unreadable(answer, "with something else")
            found.append(self._order(row))
        return found

    def list_lines(self, order_id: str) -> list[dict[str, Any]]:
        """All lines of an order, raw. Source: GET /v2/orders/{id}/products."""
        return list(self._all_rows(f"/v2/orders/{order_id}/products"))

    def list_transactions(self, order_id: str) -> list[Transaction]:
        """Gateway transactions of an order; none is an empty list (they answer 204).

        Raises: RejectedError when a row breaks the model.
        """
        answer = self._send("GET", f"/v3/orders/{order_id}/transactions")
        rows = [] if answer.is_no_content else self._field(answer, "data", list)
        return [of_order(Transaction, order_id, row) for row in rows]

    def list_taxes(self, order_id: str) -> list[TaxRow]:
        """Tax rows of an order by line. Raises: RejectedError when a row breaks the model."""
        rows = self._all_rows(f"/v2/orders/{order_id}/taxes", details="true")
        return [of_order(TaxRow, order_id, row) for row in rows]

    def update_order(
        self,
        order_id: str,
        *,
        status_id: int | None = None,
        external_order_id: str | None = None,
    ) -> None:
        """One PUT that carries these fields and nothing else: a line in it would lose discounts.

        Harmless to repeat. Raises: ValueError when there is nothing to write.
        """
        fields = {"status_id": status_id, "external_order_id": external_order_id}
        body = {name: value for name, value in fields.items() if value is not None}
        if not body:
            raise ValueError("an order is not updated with nothing")
        answer = self._send("PUT", f"/v2/orders/{order_id}", content=body)
        if not isinstance(answer.body, dict) or str(answer.body.get("id")) != order_id:
            raise unreadable(answer, "without the order")

    def set_order_metafield(self, order_id: str, key: str, value: str) -> None:
        """Keep a text with an order, for other apps to read; there is one of each key.

        Harmless to repeat. Source: order metafields, unique by namespace and key.
        """
        path = f"/v3/orders/{order_id}/metafields"
        for _, row in self._all_data(path, namespace=NAMESPACE, key=key):
            if (row.get("namespace"), row.get("key")) == (NAMESPACE, key):
                changed = self._send("PUT", f"{path}/{row.get('id')}", content={"value": value})
                self._field(changed, "data")
                return
        named = {"namespace": NAMESPACE, "key": key, "permission_set": "read"}
        self._field(self._send("POST", path, content={**named, "value": value}), "data")

    def _scan(self, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of `GET /v2/orders`, by keyset on the id and never by page number.

        Raises: ContractError when a row is outside of the filters, or out of order.
        """
        at = int(filters.get("min_id", 1))
        while True:
            asked = {**filters, "min_id": at}
            rows = deque(self._rows("/v2/orders", **asked, sort="id:asc", limit=PAGE, page=1))
            is_last = len(rows) < PAGE
            while rows:  # a page of them takes tens of MB: each goes when it is read
                row = rows.popleft()
                at = _next_id(row, {**asked, "min_id": at})
                yield row
            if is_last or at > int(filters.get("max_id", at)):
                return

    def _order(self, row: dict[str, Any]) -> Order | Unreadable:
        """The order with all its lines, or the field that breaks the model.

        At most 50 lines of a consignment are embedded, and some orders come with none: when the
        quantities do not add up to `items_total`, the lines are read by themselves, unless they
        are known and the order did not change since.
        """
        order_id = str(row.get("id", ""))
        try:
            order = Order.model_validate(row)
            lines = tuple(map(OrderLine.model_validate, order.consignments.line_documents()))
            if sum(line.quantity for line in lines) != order.items_total:
                known = self._long_orders.find(row)
                if known is None:
                    known = tuple(map(OrderLine.model_validate, self.list_lines(order_id)))
                self._long_orders.keep(row, known)
                lines = known
        except ValidationError as error:
            return Unreadable(order_id, *broken_field(error), placed_at=_placed_at(row))
        except NotFoundError:
            reason = "the order vanished while it was read"
            return Unreadable(order_id, "products", reason, placed_at=_placed_at(row))
        consignments = order.consignments.without_lines()
        return order.model_copy(update={"lines": lines, "consignments": consignments})


def _placed_at(row: Mapping[str, Any]) -> datetime | None:
    """When an order was placed whose document breaks the model, unless that is what breaks it."""
    try:
        return from_text(str(row.get("date_created")))
    except ValueError:
        return None


def _header(row: dict[str, Any]) -> OrderHeader | Unreadable:
    try:
        return OrderHeader.model_validate(row)
    except ValidationError as error:
        return Unreadable(str(row.get("id", "")), *broken_field(error))


def _next_id(row: Mapping[str, Any], asked: Mapping[str, Any]) -> int:
    """The lowest id that may come after this row."""
    try:
        order_id = int(row["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise ContractError("BigCommerce listed an order without an id.") from error
    if broken := broken_filter(row, asked):
        raise ContractError(
            f"BigCommerce listed order {order_id}, which the filter {broken} leaves out.",
            remedy="The filter was ignored or the list is not sorted by id: nothing was trusted.",
        )
    return order_id + 1


def plan_ranges(ids: Sequence[str]) -> list[IdRange]:
    """How to read these orders in the fewest requests, each range one request.

    V2 has no filter for several ids: it is one GET per id, or one list per 250 orders of a range.
    Runs of a page's length laid from the lowest id upwards cover any ids with the fewest pages.
    """
    runs: list[list[int]] = []
    for number in sorted({int(one) for one in ids}):
        near = runs and number - runs[-1][-1] <= ROWS_PER_WANTED
        if near and number - runs[-1][0] < PAGE:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [IdRange(tuple(str(number) for number in run)) for run in runs]


def wire(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters as sent: moments as ISO texts in UTC, which cannot be misread for a local time."""
    return {
        name: to_iso(value) if isinstance(value, datetime) else value
        for name, value in filters.items()
    }


def broken_filter(row: Mapping[str, Any], filters: Mapping[str, Any]) -> str:
    """The filter that a listed order breaks, "" for none.

    BigCommerce has ignored filters it could not read, and then listed every order of the store.
    """
    return next((name for name, asked in filters.items() if not _satisfies(row, name, asked)), "")


def _satisfies(row: Mapping[str, Any], name: str, asked: object) -> bool:
    """Whether the row has what a filter asks; what cannot be compared counts as satisfied."""
    bound, _, column = name.partition("_")
    if bound not in {"min", "max"}:
        bound, column = "", name
    value = row.get(column)
    try:
        if column in {"id", "status_id", "channel_id", "customer_id"}:
            return _between(bound, int(str(value)), int(str(asked)), 0)
        if column in {"date_created", "date_modified"}:
            return _between(bound, from_text(str(value)), from_text(str(asked)), SECOND)
    except ValueError:
        return True
    return True


def _between(bound: str, value: Any, asked: Any, tolerance: Any) -> bool:  # noqa: ANN401
    match bound:
        case "min":
            return bool(value >= asked - tolerance)
        case "max":
            return bool(value <= asked + tolerance)
        case _:
            return bool(value == asked)
