"""BigCommerce over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from connectors.bigcommerce.answers import judge, meter
from connectors.bigcommerce.models import (
    Channel,
    Coupon,
    Hook,
    Missing,
    Order,
    OrderHeader,
    OrderLine,
    Store,
    TaxRow,
    Transaction,
    Unreadable,
)
from connectors.budget import Lane, Usage, budget_of
from connectors.documents import Document, broken_field
from connectors.http import Answer, Http, System
from core.errors import ContractError, NotFoundError
from core.settings import BigCommerceSettings
from core.times import to_iso

PAGE = 250
"""Rows of a V2 page, the most that BigCommerce gives."""
WHOLE = {
    "include": "consignments.line_items,fees",
    "consignment_structure": "object",
}
"""An order with everything that costs no further request."""
D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Reach:
    """A piece of reading: the wanted ids, in one GET each or by a list from lowest to highest."""

    ids: tuple[str, ...]
    as_list: bool


def plan_reads(ids: Sequence[str]) -> list[Reach]:
    """How to read these orders in the fewest requests. Pure.

    V2 has no filter for several ids: it is one GET per id, or one list per 250 orders of a range.
    Ids are cut into runs where a list is never dearer than single GETs.
    """
    numbers = sorted({int(number) for number in ids})
    runs: list[list[int]] = []
    for number in numbers:
        if runs and _pages(runs[-1][0], number) <= len(runs[-1]):
            runs[-1].append(number)
        else:
            runs.append([number])
    return [Reach(tuple(str(number) for number in run), as_list=len(run) > 1) for run in runs]


def _pages(lowest: int, highest: int) -> int:
    """Requests for the range when every number in it is an order; a full last page costs one."""
    return (highest - lowest + 1) // PAGE + 1


class BigCommerce:
    """One store. Thread-safe."""

    def __init__(
        self,
        settings: BigCommerceSettings,
        *,
        lane: Lane = "orders",
        reads_at_once: int = 6,
        writes_at_once: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._lane = lane
        self._http = Http(
            System(
                "BigCommerce",
                f"{settings.api_url.rstrip('/')}/stores/{settings.store_hash}",
                {"X-Auth-Token": settings.access_token.get_secret_value()},
                judge,
                meter,
            ),
            budget_of(
                settings.api_url,
                settings.store_hash,
                reads_at_once=reads_at_once,
                writes_at_once=writes_at_once,
            ),
            transport,
        )

    def usage(self) -> Usage:
        """Requests sent to this store by this process so far."""
        return self._http.budget.usage()

    def server_time(self) -> datetime:
        """The store's clock, UTC. Source: GET /v2/time, the cheapest check of credentials."""
        answer = self._get("/v2/time")
        return datetime.fromtimestamp(int(self._field(answer, "time")), UTC)

    def store(self) -> Store:
        """The store's settings. Source: GET /v2/store."""
        answer = self._get("/v2/store")
        return self._one(Store, answer, answer.body)

    def list_channels(self) -> list[Channel]:
        """All sales channels. Source: GET /v3/channels."""
        answer = self._get("/v3/channels", limit=PAGE)
        return [self._one(Channel, answer, row) for row in self._data(answer)]

    # --- orders

    def list_orders(self, **filters: Any) -> Iterator[Order | Unreadable]:  # noqa: ANN401
        """Whole orders in the order of their ids, safe against changes while it reads.

        Filters are BigCommerce's own (`min_date_modified`, `min_date_created`, `max_id` …); moments
        are aware datetimes. Source: fact sheet, stable scan of changed orders.
        """
        for row in self._scan({**WHOLE, **_wire(filters)}):
            yield self._order(row)

    def list_order_ids(self, **filters: Any) -> Iterator[OrderHeader]:  # noqa: ANN401
        """Ids, statuses, dates and totals only, in the order of their ids."""
        for row in self._scan(_wire(filters)):
            yield OrderHeader.model_validate(row)

    def read(self, reach: Reach) -> list[Order | Unreadable | Missing]:
        """The wanted orders of one piece of `plan_reads`; what is not there is Missing."""
        if not reach.as_list:
            return [self._get_order(order_id) for order_id in reach.ids]
        span = {"min_id": int(reach.ids[0]), "max_id": int(reach.ids[-1])}
        rows = {str(row["id"]): row for row in self._scan({**WHOLE, **span})}
        # A list leaves archived orders out; only a GET of the single id tells them from missing.
        return [
            self._order(rows[order_id]) if order_id in rows else self._get_order(order_id)
            for order_id in reach.ids
        ]

    def get_orders(self, ids: Sequence[str]) -> list[Order | Unreadable | Missing]:
        """These orders in the fewest requests."""
        return [order for reach in plan_reads(ids) for order in self.read(reach)]

    def list_lines(self, order_id: str) -> list[dict[str, Any]]:
        """All lines of an order, raw. Source: GET /v2/orders/{id}/products."""
        lines: list[dict[str, Any]] = []
        page = 1
        while True:
            rows = self._rows(f"/v2/orders/{order_id}/products", limit=PAGE, page=page)
            lines.extend(rows)
            if len(rows) < PAGE:
                return lines
            page += 1

    def list_transactions(self, order_id: str) -> list[Transaction]:
        """Gateway transactions of an order; none is an empty list (they answer 204)."""
        answer = self._get(f"/v3/orders/{order_id}/transactions")
        return [self._one(Transaction, answer, row) for row in self._data(answer)]

    def list_coupons(self, order_id: str) -> list[Coupon]:
        """Coupons used on an order. Source: GET /v2/orders/{id}/coupons."""
        path = f"/v2/orders/{order_id}/coupons"
        return [Coupon.model_validate(row) for row in self._rows(path, limit=PAGE)]

    def list_taxes(self, order_id: str) -> list[TaxRow]:
        """Tax rows of an order by line. Source: GET /v2/orders/{id}/taxes?details=true."""
        path = f"/v2/orders/{order_id}/taxes"
        taxes: list[TaxRow] = []
        page = 1
        while True:
            rows = self._rows(path, details="true", limit=PAGE, page=page)
            taxes.extend(TaxRow.model_validate(row) for row in rows)
            if len(rows) < PAGE:
                return taxes
            page += 1

    def update_order(
        self, order_id: str, *, status_id: int | None = None, external_order_id: str | None = None
    ) -> None:
        """One PUT that carries these fields and nothing else: a line in it would lose discounts."""
        told = {"status_id": status_id, "external_order_id": external_order_id}
        body = {name: value for name, value in told.items() if value is not None}
        self._http.send("PUT", f"/v2/orders/{order_id}", lane=self._lane, content=body)

    # --- webhooks

    def list_hooks(self) -> list[Hook]:
        """Our own subscriptions. Source: GET /v3/hooks."""
        answer = self._get("/v3/hooks", limit=PAGE)
        return [self._one(Hook, answer, row) for row in self._data(answer)]

    def create_hook(self, scope: str, destination: str, headers: Mapping[str, str]) -> Hook:
        """Subscribe; some answers come without an envelope."""
        body = {
            "scope": scope,
            "destination": destination,
            "headers": dict(headers),
            "is_active": True,
        }
        answer = self._http.send("POST", "/v3/hooks", lane=self._lane, content=body)
        return self._one(Hook, answer, answer.body.get("data", answer.body))

    def update_hook(self, hook_id: str, **fields: Any) -> None:  # noqa: ANN401
        """Change some fields, such as `is_active`."""
        self._http.send("PUT", f"/v3/hooks/{hook_id}", lane=self._lane, content=fields)

    def delete_hook(self, hook_id: str) -> None:
        """Unsubscribe."""
        self._http.send("DELETE", f"/v3/hooks/{hook_id}", lane=self._lane)

    # --- inside

    def _get(self, path: str, **params: Any) -> Answer:  # noqa: ANN401
        return self._http.send("GET", path, lane=self._lane, params=params)

    def _rows(self, path: str, **params: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """A V2 list: a bare array; an empty one is 204 without a body."""
        answer = self._get(path, **params)
        if answer.body is None:
            return []
        if not isinstance(answer.body, list):
            raise ContractError(
                f"BigCommerce answered {answer.what} with something else than rows."
            )
        return answer.body

    def _scan(self, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Every row of `GET /v2/orders`, by keyset on the id and never by page number."""
        at = int(filters.get("min_id", 1))
        while True:
            params = {**filters, "min_id": at, "sort": "id:asc", "limit": PAGE, "page": 1}
            rows = self._rows("/v2/orders", **params)
            for row in rows:
                if not isinstance(row, dict) or int(row.get("id", 0)) < at:
                    raise ContractError("BigCommerce listed an order outside the filter asked for.")
                at = int(row["id"]) + 1
                yield row
            if len(rows) < PAGE or at > int(filters.get("max_id", at)):
                return

    def _get_order(self, order_id: str) -> Order | Unreadable | Missing:
        try:
            answer = self._get(f"/v2/orders/{order_id}", **WHOLE)
        except NotFoundError:
            return Missing(order_id)
        return self._order(answer.body)

    def _order(self, row: dict[str, Any]) -> Order | Unreadable:
        """The order with all its lines, or the field that breaks the model.

        At most 50 lines of a consignment are embedded, and some orders come with none: when the
        quantities do not add up to `items_total`, the lines are read by themselves.
        """
        order_id = str(row.get("id", ""))
        try:
            order = Order.model_validate(row)
            documents = list(order.consignments.line_documents())
            if sum(int(line["quantity"]) for line in documents) != order.items_total:
                documents = self.list_lines(order_id)
            lines = tuple(OrderLine.model_validate(line) for line in documents)
        except ValidationError as error:
            return Unreadable(order_id, *broken_field(error))
        except (KeyError, TypeError, ValueError) as error:
            return Unreadable(order_id, "line_items", f"cannot be read ({type(error).__name__})")
        return order.model_copy(update={"lines": lines})

    def _data(self, answer: Answer) -> list[dict[str, Any]]:
        """The rows of a V3 envelope; no body means none."""
        return [] if answer.body is None else list(self._field(answer, "data"))

    def _field(self, answer: Answer, name: str) -> Any:  # noqa: ANN401
        if not isinstance(answer.body, dict) or name not in answer.body:
            raise ContractError(f"BigCommerce answered {answer.what} without {name!r}.")
        return answer.body[name]

    def _one(self, model: type[D], answer: Answer, row: object) -> D:
        try:
            return model.model_validate(row)
        except ValidationError as error:
            field, reason = broken_field(error)
            raise ContractError(
                f"BigCommerce answered {answer.what} with a {model.__name__} whose field "
                f"{field} is wrong: {reason}."
            ) from None


def _wire(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Moments as ISO texts in UTC, which cannot be misread for a local time."""
    return {
        name: to_iso(value) if isinstance(value, datetime) else value
        for name, value in filters.items()
    }
