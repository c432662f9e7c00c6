"""Timers follow the sandbox clock, with a reader or without one."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.kit.clock import Clock, Timers

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.freeze(NOON)
    return clock


def test_acts_wait_for_their_moment_and_come_in_its_order(clock):
    timers, done = Timers(clock), []
    for seconds in (20, 10, 10, 30):
        timers.at(NOON + timedelta(seconds=seconds), done.append)
    timers.run_due()
    assert done == []

    clock.advance(25)
    timers.run_due()

    assert [at - NOON for at in done] == [timedelta(seconds=s) for s in (10, 10, 20)]


def test_an_act_may_put_another_that_is_due_as_well(clock):
    timers, done = Timers(clock), []
    later = NOON + timedelta(seconds=2)
    timers.at(NOON, lambda _: timers.at(later, done.append))
    clock.advance(5)

    timers.run_due()

    assert done == [later]


def test_a_jump_from_another_thread_wakes_the_loop(clock):
    timers, done = Timers(clock), threading.Event()

    async def scenario() -> None:
        running = asyncio.create_task(timers.run())
        timers.at(NOON + timedelta(hours=1), lambda _: done.set())
        jump = asyncio.to_thread(clock.advance, 3600)
        await jump
        assert await asyncio.to_thread(done.wait, 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
