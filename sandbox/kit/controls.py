"""Control routes that both systems have under `/_sandbox/`. No credentials, never counted."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.kit.clock import Clock
from sandbox.kit.delivery import Deliveries, DeliverySwitches
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.switches import Switches

PREFIX = "/_sandbox/"


class ControlBody(BaseModel):
    """The body of a control, or part of one; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def dumps(document: object) -> bytes:
    """JSON; money and moments as text."""
    return orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)


def answer(document: object) -> Response:
    """JSON as it is, without the checks that take long for large documents."""
    return Response(dumps(document), media_type="application/json")


def answered(
    act: Callable[[], Any], statuses: Mapping[type[Exception], int] | None = None
) -> Response:
    """What `act` gives as JSON, or an `error`: 400 unless its kind has another status."""
    try:
        return JSONResponse(act())
    except tuple(statuses or ()) as refusal:
        status = next(code for kind, code in (statuses or {}).items() if isinstance(refusal, kind))
        return JSONResponse({"error": str(refusal)}, status_code=status)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse({"error": f"{where or 'body'}: {first['msg']}"}, status_code=400)
    except ValueError as wrong:
        return JSONResponse({"error": str(wrong)}, status_code=400)


def common_routes(  # noqa: PLR0913 - what both systems have in common, wired once each
    *,
    state: Callable[[], dict[str, Any]],
    switches: Switches,
    faults: Faults,
    log: RequestsLog,
    clock: Clock,
    deliveries: Deliveries,
    settle: Callable[[], None],
) -> list[Route]:
    """The routes. `GET state?only=counts,orders` answers these parts alone.

    A part of the state may be a function: it is called when the part is asked for.

    `settle` does what a jump of the clock makes due.
    """

    async def show_state(request: Request) -> Response:
        parts = {**state(), "webhooks_sent": deliveries.document, "now": clock.now().isoformat()}
        only = request.query_params.get("only")
        if only:
            parts = {name: parts[name] for name in only.split(",") if name in parts}
        parts = {name: part() if callable(part) else part for name, part in parts.items()}
        return answer(parts)

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return [
        Route(f"{PREFIX}state", show_state, methods=["GET"]),
        Route(f"{PREFIX}health", health, methods=["GET"]),
        *_switch_routes(switches),
        *_fault_routes(faults),
        *_log_routes(log),
        _clock_route(clock, settle),
        *_delivery_routes(deliveries),
    ]


def _switch_routes(switches: Switches) -> list[Route]:
    async def show(_request: Request) -> Response:
        return JSONResponse(switches.document())

    async def change(request: Request) -> Response:
        raw_body = await request.body()

        def act() -> dict[str, Any]:
            switches.change(orjson.loads(raw_body))
            return switches.document()

        return answered(act)

    path = f"{PREFIX}switches"
    return [Route(path, show, methods=["GET"]), Route(path, change, methods=["PUT"])]


def _fault_routes(faults: Faults) -> list[Route]:
    async def show(_request: Request) -> Response:
        return JSONResponse(faults.documents())

    async def change(request: Request) -> Response:
        raw_body = await request.body()

        def act() -> list[dict[str, Any]]:
            rules = orjson.loads(raw_body)
            if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
                raise ValueError("the body is not a JSON list of faults")
            faults.configure(rules)
            return faults.documents()

        return answered(act)

    path = f"{PREFIX}faults"
    return [Route(path, show, methods=["GET"]), Route(path, change, methods=["PUT"])]


def _log_routes(log: RequestsLog) -> list[Route]:
    async def show(_request: Request) -> Response:
        return JSONResponse(log.document())

    async def clear(_request: Request) -> Response:
        before = log.document()
        log.clear()
        return JSONResponse(before)

    path = f"{PREFIX}requests"
    return [Route(path, show, methods=["GET"]), Route(path, clear, methods=["DELETE"])]


def _clock_route(clock: Clock, settle: Callable[[], None]) -> Route:
    async def advance(request: Request) -> Response:
        try:
            seconds = float(orjson.loads(await request.body())["advance_s"])
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"error": 'expected {"advance_s": seconds}'}, status_code=400)
        clock.advance(seconds)
        settle()
        return JSONResponse({"now": clock.now().isoformat()})

    return Route(f"{PREFIX}clock", advance, methods=["POST"])


def _delivery_routes(deliveries: Deliveries) -> list[Route]:
    """`GET ?wait_s=5` answers as soon as no webhook is under way or due within a second."""
    known = {item.name for item in fields(DeliverySwitches)}

    async def show(request: Request) -> Response:
        try:
            timeout_s = float(request.query_params.get("wait_s", 0))
        except ValueError:
            return JSONResponse({"error": "wait_s is no number"}, status_code=400)
        is_settled = await deliveries.settled(timeout_s)
        return JSONResponse(deliveries.document() | {"settled": is_settled})

    async def change(request: Request) -> Response:
        try:
            wanted = orjson.loads(await request.body())
            numbers = {name: float(value) for name, value in wanted.items()}
        except (ValueError, TypeError, AttributeError):
            return JSONResponse({"error": "expected a JSON object of numbers"}, status_code=400)
        unknown = sorted(set(numbers) - known)
        if unknown:
            return JSONResponse({"error": f"no such switch: {unknown}"}, status_code=400)
        for name, value in numbers.items():
            setattr(deliveries.switches, name, value)
        return JSONResponse(deliveries.document())

    path = f"{PREFIX}deliveries"
    return [Route(path, show, methods=["GET"]), Route(path, change, methods=["PUT"])]
