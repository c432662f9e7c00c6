"""What both sandboxes are built on: clock, faults, counts, windows."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sandbox.kit.clock import Clock
from sandbox.kit.faults import AFTER, BEFORE, Faults
from sandbox.kit.limits import FixedWindow, RollingWindow
from sandbox.kit.requests_log import RequestsLog

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


def test_a_frozen_clock_moves_only_when_advanced_and_wakes_its_listeners(clock):
    rung = []
    clock.on_jump(lambda: rung.append(clock.now()))

    clock.advance(90)

    assert clock.now() == NOON + timedelta(seconds=90)
    assert rung == [clock.now()]


def test_a_running_clock_jumps_ahead_of_real_time():
    clock = Clock()
    before = clock.now()

    clock.advance(3600)

    assert clock.now() - before >= timedelta(hours=1)


def test_a_fault_strikes_its_requests_as_often_as_configured():
    faults = Faults(rules=[{"kind": "http_500", "method": "PUT", "path": "orders", "times": 2}])

    struck = [
        faults.pick(method, path, BEFORE) is not None
        for method, path in [
            ("GET", "/orders"), ("PUT", "/hooks"), ("PUT", "/orders"), ("PUT", "/orders"),
            ("PUT", "/orders"),
        ]
    ]  # fmt: skip

    assert struck == [False, False, True, True, False]
    assert faults.documents()[0]["struck"] == 2


def test_a_fault_keeps_to_its_side_of_the_work_and_carries_its_parameters():
    faults = Faults(rules=[{"kind": "lost_answer", "as": "http_502"}, {"kind": "slow", "ms": 7}])

    before, after = faults.pick("GET", "/", BEFORE), faults.pick("GET", "/", AFTER)

    assert (before.kind, before.params) == ("slow", {"ms": 7})
    assert (after.kind, after.params) == ("lost_answer", {"as": "http_502"})


def test_a_rate_is_kept_and_reproducible():
    def draw(seed: int) -> list[bool]:
        faults = Faults(seed, [{"kind": "http_500", "rate": 0.3}])
        return [faults.pick("GET", "/", BEFORE) is not None for _ in range(1000)]

    assert draw(1) == draw(1) != draw(2)
    assert 240 < sum(draw(1)) < 360


@pytest.mark.parametrize(
    "rule",
    [{}, {"kind": "earthquake"}, {"kind": "slow", "rate": 2}, {"kind": "slow", "times": -1},
     {"kind": "slow", "times": "x"}, {"kind": "slow", "path": "("}],
)  # fmt: skip
def test_a_wrong_rule_is_refused_and_the_old_ones_stay(rule):
    faults = Faults(rules=[{"kind": "http_500"}])

    with pytest.raises(ValueError, match=r"fault|rate|times|path"):
        faults.configure([rule])

    assert faults.pick("GET", "/", BEFORE).kind == "http_500"


def test_requests_are_counted_until_cleared():
    log = RequestsLog()
    log.record("GET", "/a", throttled=False, failed=False)
    log.record("POST", "/a", throttled=True, failed=True)

    assert (log.count(), log.count("GET"), log.writes()) == (2, 1, 1)
    document = log.document()
    assert (document["total"], document["throttled"], document["failed"]) == (2, 1, 1)
    log.clear()
    assert log.document()["requests"] == {}


@given(
    limit=st.integers(1, 20),
    foreign=st.integers(0, 25),
    pauses=st.lists(st.floats(0, 20), max_size=80),
    aligned=st.booleans(),
)
def test_no_window_lets_more_through_than_its_limit(limit, foreign, pauses, aligned):
    clock = Clock()
    clock.freeze(NOON + timedelta(seconds=7))
    window = FixedWindow(limit, 30, clock, aligned_to_wall=aligned)
    window.foreign = foreign
    ends: dict[datetime, int] = {}
    for pause in pauses:
        clock.advance(pause)
        verdict = window.take()
        end = clock.now() + timedelta(milliseconds=verdict.reset_ms)
        assert 0 < verdict.reset_ms <= 30_000
        assert 0 <= verdict.left <= limit
        key = end.replace(microsecond=0) if end.microsecond < 500_000 else (
            end.replace(microsecond=0) + timedelta(seconds=1))  # fmt: skip
        ends[key] = ends.get(key, 0) + verdict.allowed
    if aligned:
        assert all(end.second % 30 == 0 for end in ends)
    most = max(0, limit - foreign)
    assert sum(ends.values()) <= most * max(1, len(ends))


def test_a_window_opens_with_its_first_request_or_on_the_wall(clock):
    free, aligned = (
        FixedWindow(2, 30, clock, aligned_to_wall=False),
        FixedWindow(2, 30, clock, aligned_to_wall=True),
    )
    clock.advance(10)

    assert free.take().reset_ms == 30_000
    assert aligned.take().reset_ms == 20_000
    assert [free.take().allowed, free.take().allowed] == [True, False]
    clock.advance(30)
    assert free.take().allowed


@given(pauses=st.lists(st.floats(0, 20), max_size=60), counts_refused=st.booleans())
def test_no_rolling_window_lets_more_through_than_its_limit(pauses, counts_refused):
    clock = Clock()
    clock.freeze(NOON)
    window = RollingWindow(5, 30, clock)
    window.foreign, window.counts_refused = 2, counts_refused
    allowed: list[datetime] = []
    for pause in pauses:
        clock.advance(pause)
        verdict = window.take()
        assert 0 <= verdict.left <= 3
        if verdict.allowed:
            allowed.append(clock.now())
    for moment in allowed:
        assert sum(moment <= other < moment + timedelta(seconds=30) for other in allowed) <= 3
