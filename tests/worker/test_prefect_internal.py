"""The contract with Prefect's private parts: what `worker/prefect_internal.py` relies on is there.

When a new version of Prefect breaks one of these, that module is the place to mend.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.events.worker import EventsWorker
from prefect.flow_engine import AsyncFlowRunEngine, run_flow_async, run_flow_sync
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES

from worker.prefect_internal import (
    retry_busy_server,
    send_queued_events,
    settings_with_retries,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("cli", "core", "demo", "flows", "receiver", "store", "tasks", "worker")
UNDOCUMENTED = {"prefect.flow_engine", "prefect.task_engine", "prefect.events.worker"}
"""Modules whose names have no underscore, and that no page of Prefect's reference describes."""

SUSPENSION = "_get_flow_run_suspension_request"


def signature(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_only_one_module_uses_what_is_private_in_prefect() -> None:
    users = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                modules = (
                    [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else [name.name for name in node.names]
                    if isinstance(node, ast.Import)
                    else []
                )
                if any(is_private(module) for module in modules):
                    users.add(file.relative_to(ROOT).as_posix())

    assert users == {"worker/prefect_internal.py"}


def is_private(module: str) -> bool:
    first, *others = module.split(".")
    is_hidden = any(part.startswith("_") for part in others)
    return first == "prefect" and (is_hidden or module in UNDOCUMENTED)


def test_the_engine_has_the_parts_that_ours_replaces_and_calls() -> None:
    assert signature(AsyncFlowRunEngine.set_state) == ["self", "state", "force"]
    assert signature(AsyncFlowRunEngine.handle_crash) == ["self", "exc"]
    assert signature(AsyncFlowRunEngine.setup_flow_run_suspension_request) == ["self"]
    for name in ("start", "run_context", "call_flow_fn", "is_running", SUSPENSION):
        assert signature(getattr(AsyncFlowRunEngine, name)) == ["self"]
    assert "_raised" in AsyncFlowRunEngine.__dataclass_fields__
    assert {"flow", "flow_run", "parameters", "return_type"} <= set(signature(run_flow_sync))
    assert callable(FlowRunSuspensionRequest().raise_if_requested)


def test_the_engine_s_own_loop_is_the_one_that_ours_repeats() -> None:
    """Without the comments: start, then the flow's function in a context while it runs."""
    lines = [line.strip() for line in inspect.getsource(run_flow_async).splitlines()]

    begin = lines.index("async with engine.start():")
    assert [line for line in lines[begin:] if line] == [
        "async with engine.start():",
        "while engine.is_running():",
        "async with engine.run_context():",
        "await engine.call_flow_fn()",
        'return engine.state if return_type == "state" else await engine.result()',
    ]


@pytest.mark.parametrize("kind", [SyncPrefectClient, PrefectClient])
def test_a_client_keeps_its_connection_where_a_transport_can_be_put_around_it(kind: type) -> None:
    client = kind("http://127.0.0.1:9/api")
    connection = vars(client)["_client"]
    assert isinstance(connection, (httpx.Client, httpx.AsyncClient))
    before = vars(connection)["_transport"]

    retry_busy_server(client)

    assert vars(connection)["_transport"] is not before


def test_events_can_be_drained_within_a_time() -> None:
    assert {"timeout", "at_exit"} <= set(signature(EventsWorker.drain_all))
    send_queued_events(0.0)


def test_the_number_of_retries_is_changed_while_the_context_is_entered() -> None:
    before = PREFECT_CLIENT_MAX_RETRIES.value()
    context = settings_with_retries(before + 1)

    for _ in range(2):
        with context:
            assert PREFECT_CLIENT_MAX_RETRIES.value() == before + 1
        assert PREFECT_CLIENT_MAX_RETRIES.value() == before


def asked(*statuses: int) -> tuple[int, int]:
    """The status that a client gets in the end, and how often it asked."""
    answers, seen = iter(statuses), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(next(answers))

    client = SyncPrefectClient("http://127.0.0.1:9/api")
    connection = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1")
    vars(client)["_client"] = connection
    retry_busy_server(client)
    return connection.post("/flow_runs/").status_code, len(seen)


def test_a_write_that_a_busy_server_refused_is_sent_again() -> None:
    assert asked(503, 503, 201) == (201, 3)


@pytest.mark.parametrize("status", [201, 404, 409, 422, 500])
def test_any_other_answer_is_final(status: int) -> None:
    assert asked(status) == (status, 1)
