"""Slow is not failed: no test gives another process or thread only a few seconds.

Nor does one sleep, let a clock judge, or fail because examples are drawn slowly.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from waiting import WITHIN_S, eventually

TESTS = Path(__file__).parent
WAITS = {"wait", "wait_for", "join", "communicate", "result", "wait_ready", "wait_ended"}
"""Calls that wait for a number of seconds."""
BOUNDS = {"timeout", "within_s", "server_startup_timeout"}
SENDS = {"get", "post", "put", "delete", "patch", "request", "Client", "AsyncClient"}
"""Calls of httpx, which waits five seconds if nothing is said."""
WITHIN = {"timeout", "timeout_at", "fail_after", "move_on_after", "alarm", "settimeout"}
"""Calls whose first argument is after how many seconds something ends."""
OTHERWISE_HASTY = {"prefect_test_harness": {"server_startup_timeout"}}
"""Calls that wait for 20 seconds if nothing is said, with the word for it."""
ENOUGH_S = 300
A_MOMENT_S = 1
"""Shorter ones are pauses: the test goes on either way."""
ENDING = {"STOP_WITHIN_S", "VISIBLE_WITHIN_S"}
"""How long a process may go on after it was asked to end, and a sandbox may show what was."""
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"}
MEASURED = {
    "support/waiting.py": "ends a test that waits for what will never happen",
    "demo/test_nothing_leaks.py": "the same, of a demo",
    "processes/test_watchdogs.py": "what goes wrong is an event within a minute",
    "processes/test_whole_installation.py": "takeover from a dead worker within seconds",
}
"""Files that read a clock of the machine, and what for."""


def hasty(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that wait for too few seconds, or for as few as they do by themselves."""
    constants = dict(numbers(tree))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        if called(call) in {"Flood", "start_flood"}:  # how long the sandbox takes for something
            continue
        for bound in bounds(call):
            value = bound.value if isinstance(bound, ast.Constant) else None
            value = constants.get(bound.id) if isinstance(bound, ast.Name) else value
            if isinstance(value, int | float) and A_MOMENT_S <= value < ENOUGH_S:
                yield call.lineno
        is_sending = ast.unparse(call.func) in {f"httpx.{one}" for one in SENDS}
        wanted = {"timeout", "transport"} if is_sending else OTHERWISE_HASTY.get(called(call))
        if wanted and wanted.isdisjoint(one.arg for one in call.keywords):
            yield call.lineno


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    return str(getattr(call.func, "attr", getattr(call.func, "id", "")))


def bounds(call: ast.Call) -> list[ast.expr]:
    """What a call says of how long it waits."""
    found = [one.value for one in call.keywords if one.arg in BOUNDS]
    name = called(call)
    if name in WAITS and isinstance(call.func, ast.Attribute):
        found += call.args[1:] if name == "wait_for" else call.args[-1:]
    return [*found, *call.args[:1]] if name in WITHIN else found


