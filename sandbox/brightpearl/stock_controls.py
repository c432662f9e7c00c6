"""Control routes about stock as it truly is, how it came to be so, and how it is answered."""

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.floods import flood_document
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.routing import read_document
from sandbox.brightpearl.staff_stock import (
    OddAnswer,
    journal,
    odd_answers,
    set_odd_answers,
    stock_by_sku,
)

JOURNAL = "/_sandbox/stock/journal"
ODD = "/_sandbox/stock/odd"


def stock_routes(account: Account) -> list[Route]:
    """`GET stock?sku=A&sku=B` narrows; `PUT stock/odd` replaces all oddities."""

    async def show_stock(request: Request) -> Response:
        account.settle()
        return _json(stock_by_sku(account, request.query_params.getlist("sku")))

    async def show_journal(_request: Request) -> Response:
        account.settle()
        return _json(journal(account))

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
