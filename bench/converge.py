"""Random lives of orders, both sides edited by hand in between: do both sides always agree?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from bench.environment import Bench, environment
from bench.figures import Figure, at_least, at_most
from chaos.run import NO_GRACE
from lives.baskets import KINDS, Skus
from lives.events import EVENTS
from lives.lives import PASSES, Life, Lives

SEQUENCES, QUICK_SEQUENCES = 1000, 50
"""Of each kind of order."""
ROUNDS = 8
WITHIN_S = 1800.0
SHOWN = 100
"""Lives that are printed in full."""


def measure(bench: Bench) -> list[Figure]:
    """Every order lives by itself: what happens to it is drawn by its seed, and can be replayed."""
    count = bench.pick(SEQUENCES, QUICK_SEQUENCES)
    series = f"{bench.seed}-" if bench.seed else ""
    drawn = [Life(kind, f"{kind} {series}{number}") for kind in KINDS for number in range(count)]
    began = time.monotonic()
    with environment(bench, "converge", is_subscribed=False, settings=NO_GRACE) as env:
        env.pause_schedules()
        lives = Lives(
            env.controls,
            lambda: env.installation.database,
            partial(env.wait_idle, WITHIN_S),
            Skus.stock(env.controls),
        )
        passes = _live(bench, lives, drawn)
        env.controls.reset_requests()
        lives.make_all_due()
        lives.sync()
        writes = lives.writes()
        lives.judge()
    return _figures(bench, lives, passes, writes, time.monotonic() - began)


def _live(bench: Bench, lives: Lives, drawn: Sequence[Life]) -> int:
    """All rounds, then quiet; the passes that it took."""
    lives.place(drawn)
    bench.progress.step(
        f"converge: {len(drawn)} orders of {len(KINDS)} kinds are placed, SEED={bench.seed or None}"
    )
    for number in range(1, ROUNDS + 1):
        lives.advance(number)
        done = sum(len(life.done) for life in drawn)
        bench.progress.step(f"converge: round {number} of {ROUNDS}, {done} events")
    passes = lives.settle(ROUNDS + 1)
    bench.progress.step(f"converge: quiet after {passes} passes over everything")
    return passes


def _figures(bench: Bench, lives: Lives, passes: int, writes: int, seconds: float) -> list[Figure]:
    all_ = lives.lives
    different = [life for life in all_ if life.differences]
    undone = [life for life in all_ if life.undone]
    done = Counter(step.name for life in all_ for step in life.done)
    each = Counter(life.kind for life in all_)
    how = (
        f"{min(each.values())} sequences of each of {', '.join(each)}; {done.total()} events "
        f"of {len(done)} kinds in {ROUNDS} rounds, SEED={bench.seed or None}, {seconds:.0f} s; "
        "both sandboxes' states compared at quiet"
    )
    return [
        Figure(
            "random sequences after which both sides agree, or a case says why not",
            len(all_) - len(different),
            "",
            "; ".join(f"{one}: {', '.join(one.differences)}" for one in different[:SHOWN]) or how,
            at_least(len(all_)),
        ),
        Figure(
            "random sequences in which a person's newer change was undone",
            len(undone),
            "",
            "; ".join(f"{one}: {', '.join(one.undone)}" for one in undone[:SHOWN]) or how,
            at_most(0),
        ),
        Figure(
            "kinds of events that took place",
            len(done),
            "",
            ", ".join(f"{count} x {name}" for name, count in done.most_common()),
            None if bench.is_quick else at_least(len(EVENTS.names())),
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
