"""Slow is not failed: no test gives another process or thread only a few seconds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import WITHIN_S, eventually

TESTS = Path(__file__).parent
WAITS = {"wait", "wait_for", "join", "communicate", "result", "wait_ready", "wait_ended"}
"""Calls that wait for a number of seconds."""
BOUNDS = {"timeout", "within_s", "server_startup_timeout"}
SENDS = {"get", "post", "put", "delete", "patch", "request", "Client", "AsyncClient"}
"""Calls of httpx, which waits five seconds if nothing is said."""
ENOUGH_S = 300
A_MOMENT_S = 1
"""Shorter ones are pauses: the test goes on either way."""


def hasty(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that wait for too few seconds, or for as few as httpx does by itself."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in {"Flood", "start_flood"}:  # how long the sandbox takes for something
            continue
        bounds = [one.value for one in call.keywords if one.arg in BOUNDS]
        if name in WAITS and isinstance(call.func, ast.Attribute):
            bounds += call.args[1:] if name == "wait_for" else call.args[-1:]
        for bound in bounds:
            value = bound.value if isinstance(bound, ast.Constant) else None
            if isinstance(value, int | float) and A_MOMENT_S <= value < ENOUGH_S:
                yield call.lineno
        if ast.unparse(call.func) in {f"httpx.{one}" for one in SENDS}:
            named = {one.arg for one in call.keywords}
            if not named & {"timeout", "transport"}:
                yield call.lineno


def test_every_test_waits_long_enough_for_a_busy_machine() -> None:
    found = [
        f"{file.relative_to(TESTS)}:{line}"
        for file in sorted(TESTS.rglob("*.py"))
        for line in hasty(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "process.communicate(timeout=20)",
        "thread.join(30)",
        "eventually(ready, within_s=90.0)",
        "ready.wait(timeout=20)",
        "changed.wait_for(ready, 10)",
        "httpx.get(url)",
        "httpx.Client(base_url=url, timeout=30)",
    ],
)
def test_a_bound_of_seconds_is_found(line: str) -> None:
    assert list(hasty(ast.parse(line))) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "listener.wait(0.05)",
        "process.wait(WITHIN_S)",
        "headers.get('retry-after')",
        "thread.join()",
    ],
)
def test_a_pause_and_a_generous_bound_are_none(line: str) -> None:
    assert list(hasty(ast.parse(line))) == []


def test_what_was_waited_for_in_vain_is_said() -> None:
    states = {"due", "claimed"}
    with pytest.raises(TimeoutError, match=r'did not hold: eventually.lambda: "paid" in states'):
        eventually(lambda: "paid" in states, within_s=0)
    assert WITHIN_S >= ENOUGH_S
