"""The budget against an account that counts in windows, whatever the clocks of both do.

The account's clock and ours may diverge, jump, or stand still while the machine sleeps; answers
come in any sequence, late or not at all.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from connectors.budget import Budget, Priority, RateLimit, Report

AT_ONCE = 4


class NotNowError(Exception):
    """The budget would wait."""


@dataclass
class Account:
    """Counts what it takes in each window of its own clock."""

    limit: int = 5
    length_s: float = 60.0
    now: float = 0.0
    taken: dict[int, int] = field(default_factory=dict)
    throttled: int = 0

    def take(self) -> RateLimit:
        """One request."""
        window = int(self.now // self.length_s)
        used = self.taken.get(window, 0)
        is_full = used >= self.limit
        self.throttled += is_full
        self.taken[window] = used + (not is_full)
        return RateLimit(
            left=self.limit - self.taken[window],
            limit=self.limit,
            resets_in_s=(window + 1) * self.length_s - self.now,
            throttled=is_full,
        )


@dataclass
class Sent:
    """A request on its way."""

    stack: ExitStack
    report: Report
    answer: RateLimit


def refuse_to_wait(_condition: threading.Condition, _seconds: float | None) -> None:
    raise NotNowError


class BudgetMachine(RuleBasedStateMachine):
    """Requests, answers and two clocks."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.now = 1000.0
        self.allowed = 0  # throttled answers that nobody could foresee: a clock jumped
        self.budget = Budget(
            reads_at_once=AT_ONCE,
            writes_at_once=AT_ONCE,
            clock=lambda: self.now,
            wait=refuse_to_wait,
        )
        self.sent: list[Sent] = []

    @initialize(limit=st.integers(1, 8), begins_at=st.floats(0, 59))
    def begin(self, limit: int, begins_at: float) -> None:
        self.account.limit, self.account.now = limit, begins_at

    @rule(priority=st.sampled_from(Priority), write=st.booleans())
    def send(self, priority: Priority, write: bool) -> None:
        stack = ExitStack()
        try:
            report = stack.enter_context(self.budget.request(priority, write=write))
        except NotNowError:
            return
        self.sent.append(Sent(stack, report, self.account.take()))

    @precondition(lambda self: self.sent)
    @rule(place=st.integers(0, 2 * AT_ONCE), is_lost=st.booleans())
    def an_answer_comes(self, place: int, is_lost: bool) -> None:
        one = self.sent.pop(place % len(self.sent))
        self.allowed += is_lost  # what it would have said is not known to the next one
        if not is_lost:
            one.report(one.answer, one.answer.throttled)
        one.stack.close()

    @rule(seconds=st.sampled_from([0.5, 7.0, 30.0, 61.0]))
    def time_passes(self, seconds: float) -> None:
        """For both alike; what is on its way is answered before a window ends."""
        for _ in range(len(self.sent)):
            self.an_answer_comes(0, is_lost=False)
        self.now += seconds
        self.account.now += seconds

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0, 600.0]))
    def our_clock_jumps_ahead(self, seconds: float) -> None:
        """As it does where theirs stood still: a window seems to be over that is not.

        One request asks, and no other one follows before its answer.
        """
        self.now += seconds
        self.allowed += 1

    @rule(seconds=st.sampled_from([1.0, 20.0, 61.0]))
    def their_clock_jumps_ahead(self, seconds: float) -> None:
        """Their window is over sooner: less is sent than might be."""
        self.account.now += seconds
        self.allowed += bool(self.sent)

    @invariant()
    def no_window_holds_more_than_the_quota(self) -> None:
        assert all(taken <= self.account.limit for taken in self.account.taken.values())
        assert self.account.throttled <= self.allowed

    def teardown(self) -> None:
        """The budget is never stuck: after a while every priority may send again."""
        for _ in range(len(self.sent)):
            self.an_answer_comes(0, is_lost=False)
        for priority in Priority:
            before = sum(self.account.taken.values())
            for _ in range(4):
                self.now += 700
                self.account.now += 700
                self.send(priority, write=False)
                if self.sent:
                    self.an_answer_comes(0, is_lost=False)
            assert sum(self.account.taken.values()) > before, f"{priority} never goes again"


@pytest.mark.hypothesis
@pytest.mark.parametrize("size", [150, pytest.param(1500, marks=pytest.mark.long)])
def test_no_window_holds_more_requests_than_the_quota_whatever_the_clocks_do(size: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        BudgetMachine, settings=settings(max_examples=size, stateful_step_count=40, deadline=None)
    )
