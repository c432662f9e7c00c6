"""Orders that live at random, edited by hand on both sides, always come to agree.

`make test-fresh` draws other lives every time, by a seed that it prints. `python -m bench converge`
does the same for a thousand sequences of each kind of order.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from lives.baskets import KINDS
from lives.events import EVENTS
from lives.lives import APPLIED, PASSES, Life, Lives, Step

pytestmark = [pytest.mark.long, pytest.mark.draws]

STEPS = st.sampled_from([*EVENTS.names(), APPLIED])
EXAMPLES, MOMENTS = 4, 5


class RandomLives(RuleBasedStateMachine):
    """One order of each kind; at every moment something may happen to each of them."""

    def __init__(self, lives: Lives) -> None:
        super().__init__()
        self.lives = lives
        self.moment = 0

    @initialize(seed=st.integers(0, 9999))
    def shoppers_order(self, seed: int) -> None:
        self.lives.place(Life(kind, f"{kind} {seed}") for kind in KINDS)

    @rule(
        what=st.fixed_dictionaries(
            dict.fromkeys(KINDS, st.none() | st.tuples(STEPS, st.integers(0, 999)))
        )
    )
    def something_happens(self, what: dict[str, tuple[str, int] | None]) -> None:
        self.moment += 1
        self.lives.read_cases()
        for life in self.lives.lives:
            if (chosen := what[life.kind]) is not None:
                self.lives.do(life, Step(self.moment, *chosen))
        self.lives.notify(self.moment)

    def teardown(self) -> None:
        """All is quiet: both sides agree, and one more pass over everything writes nothing."""
        if not self.lives.lives:
            return
        passes = self.lives.settle(self.moment + 1)
        self.lives.judge()
        wrong = [f"{life}: {', '.join(life.wrong)}" for life in self.lives.lives if life.wrong]
        assert not wrong, "\n".join(wrong)
        assert passes <= PASSES


def test_orders_that_live_at_random_come_to_agree(lives: Lives) -> None:
    run_state_machine_as_test(
        lambda: RandomLives(replace(lives, lives=[], orders={})),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=MOMENTS,
            suppress_health_check=list(HealthCheck),
        ),
    )
