from bench.priorities import MISS_S, compared


def figures(alone, during):
    found = compared((alone, during), "during a backfill", "of many", 1.5)
    return [(figure.value, figure.met) for figure in found]


def test_orders_are_compared_by_their_p95_alone_and_during_other_work():
    assert figures([1.0, 2.0], [1.0, 2.5]) == [(4, True), (2.0, None), (2.5, None), (1.25, True)]


def test_an_order_that_never_became_complete_is_a_miss_and_not_a_fast_one():
    complete, _, during, ratio = figures([1.0, 2.0], [1.0, MISS_S])
    assert complete == (3, False)
    assert during == (MISS_S, None)
    assert ratio == (MISS_S / 2, False)
