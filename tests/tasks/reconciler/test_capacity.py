"""All runs of a pair together have about one full batch in hand, so that memory has a bound."""

from __future__ import annotations

import pytest
from reconciling import PAIR, WIDGETS, Reconciler

from tasks.reconciler.capacity import Capacity


def due(pair: Reconciler, count: int) -> None:
    keys = [str(number) for number in range(count)]
    pair.run().inbox.put(PAIR, WIDGETS.name, keys, source="sweep", now=pair.clock())


def test_a_run_that_is_alone_takes_a_full_batch() -> None:
    assert Capacity().reserve("orders", 500) == 500


@pytest.mark.parametrize(
    ("orders", "left"), [(0, 2000), (125, 1500), (400, 400), (499, 200), (500, 200)]
)
def test_what_a_run_has_in_hand_makes_the_next_ones_of_others_smaller(
    orders: int, left: int
) -> None:
    capacity = Capacity()
    capacity.reserve("orders", 500)
    capacity.hold("orders", orders, 500)

    assert capacity.reserve("stock", 2000) == left


def test_runs_that_begin_at_once_do_not_both_take_a_full_batch() -> None:
    capacity = Capacity()

    assert [capacity.reserve(name, 500) for name in ("orders", "refunds", "stock")] == [500, 50, 50]


def test_every_run_takes_at_least_one_record() -> None:
    capacity = Capacity()
    capacity.hold("orders", 3, 3)

    assert capacity.reserve("refunds", 3) == 1


def test_a_run_whose_batch_is_done_takes_a_full_one_again() -> None:
    capacity = Capacity()
    capacity.hold("orders", 500, 500)

    assert capacity.reserve("orders", 500) == 500


def test_a_run_while_another_has_a_full_batch_works_off_all_that_is_due_in_smaller_ones(
    pair: Reconciler,
) -> None:
    due(pair, 120)
    pair.connections.capacity.hold("another run", 500, 500)

    with pair.run() as run:
        sizes = []
        while batch := run.claim():
            sizes.append(len(batch.claims))
            run.settle(())

    assert sizes == [50, 50, 20]


def test_a_run_that_ends_leaves_its_part_to_others(pair: Reconciler) -> None:
    due(pair, 500)
    with pair.run() as run:
        run.claim()
        assert pair.connections.capacity.reserve("another", 500) == 50

    assert pair.connections.capacity.reserve("a third", 500) == 450
