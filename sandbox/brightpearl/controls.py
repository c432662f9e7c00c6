"""The account's own control routes under `/_sandbox/`: what staff do, and the state."""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.brightpearl import (
    back_orders,
    floods,
    staff_contacts,
    staff_credits,
    staff_goods,
    staff_orders,
    staff_stock,
    staff_suppliers,
)
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import read_document
from sandbox.brightpearl.floods import flood_document
from sandbox.brightpearl.refusals import HTTP_BAD_REQUEST, Refusal
from sandbox.brightpearl.staff_stock import (
    OddAnswer,
    odd_answers,
    set_odd_answers,
    stock_by_sku,
    stock_journal,
)
from sandbox.kit import controls

JOURNAL = "/_sandbox/stock/journal"
ODD = "/_sandbox/stock/odd"
M = TypeVar("M", bound=controls.ControlBody)
BOOKS = (
    "orders",
    "deleted_orders",
    "contacts",
    "deleted_contacts",
    "addresses",
    "products",
    "stock",
    "reservations",
    "goods_out",
    "drop_ship",
    "goods_in",
    "movements",
    "payments",
    "notes",
    "webhooks",
)
ACTIONS: tuple[tuple[str, type[controls.ControlBody], Any], ...] = (
    ("stock", staff_stock.StockChange, staff_stock.change_stock),
    ("products", staff_stock.StaffProduct, staff_stock.write_product),
    ("ship", staff_goods.StaffShipment, staff_goods.ship),
    ("contacts", staff_contacts.ContactEdit, staff_contacts.edit_contact),
    ("edit", staff_orders.OrderEdit, staff_orders.edit),
    ("backorder", back_orders.BackOrder, back_orders.split),
    ("dropship", staff_suppliers.DropShipment, staff_suppliers.drop_ship_goods),
    ("credit", staff_credits.StaffCredit, staff_credits.create_credit),
    ("receive", staff_credits.Receipt, staff_credits.receive_goods),
    ("payment", staff_orders.StaffPayment, staff_orders.take_payment),
    ("notices/flood", floods.Flood, floods.start_flood),
)
"""Last part of the path, what its body holds, and what is then done."""


def stock_routes(account: Account) -> list[Route]:
    """`GET stock?sku=A&sku=B` narrows; `PUT stock/odd` replaces all oddities."""

    async def show_stock(request: Request) -> Response:
        account.settle()
        return _json(stock_by_sku(account, request.query_params.getlist("sku")))

    async def show_journal(_request: Request) -> Response:
        account.settle()
        return _json(stock_journal(account))

    async def clear_journal(_request: Request) -> Response:
        cleared = len(account.stock_journal)
        account.stock_journal.clear()
        return JSONResponse({"cleared": cleared})

    async def show_odd(_request: Request) -> Response:
        return _json(odd_answers(account))

    async def change_odd(request: Request) -> Response:
        try:
            sent = orjson.loads(await request.body())
            set_odd_answers(account, read_document(sent, list[OddAnswer], {}))
        except orjson.JSONDecodeError:
            return JSONResponse({"error": "the body is not JSON"}, status_code=400)
        except Refusal as refusal:
            return JSONResponse(refusal.body, status_code=refusal.status)
        return _json(odd_answers(account))

    async def show_flood(_request: Request) -> Response:
        account.settle()
        return _json(flood_document(account))

    return [
        Route("/_sandbox/stock", show_stock, methods=["GET"]),
        Route(JOURNAL, show_journal, methods=["GET"]),
        Route(JOURNAL, clear_journal, methods=["DELETE"]),
        Route(ODD, show_odd, methods=["GET"]),
        Route(ODD, change_odd, methods=["PUT"]),
        Route("/_sandbox/notices/flood", show_flood, methods=["GET"]),
    ]


def _json(document: object) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def state(account: Account) -> dict[str, Any]:
    """Counts, and every record by id."""
    books = {name: getattr(account, name) for name in BOOKS}
    counts: dict[str, int] = {name: len(book) for name, book in books.items()}
    types = [order.type_code for order in account.orders.values()]
    counts |= {"sales_orders": types.count("SO"), "sales_credits": types.count("SC")}
    return {"counts": counts, **books}


def control_routes(account: Account, after: Callable[[], None]) -> list[Route]:
    """Routes for this account; `after` lets webhooks go once something changed."""

    def action(shape: type[M], act: Callable[[Account, M], dict[str, Any]]) -> Any:  # noqa: ANN401 - a Starlette endpoint
        async def endpoint(request: Request) -> Response:
            try:
                sent = orjson.loads(await request.body())
                done = [perform(account, shape, act, item) for item in _listed(sent)]
            except orjson.JSONDecodeError:
                return JSONResponse({"error": "the body is not JSON"}, status_code=400)
            except Refusal as refusal:
                return JSONResponse(refusal.body, status_code=refusal.status)
            finally:
                after()
            return JSONResponse(done if isinstance(sent, list) else done[0])

        return endpoint

    async def remove_product(request: Request) -> Response:
        try:
            done = staff_stock.delete_product(account, request.path_params["sku"])
        except Refusal as refusal:
            return JSONResponse(refusal.body, status_code=refusal.status)
        after()
        return JSONResponse(done)

    return [
        *(
            Route(f"/_sandbox/{name}", action(shape, act), methods=["POST"])
            for name, shape, act in ACTIONS
        ),
        Route("/_sandbox/products/{sku:path}", remove_product, methods=["DELETE"]),
        *stock_routes(account),
    ]


def perform(
    account: Account, shape: type[M], act: Callable[[Account, M], dict[str, Any]], sent: object
) -> dict[str, Any]:
    """Read one body and do what it says.

    Raises: Refusal, also for a value that the records do not take.
    """
    wanted = read_document(sent, shape, {})
    try:
        return act(account, wanted)
    except ValidationError as fault:
        text = "; ".join(f"{entry['loc']}: {entry['msg']}" for entry in fault.errors())
        raise Refusal(HTTP_BAD_REQUEST, [("CMNC-904", text)]) from None


def _listed(sent: object) -> list[object]:
    return sent if isinstance(sent, list) else [sent]
