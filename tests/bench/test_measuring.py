"""What measurements compute from what they saw."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from waiting import eventually

from bench.limits import Sample, full_minutes, share
from bench.memory import growth, slope
from bench.senders import Sent, Shop
from bench.shoppers import basket
from bench.usage import Family, children_of, computed_s, resident_mb
from demo.controls import Counted
from receiver.bigcommerce import Secrets, is_genuine, keys_of

NOON_S = datetime(2026, 11, 24, 12, 0, tzinfo=UTC).timestamp()


def samples(*counts):
    return [Sample(NOON_S + at, requests, is_busy) for at, requests, is_busy in counts]


def test_a_child_is_found_and_counted_while_it_lives():
    waiting = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    usage = Family(os.getpid())
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as child, usage.watched():  # noqa: S603
        assert child.pid in children_of(os.getpid())
        assert eventually(lambda: usage.child_peak_mb > 0 and usage.together_mb > 0)
        child.communicate()
    assert child.pid not in children_of(os.getpid())


def test_only_minutes_that_are_full_of_work_count():
    seen = samples(
        (-20, 0, True), (-1, 150, True), (1, 190, True), (59, 350, True), (61, 351, True),
        (119, 540, True), (121, 541, True), (130, 600, True), (140, 600, False),
    )  # fmt: skip
    assert full_minutes(seen) == [200, 190]


def test_a_backlog_that_is_gone_before_a_minute_is_over_has_no_full_one():
    assert full_minutes(samples((-20, 0, True), (30, 200, True), (70, 200, False))) == []
    assert full_minutes([]) == []


def test_the_share_is_of_the_whole_quota_of_those_minutes():
    assert share([200, 190]) == pytest.approx(0.975)
    assert share([]) == 0


def test_growth_compares_the_last_run_with_the_one_that_filled_the_caches():
    used = [300, 350, 380, 390, 400, *[405] * 9, 420]
    assert growth(used) == pytest.approx(1.05)
    assert growth([100, 110, 121]) == pytest.approx(1.21)


def test_the_slope_leaves_out_runs_that_fill_caches():
    assert slope([100, 200, 300, 400, *range(500, 522, 2)]) == pytest.approx(2)
    assert slope([400] * 20) == 0
    assert slope([400]) == 0


def test_reads_are_no_writes():
    counted = Counted(9, 0, {"GET /a": 4, "OPTIONS /a": 2, "POST /a": 2, "PUT /a": 1})
    assert counted.writes == 3
    assert counted.most(1) == "4 x GET /a"


def test_a_sent_webhook_is_one_that_the_receiver_believes():
    shop = Shop("http://127.0.0.1:9/webhooks/bigcommerce/default", "hash", "client", "shared")
    head, _, body = shop.request("250").partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert lines[0] == "POST /webhooks/bigcommerce/default HTTP/1.1"
    assert int(headers["content-length"]) == len(body)
    moment = float(headers["webhook-timestamp"])
    assert is_genuine(headers, body, Secrets("client", ("shared",)), moment)
    assert not is_genuine(headers, body, Secrets("other", ("shared",)), moment)
    assert keys_of(json.loads(body)) is not None


def test_only_a_2xx_is_accepted():
    sent = Sent()
    sent.record("1", 200, 0.1)
    sent.record("2", 503, 0.2)
    assert sent.accepted == ["1"]
    assert sent.latencies_s == [0.1, 0.2]


SKUS = ("A", "B", "C", "D", "E")


def test_the_same_order_is_the_same_every_time_and_shoppers_take_turns():
    first, again, third = (basket(number, SKUS, people=2) for number in (0, 0, 2))
    assert first == again
    assert first["email"] == third["email"] != basket(1, SKUS, people=2)["email"]
    assert first["lines"] != third["lines"]


def test_an_order_names_a_product_only_once():
    for number in range(50):
        skus = [line["sku"] for line in basket(number, SKUS, people=2)["lines"]]
        assert len(set(skus)) == len(skus) > 0


def test_a_process_uses_memory_and_time():
    assert resident_mb(os.getpid()) > 1
    assert computed_s(os.getpid()) > 0
