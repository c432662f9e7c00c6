"""A step outside of a flow run is the plain function."""

from __future__ import annotations

import threading

import pytest
from prefect.context import FlowRunContext

from core.errors import TransientError
from tasks.policy import RETRIED, step


@step("add", RETRIED)
def add(one: int, other: int) -> int:
    """Their sum."""
    return one + other


@step("fail", RETRIED)
def fail() -> None:
    """Never there."""
    raise TransientError("The other system is away.")


@step("where", RETRIED)
def where() -> str:
    """The thread that this runs in."""
    return threading.current_thread().name


def test_a_step_called_by_hand_gives_what_its_function_gives_and_needs_no_engine() -> None:
    assert FlowRunContext.get() is None
    assert add(1, other=2) == 3


def test_a_submitted_step_runs_in_another_thread_and_is_waited_for() -> None:
    assert where.submit().result() != threading.current_thread().name


def test_a_step_by_hand_raises_what_its_function_raises_without_another_try() -> None:
    with pytest.raises(TransientError):
        fail()
    with pytest.raises(TransientError):
        fail.submit().result()