def numbers(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """The constants of a module that are numbers."""
    for statement in ast.iter_child_nodes(tree):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and isinstance(statement.value.value, int | float):
                    yield target.id, statement.value.value


def sleeping(tree: ast.AST) -> Iterator[int]:
    """Lines of calls that sleep for a second or longer, instead of waiting for something."""
    statements = [one for one in ast.walk(tree) if isinstance(one, ast.Import)]
    modules = {alias.name for one in statements for alias in one.names}
    real = {f"{one}.sleep" for one in modules & {"time", "asyncio", "anyio"}}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in real:
            (pause,) = call.args
            is_short = isinstance(pause, ast.Constant) and float(str(pause.value)) < A_MOMENT_S
            if not is_short and ast.unparse(pause) != "POLL_INTERVAL_S":
                yield call.lineno


def reads_a_clock(tree: ast.AST) -> bool:
    """Whether a module asks how long something took."""
    return any(
        isinstance(call, ast.Call)
        and (called(call) in CLOCKS or ast.unparse(call.func) == "time.time")
        for call in ast.walk(tree)
    )


def limited(tree: ast.AST) -> Iterator[int]:
    """Lines by which examples of a property fail that are drawn or tried slowly."""
    for call in ast.walk(tree):
        for one in call.keywords if isinstance(call, ast.Call) else ():
            said = ast.unparse(one.value)
            is_timed = one.arg == "deadline" and said != "None"
            allowed = ("HealthCheck.too_slow", "list(HealthCheck)")
            is_judged = one.arg == "suppress_health_check" and not any(a in said for a in allowed)
            if is_timed or is_judged:
                yield one.value.lineno


@pytest.fixture(scope="module")
def modules() -> dict[str, ast.Module]:
    """Every module of the tests, by its path."""
    files = sorted(TESTS.rglob("*.py"))
    return {str(one.relative_to(TESTS)): ast.parse(one.read_text("utf-8")) for one in files}


@pytest.mark.parametrize("search", [hasty, sleeping, limited], ids=lambda one: one.__name__)
def test_every_test_waits_long_enough_for_a_busy_machine(
    modules: dict[str, ast.Module], search: Callable[[ast.AST], Iterator[int]]
) -> None:
    found = [f"{name}:{line}" for name, tree in modules.items() for line in search(tree)]
    assert found == []


def test_no_test_lets_a_clock_judge_but_of_what_is_promised(modules: dict[str, ast.Module]) -> None:
    assert {name for name, tree in modules.items() if reads_a_clock(tree)} == MEASURED.keys()


@pytest.mark.parametrize("profile", ["same", "fresh"])
def test_examples_may_be_drawn_and_tried_slowly(profile: str) -> None:
    chosen = settings.get_profile(profile)
    assert chosen.deadline is None
    assert HealthCheck.too_slow in chosen.suppress_health_check


def test_what_is_started_on_a_slow_machine_is_waited_for() -> None:
    """By `causeway up`, by commands, by the demo and by the other programs that tests start."""
    found = {
        f"{file.relative_to(TESTS.parent)}: {name}": seconds
        for folder in ("cli", "demo", "chaos")
        for file in sorted((TESTS.parent / folder).glob("*.py"))
        for name, seconds in numbers(ast.parse(file.read_text("utf-8")))
        if name.endswith("WITHIN_S") and name not in ENDING
    }
    assert len(found) >= 5
    assert {name: seconds for name, seconds in found.items() if seconds < ENOUGH_S} == {}


def test_nothing_ends_a_test_after_so_many_seconds() -> None:
    root = TESTS.parent
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    options = project["tool"]["pytest"]["ini_options"]
    assert not [name for name in options if "timeout" in name]
    for file in ("Makefile", "requirements-dev.in", ".ci/run"):
        text = (root / file).read_text("utf-8")
        assert "--timeout" not in text
        assert "pytest-timeout" not in text


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
        "asyncio.timeout(5)",
        "signal.alarm(60)",
        "connection.settimeout(2.5)",
        "subprocess.run(words, timeout=20)",
        "prefect_test_harness()",
        "prefect_test_harness(server_startup_timeout=20)",
        "process.wait(SOON_S); SOON_S = 20",
        "eventually(ready, within_s=SOON_S); SOON_S = 9.5",
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
        "process.wait(LATE_S); LATE_S = 600",
        "subprocess.run(words, timeout=WITHIN_S)",
        "prefect_test_harness(server_startup_timeout=WITHIN_S)",
        "asyncio.timeout(None)",
    ],
)
def test_a_pause_and_a_generous_bound_are_none(line: str) -> None:
    assert list(hasty(ast.parse(line))) == []


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("import time; time.sleep(1)", True),
        ("import asyncio; asyncio.sleep(2.5)", True),
        ("import time; time.sleep(pause_s)", True),
        ("import time; time.sleep(0.05)", False),
        ("time = SimulatedTime(); time.sleep(60)", False),
    ],
)
def test_sleeping_is_found_where_time_is_real(line: str, is_found: bool) -> None:
    assert list(sleeping(ast.parse(line))) == [1] * is_found


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("assert time.monotonic() - began < 5", True),
        ("assert perf_counter() < ends", True),
        ("assert time.time() < ends", True),
        ("assert self.time.now < ends", False),
    ],
)
def test_a_clock_that_judges_is_found(line: str, is_found: bool) -> None:
    assert reads_a_clock(ast.parse(line)) is is_found


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("@settings(deadline=200)\ndef f(): 0", True),
        ("settings(suppress_health_check=[HealthCheck.filter_too_much])", True),
        ("settings(suppress_health_check=[HealthCheck.too_slow])", False),
        ("settings(deadline=None)", False),
    ],
)
def test_a_limit_of_an_example_is_found(line: str, is_found: bool) -> None:
    assert list(limited(ast.parse(line))) == [1] * is_found


@pytest.mark.parametrize("within_s", [0.0, -1.0])
def test_what_holds_is_never_too_late(within_s: float) -> None:
    assert eventually(lambda: True, within_s=within_s)


def test_what_comes_to_hold_after_several_tries_counts() -> None:
    states = iter([*["due"] * 3, "done"])
    assert eventually(lambda: next(states) == "done")


def test_what_was_waited_for_in_vain_is_said() -> None:
    states = {"due", "claimed"}
    with pytest.raises(TimeoutError, match=r'did not hold: eventually.lambda: "paid" in states'):
        eventually(lambda: "paid" in states, within_s=0)
    assert WITHIN_S >= ENOUGH_S
