"""The router and the gateway that both systems share."""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx
import pytest

from sandbox.kit.faults import Faults
from sandbox.kit.gateway import Gateway
from sandbox.kit.limits import Verdict
from sandbox.kit.requests_log import RequestsLog
from sandbox.kit.routing import Call, ErrorFormat, Refusal, Reply, Router, Routes

routes = Routes()


class Gone(Refusal):
    def reply(self, _call: Call) -> Reply:
        return Reply(410, {"gone": True})


class Errors(ErrorFormat):
    pages: ClassVar = {"http_502_html": Reply(502, page="<h1>Bad gateway</h1>")}
    extra_field = ("extra", 1)
    kept_fields = frozenset({"id"})

    def not_found(self, _call: Call) -> Reply:
        return Reply(404)

    def not_allowed(self, _call: Call) -> Reply:
        return Reply(405)

    def internal_error(self, _call: Call) -> Reply:
        return Reply(500, {"error": "internal"})

    def throttled(self, _call: Call) -> Reply:
        return Reply(429, is_throttled=True)

    def documents(self, body: object) -> Iterator[dict[str, Any]]:
        yield body


@routes("GET", "/v1/things/{id}", "/v1/items/{id}")
def get_thing(system: dict[str, int], call: Call) -> Reply:
    if call.params["id"] not in system:
        raise Gone
    return Reply(200, {"id": call.params["id"], "value": system[call.params["id"]]})


@routes("PUT", "/v1/things/{number}")
def put_thing(_system: dict[str, int], call: Call) -> Reply:
    return Reply(204 if call.params["number"] else 400)


@routes("GET", "/v1/things/count")
def count_things(system: dict[str, int], _call: Call) -> Reply:
    return Reply(200, len(system))


class Lenient(Router):
    strict_methods = False


class Strict(Router):
    strict_methods = True


SYSTEM = {"a": 1}


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/v1/things/a", 200, {"id": "a", "value": 1}),
        ("GET", "/v1/items/a", 200, {"id": "a", "value": 1}),
        ("GET", "/v1/things/count", 200, 1),
        ("GET", "/v1/things/b", 410, {"gone": True}),
        ("GET", "/v1/things/a/b", 404, None),
        ("GET", "/v1/things", 404, None),
    ],
)
def test_the_template_with_fewer_parameters_answers(method, path, status, body):
    for router in (Lenient([routes], Errors()), Strict([routes], Errors())):
        reply = router.handle(SYSTEM, Call(method, path))
        assert (reply.status, reply.body) == (status, body)


def test_a_method_is_looked_up_in_every_template_or_in_the_first_that_fits():
    lenient, strict = Lenient([routes], Errors()), Strict([routes], Errors())

    assert lenient.handle(SYSTEM, Call("PUT", "/v1/things/count")).status == 204
    assert strict.handle(SYSTEM, Call("PUT", "/v1/things/count")).status == 405
    assert sorted(strict.operations()) == sorted(lenient.operations())


class Door(Gateway):
    prefixes = frozenset({"api"})
    json_type, html_type = "application/json", "text/html"
    verdict = Verdict(allowed=True, limit=5, left=4, reset_ms=10)

    def take_quota(self) -> Verdict:
        return self.verdict

    def turn_away(self, call: Call, verdict: Verdict) -> Reply | None:
        if call.headers.get("key") != "secret" or call.tenant != "shop":
            return Reply(401)
        return None if verdict.allowed else self.errors.throttled(call)

    def headers(self, _call: Call, reply: Reply, verdict: Verdict) -> dict[str, str]:
        return {"left": str(verdict.left)} if reply.shows_quota else {}


@pytest.fixture
def log() -> RequestsLog:
    return RequestsLog()


@pytest.fixture
def door(log: RequestsLog) -> Door:
    return Door(SYSTEM, Lenient([routes], Errors()), Call, Faults(), log, seed=1)


def get(door: Door, path: str, key: str = "secret") -> httpx.Response:
    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(door)
        base_url = "http://test/api/shop"
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            return await client.get(path, headers={"key": key})

    return asyncio.run(go())


def test_an_answer_has_the_quota_and_is_counted_by_its_template(door, log):
    answer = get(door, "/v1/things/a")

    assert (answer.status_code, answer.json()) == (200, {"id": "a", "value": 1})
    assert answer.headers["left"] == "4"
    assert get(door, "/v1/things/a", key="wrong").status_code == 401
    requests = log.document()["requests"]
    assert requests["GET /v1/things/{id}"] == {"count": 2, "throttled": 0, "failed": 1}


def test_a_used_up_quota_throttles(door, log):
    door.verdict = Verdict(allowed=False, limit=5, left=0, reset_ms=10)

    assert get(door, "/v1/things/a").status_code == 429
    assert log.document()["throttled"] == 1


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"kind": "http_500"}, 500, b'{"error":"internal"}'),
        ({"kind": "http_502_html"}, 502, b"<h1>Bad gateway</h1>"),
        ({"kind": "extra_fields"}, 200, b'{"id":"a","value":1,"extra":1}'),
        ({"kind": "null_fields"}, 200, b'{"id":"a","value":null}'),
        ({"kind": "lost_answer", "as": "http_502"}, 502, b"<h1>Bad gateway</h1>"),
    ],
)
def test_faults_answer_in_the_vendors_format(door, fault, status, body):
    door.faults.configure([fault])

    answer = get(door, "/v1/things/a")

    assert (answer.status_code, answer.content) == (status, body)


def test_a_cut_answer_promises_more_than_it_sends(door):
    door.faults.configure([{"kind": "lost_answer"}])
    scope = {
        "type": "http", "method": "GET", "path": "/api/shop/v1/things/a", "query_string": b"",
        "headers": [(b"key", b"secret")],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(door(scope, receive, send))

    (start,) = sent
    assert start["type"] == "http.response.start"
    assert dict(start["headers"])[b"content-length"] == b"21"
