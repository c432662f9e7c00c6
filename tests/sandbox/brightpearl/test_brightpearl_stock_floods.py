"""Floods of stock notices: how many, about what, in which order, and what is true in the end."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.app import create_app
from sandbox.brightpearl.floods import Flood, flood_document, start_flood
from sandbox.brightpearl.refusals import Refusal
from sandbox.brightpearl.staff_stock import StaffProduct, stock_by_sku, stock_journal, write_product
from sandbox.brightpearl.webhooks import Notices
from sandbox.kit.clock import Clock

BODY = '{"id": "${resource-id}", "event": "${full-event}", "at": "${raised-on}"}'


@pytest.fixture
def notices(api):
    return Notices(api.account)


@pytest.fixture(autouse=True)
def subscription(api):
    subscribe(api)


def subscribe(api, **changes):
    body = {
        "subscribeTo": "product.modified.on-hand-modified",
        "httpMethod": "POST",
        "uriTemplate": "http://hook.test/${account-code}/${resource-type}/${lifecycle-event}",
        "bodyTemplate": BODY,
        "contentType": "application/json",
    }
    return api.call("POST", "/integration-service/webhook", body | changes).value


def played(account, notices, seconds, step=1.0):
    """Calls to the receiver while so much time passes."""
    calls = []
    for _ in range(int(seconds / step)):
        account.clock.advance(step)
        account.settle()
        calls += [json.loads(call.body) for call in notices.release()]
    return calls


def test_a_flood_sends_exactly_so_many_notices_within_its_time(api, notices):
    start_flood(api.account, Flood(events=200, skus=["MUG", "PEN"], within_s=20))

    calls = played(api.account, notices, 20)

    assert len(calls) == 200
    assert {call["event"] for call in calls} == {"product.modified.on-hand-modified"}
    assert {call["id"] for call in calls} == {str(api.product_id(sku)) for sku in ("MUG", "PEN")}
    assert played(api.account, notices, 20) == []


def test_a_flood_is_out_of_order_and_repeats_itself(api, notices):
    start_flood(api.account, Flood(events=200, within_s=20))

    calls = played(api.account, notices, 20)

    raised = [call["at"] for call in calls]
    assert raised != sorted(raised)
    assert max(Counter(map(str, calls)).values()) > 1


def test_a_flood_leaves_the_stock_it_foretold(api, notices):
    started = start_flood(api.account, Flood(events=300, within_s=30, most_units=40, changes=90))

    played(api.account, notices, 30)

    truly = {sku: held["2"][1] for sku, held in stock_by_sku(api.account, []).items()}
    assert truly == started["ends_with"]
    done = flood_document(api.account)
    assert (done["changes_made"], done["notices_sent"]) == (90, 300)
    assert {entry["cause"] for entry in stock_journal(api.account)} == {"flood"}


def test_notices_of_a_flood_may_share_a_call_where_id_sets_are_taken(api, notices):
    for number in list(api.account.webhooks):
        api.call("DELETE", f"/integration-service/webhook/{number}")
    subscribe(api, idSetAccepted=True)
    start_flood(api.account, Flood(events=100, within_s=10, ids_per_call=25))

    calls = played(api.account, notices, 10)

    assert len(calls) == 4
    low, high = api.product_id("MUG"), api.product_id("BIG MUG")
    assert f"{low}-{high}" in {call["id"] for call in calls}


def test_a_flood_of_what_has_no_stock_or_does_not_exist_is_refused(api):
    write_product(api.account, StaffProduct(sku="WRAP", stock_tracked=False))

    for wrong in ({"skus": ["WRAP"]}, {"skus": ["NONE"]}, {"warehouse_id": 9}):
        with pytest.raises(Refusal):
            start_flood(api.account, Flood(events=10, **wrong))
    assert flood_document(api.account) == {}


def test_a_product_deleted_during_a_flood_does_not_stop_it(api, notices):
    start_flood(api.account, Flood(events=60, within_s=10))
    played(api.account, notices, 2)

    del api.account.products[api.product_id("PEN")]

    played(api.account, notices, 8)
    assert flood_document(api.account)["notices_sent"] == 60


def test_the_same_seed_makes_the_same_flood(clock, catalogue):
    def ends(seed):
        account = Account(catalogue, clock)
        return start_flood(account, Flood(events=50, seed=seed))["ends_with"]

    assert ends(1) == ends(1) != ends(2)


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    events=st.integers(1, 60),
    changes=st.one_of(st.none(), st.integers(1, 80)),
    within_s=st.sampled_from([0.0, 0.5, 7.0]),
    ids_per_call=st.integers(1, 9),
    seed=st.integers(0, 5),
)
def test_every_last_change_has_a_notice_after_it_was_made(
    api, catalogue, events, changes, within_s, ids_per_call, seed
):
    clock = Clock()
    clock.freeze(datetime(2026, 7, 1, 12, 0, tzinfo=UTC))
    account = Account(catalogue, clock)
    notices = Notices(account)
    subscribe(type(api)(account))
    start_flood(
        account,
        Flood(
            events=events,
            changes=changes,
            within_s=within_s,
            ids_per_call=ids_per_call,
            seed=seed,
        ),
    )
    changed: dict[int, int] = {}
    notified: dict[int, int] = {}
    for step in range(15):
        calls = played(account, notices, 0.5, step=0.5)
        notified |= {int(call["id"]): step for call in calls}
        changed |= {entry["product_id"]: step for entry in stock_journal(account)}
        account.stock_journal.clear()

    assert all(notified[product_id] >= step for product_id, step in changed.items())


def test_a_flood_is_started_and_watched_over_http(api):
    async def go():
        transport = httpx.ASGITransport(create_app(api.account))
        async with httpx.AsyncClient(transport=transport, base_url="http://bp.test") as http:
            path = "/_sandbox/notices/flood"
            none = await http.get(path)
            started = await http.post(path, json={"events": 30, "products": 2, "within_s": 5})
            api.account.clock.advance(5)
            return none.json(), started.json(), (await http.get(path)).json()

    none, started, done = asyncio.run(go())

    assert none == {}
    assert len(started["ends_with"]) == len(started["product_ids"]) == 2
    assert started["ends_at"] == "2026-07-01T12:00:05.000+00:00"
    assert (done["notices_sent"], done["changes_made"]) == (30, started["changes"])
