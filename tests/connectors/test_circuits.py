"""A part of a system that fails for a while is left alone, probed, and resumed."""

from __future__ import annotations

import pytest

from connectors.circuits import FAILURES, LONGEST_PAUSE_S, OUTAGE_S, PAUSE_S, Circuits, endpoint
from core.errors import PausedError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuits(clock: Clock) -> Circuits:
    return Circuits("Brightpearl", clock=clock)


def send(circuits: Circuits, path: str = "/multi-message", *, failed: bool | None) -> None:
    with circuits.request("POST", path) as report:
        report(failed)


def fail_for(
    circuits: Circuits, clock: Clock, seconds: float, path: str = "/multi-message"
) -> None:
    for _ in range(FAILURES):
        send(circuits, path, failed=True)
        clock.now += seconds / FAILURES
    send(circuits, path, failed=True)


def test_a_burst_of_failures_is_no_outage(circuits, clock):
    fail_for(circuits, clock, OUTAGE_S / 2)

    send(circuits, failed=False)

    assert not circuits.pauses()


def test_an_endpoint_that_fails_for_a_while_is_left_alone_and_the_rest_goes_on(circuits, clock):
    for _ in range(FAILURES):
        send(circuits, failed=True)
        send(circuits, "/order-service/order/7", failed=False)
        clock.now += OUTAGE_S / FAILURES
    send(circuits, failed=True)

    with pytest.raises(PausedError, match=r"POST /multi-message has failed for 10 s"):
        send(circuits, failed=False)
    send(circuits, "/order-service/order/7", failed=False)


def test_a_record_that_fails_by_itself_is_no_outage_and_holds_up_no_other(circuits, clock):
    for _ in range(3):
        fail_for(circuits, clock, OUTAGE_S, "/v3/orders/7/transactions")

    assert not circuits.pauses()
    send(circuits, "/v3/orders/8/transactions", failed=True)
    assert circuits.pauses()


def test_a_system_of_which_nothing_answers_is_left_alone_as_a_whole(circuits, clock):
    for number in range(FAILURES + 1):
        send(circuits, f"/{'abcdefgh'[number]}", failed=True)
        clock.now += OUTAGE_S / FAILURES

    with pytest.raises(PausedError, match="Brightpearl has failed"):
        send(circuits, "/something-else", failed=False)


def test_one_probe_goes_through_after_the_pause_and_resumes_everything(circuits, clock):
    fail_for(circuits, clock, OUTAGE_S)
    clock.now += PAUSE_S

    with circuits.request("POST", "/multi-message") as report:
        with pytest.raises(PausedError):
            send(circuits, failed=False)
        report(False)

    send(circuits, failed=False)
    assert not circuits.pauses()


def test_a_probe_that_fails_makes_the_next_pause_longer_up_to_a_limit(circuits, clock):
    fail_for(circuits, clock, OUTAGE_S)
    pauses = []
    for _ in range(6):
        (*_, one) = circuits.pauses()
        pauses.append(one.probe_in_s)
        clock.now += one.probe_in_s
        send(circuits, failed=True)

    assert pauses == [PAUSE_S, 10, 20, 40, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_throttled_probe_decides_nothing_and_the_next_one_follows(circuits, clock):
    fail_for(circuits, clock, OUTAGE_S)
    clock.now += PAUSE_S

    send(circuits, failed=None)
    send(circuits, failed=False)

    assert not circuits.pauses()


def test_a_request_that_ends_without_a_report_counts_as_failed(circuits, clock):
    for _ in range(FAILURES + 1):
        with pytest.raises(OSError, match="gone"), circuits.request("POST", "/multi-message"):
            raise OSError("gone")
        clock.now += OUTAGE_S / FAILURES

    assert {one.endpoint for one in circuits.pauses()} == {"", "POST /multi-message"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/order-service/order/1-5,9/status", "PUT /order-service/order/*/status"),
        ("/v2/orders/100", "PUT /v2/orders/*"),
        ("/v3/catalog/products", "PUT /v3/catalog/products"),
    ],
)
def test_an_endpoint_is_named_without_ids(path, name):
    assert endpoint("PUT", path) == name
