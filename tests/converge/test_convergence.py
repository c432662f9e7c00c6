"""Orders that live at random, edited by hand on both sides, always come to agree.

`python -m bench converge` does the same for a thousand sequences of each kind of order.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from bench.happenings.course import APPLIED, PASSES, Company, Course, Step
from bench.happenings.happening import VOCABULARY
from bench.happenings.kinds import KINDS

pytestmark = pytest.mark.long

STEPS = st.sampled_from([*VOCABULARY.names(), APPLIED])
EXAMPLES, MOMENTS = 2, 5


class Life(RuleBasedStateMachine):
    """One order of each kind; at every moment something may happen to each of them."""

    def __init__(self, company: Company) -> None:
        super().__init__()
        self.company = company
        self.moment = 0

    @initialize(seed=st.integers(0, 99))
    def shoppers_order(self, seed: int) -> None:
        self.company.place(Course(kind, f"{kind} {seed}") for kind in KINDS)

    @rule(
        what=st.fixed_dictionaries(
            dict.fromkeys(KINDS, st.none() | st.tuples(STEPS, st.integers(0, 999)))
        )
    )
    def something_happens(self, what: dict[str, tuple[str, int] | None]) -> None:
        self.moment += 1
        self.company.look_at_cases()
        for course in self.company.courses:
            if (chosen := what[course.kind]) is not None:
                self.company.do(course, Step(self.moment, *chosen))
        self.company.hear(self.moment)

    def teardown(self) -> None:
        """All is quiet: both sides agree, and one more look at everything writes nothing."""
        if not self.company.courses:
            return
        passes = self.company.settle(self.moment + 1)
        self.company.judge()
        wrong = [
            f"{course}: {', '.join(course.wrong)}"
            for course in self.company.courses
            if course.wrong
        ]
        assert not wrong, "\n".join(wrong)
        assert passes <= PASSES


def test_orders_that_live_at_random_come_to_agree(company: Company) -> None:
    run_state_machine_as_test(
        lambda: Life(replace(company, courses=[], seen={})),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=MOMENTS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
