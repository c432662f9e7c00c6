"""Of records that are read together those that cannot be shown are found, at little cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.brightpearl.api import MOST_OF_NONE
from connectors.brightpearl.models import SalesOrder
from core.errors import FaultError, TransientError, UnreadError
from tests.connectors.conftest import Script, brightpearl

HTML = httpx.Response(500, html="<h1>Internal Server Error</h1>")
GARBAGE = {
    "500 with a page": HTML,
    "a page": httpx.Response(200, html="<h1>Welcome</h1>"),
    "nothing": httpx.Response(200, content=b""),
    "cut off": httpx.Response(200, content=b'{"response": [{"id"'),
    "another shape": httpx.Response(200, json={"response": {"id": 7}}),
}
THROTTLED = httpx.Response(503, json={"response": "You have sent too many requests."})


def ids_of(request: httpx.Request) -> set[int]:
    """The set of ids at the end of a path."""
    found: set[int] = set()
    for part in request.url.path.rpartition("/")[2].split(","):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found


def order(number: int) -> dict[str, object]:
    return {"id": number, "total": {"net": "1.00", "tax": "0.20", "gross": "1.20"}}


def account(bad: Collection[int], answer: httpx.Response = HTML) -> Script:
    """Sales orders of which some make every answer that they are part of a bad one."""

    def reply(request: httpx.Request) -> httpx.Response:
        wanted = ids_of(request)
        if wanted & set(bad):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return httpx.Response(200, json={"response": [order(one) for one in sorted(wanted)]})

    return Script(reply)


def read(script: Script, ids: Iterable[int]) -> list[str]:
    found = brightpearl(script).get_sales_orders(map(str, ids))
    return sorted((one.id for one in found if isinstance(one, SalesOrder)), key=int)


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=list(GARBAGE))
def test_of_two_hundred_orders_the_one_that_cannot_be_shown_is_named(
    answer: httpx.Response,
) -> None:
    script = account({77}, answer)

    with pytest.raises(UnreadError, match="cannot show 1 of these records: 77"):
        read(script, range(1, 201))

    assert len(script.requests) <= 2 * math.ceil(math.log2(200)) + 1
    assert len({request.url.path for request in script.requests}) == len(script.requests)


def test_a_fault_that_passes_costs_two_requests_and_no_order() -> None:
    script = account(())
    answers = [HTML]

    def once(request: httpx.Request) -> httpx.Response:
        return answers.pop() if answers else script.handle_request(request)

    assert read(Script(once), range(1, 201)) == [str(one) for one in range(1, 201)]
    assert len(script.requests) == 2


def test_an_outage_is_no_records_fault_and_found_by_few_requests() -> None:
    script = account(range(1, 201))

    with pytest.raises(FaultError):
        read(script, range(1, 201))

    assert len(script.requests) == MOST_OF_NONE + 1


@pytest.mark.parametrize("answer", [THROTTLED, httpx.Response(401)])
def test_other_refusals_are_not_asked_again_in_parts(answer: httpx.Response) -> None:
    script = account({77}, answer)

    with pytest.raises(Exception, match=r".") as caught:
        read(script, range(1, 201))

    assert not isinstance(caught.value, UnreadError | FaultError)
    assert len(script.requests) == 1


def test_a_record_that_is_read_alone_is_a_passing_fault() -> None:
    script = account({7})

    with pytest.raises(FaultError):
        read(script, [7])

    assert len(script.requests) == 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(st.sets(st.integers(1, 999), min_size=2, max_size=120), st.data())
def test_whatever_fails_nothing_is_taken_for_absent(ids: set[int], data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.sampled_from(sorted(ids)), max_size=4))
    if bad:
        with pytest.raises(TransientError) as caught:
            read(account(bad), ids)
        is_named = f"cannot show {len(bad)} of" in caught.value.message
        assert is_named == isinstance(caught.value, UnreadError)
    else:
        assert read(account(bad), ids) == [str(one) for one in sorted(ids)]


def check_names_the_bad_one(read_of: Callable[[list[str]], object]) -> None:
    with pytest.raises(UnreadError, match=r"cannot show 1 of these records: 77\."):
        read_of([str(one) for one in range(70, 80)])


def without_anything(request: httpx.Request) -> httpx.Response:
    """An account that has none of the records, and cannot be asked for 77."""
    named = request.url.params.get("orderId") or next(
        part for part in request.url.path.split("/")[3:] if part[:1].isdigit()
    )
    if 77 in ids_of(httpx.Request("GET", f"http://bp.test/{named}")):
        return HTML
    if "search" in request.url.path:
        columns = {"columns": [], "morePagesAvailable": False}
        return httpx.Response(200, json={"response": {"metaData": columns, "results": []}})
    if "availability" in request.url.path:
        return httpx.Response(200, json={"response": {}})
    return httpx.Response(404, json={})


def test_contacts_payments_notes_products_prices_and_stock_are_read_in_the_same_way() -> None:
    client = brightpearl(Script(without_anything))

    check_names_the_bad_one(lambda ids: list(client.get_contacts(ids)))
    check_names_the_bad_one(lambda ids: list(client.list_payments(ids)))
    check_names_the_bad_one(lambda ids: list(client.list_catalogue(ids)))
    check_names_the_bad_one(lambda ids: list(client.list_prices(ids, ["2"])))
    check_names_the_bad_one(lambda ids: list(client.list_availability(ids)))
    check_names_the_bad_one(client.get_goods_out)
    check_names_the_bad_one(client.get_drop_ship)
    check_names_the_bad_one(client.list_goods_in)
