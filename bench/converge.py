"""Random lives of orders, both sides edited by hand in between: do both sides always agree?"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bench.figures import Figure, at_least, at_most
from bench.happenings.course import PASSES, Company, Course
from bench.happenings.happening import VOCABULARY
from bench.happenings.kinds import KINDS
from bench.happenings.shelf import Shelf
from bench.happenings.sides import Systems
from bench.house import house
from bench.plan import Bench

SEQUENCES, QUICK_SEQUENCES = 1000, 50
"""Of each kind of order."""
ROUNDS = 8
WITHIN_S = 1800.0
SHOWN = 100
"""Sequences that are told in full."""
AT_ONCE = {"CAUSEWAY_SHIPMENTS__UNSHIPPED_GRACE_MINUTES": "0"}
"""A shipment whose note was taken back is not waited for: the rounds are minutes, not days."""


def measure(bench: Bench) -> list[Figure]:
    """Every order lives by itself: what happens to it is drawn by its seed, and can be told."""
    count = bench.pick(SEQUENCES, QUICK_SEQUENCES)
    courses = [Course(kind, f"{kind} {number}") for kind in KINDS for number in range(count)]
    began = time.monotonic()
    with _told(AT_ONCE), house(bench, "converge", is_subscribed=False) as home:
        home.pause_schedules()
        systems = Systems(home.controls.bigcommerce, home.controls.brightpearl)
        company = Company(
            systems,
            lambda: home.stage.database,
            partial(home.settle, WITHIN_S),
            Shelf.stock(systems),
        )
        passes = _live(bench, company, courses)
        company.systems.forget()
        company.everything_is_due()
        company.sync()
        writes = company.systems.writes()
        company.judge()
    return _figures(company, passes, writes, time.monotonic() - began)


def _live(bench: Bench, company: Company, courses: Sequence[Course]) -> int:
    """All rounds, then quiet; the passes that it took."""
    company.place(courses)
    bench.progress.step(f"converge: {len(courses)} orders of {len(KINDS)} kinds are placed")
    for number in range(1, ROUNDS + 1):
        company.happen(number)
        done = sum(len(course.done) for course in courses)
        bench.progress.step(f"converge: round {number} of {ROUNDS}, {done} things have happened")
    passes = company.settle(ROUNDS + 1)
    bench.progress.step(f"converge: quiet after {passes} passes over everything")
    return passes


def _figures(company: Company, passes: int, writes: int, seconds: float) -> list[Figure]:
    courses = company.courses
    apart = [course for course in courses if course.apart]
    undone = [course for course in courses if course.undone]
    done = Counter(step.name for course in courses for step in course.done)
    each = Counter(course.kind for course in courses)
    how = (
        f"{min(each.values())} sequences of each of {', '.join(each)}; {done.total()} happenings "
        f"of {len(done)} kinds in {ROUNDS} rounds, {seconds:.0f} s; both sandboxes' states "
        "compared at quiet"
    )
    return [
        Figure(
            "random sequences after which both sides agree, or a case says why not",
            len(courses) - len(apart),
            "",
            "; ".join(f"{one}: {', '.join(one.apart)}" for one in apart[:SHOWN]) or how,
            at_least(len(courses)),
        ),
        Figure(
            "random sequences in which a person's newer change was undone",
            len(undone),
            "",
            "; ".join(f"{one}: {', '.join(one.undone)}" for one in undone[:SHOWN]) or how,
            at_most(0),
        ),
        Figure(
            "kinds of happenings that took place",
            len(done),
            "",
            ", ".join(f"{count} x {name}" for name, count in done.most_common()),
            at_least(len(VOCABULARY.names())),
        ),
        Figure("passes over everything until nothing is written", passes, "", how, at_most(PASSES)),
        Figure(
            "one more pass over everything: writes",
            writes,
            "",
            "all keys of orders, shipments and refunds made due by an operator; requests other "
            "than reads that both sandboxes counted",
            at_most(0),
        ),
    ]


@contextmanager
def _told(settings: dict[str, str]) -> Iterator[None]:
    """Settings for every process that is started meanwhile."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
