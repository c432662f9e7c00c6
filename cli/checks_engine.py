"""Checks of `causeway doctor` about Prefect, by its HTTP API: importing Prefect takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from cli.engine import ask_prefect
from cli.findings import Finding, ok, warn
from core.errors import TransientError
from core.ids import FLOWS
from core.settings import Settings, prefect_api_url


def prefect_checks(settings: Settings) -> Iterator[Finding]:
    """The server, the work pool with a live worker, and the deployments.

    Raises: TransientError when the server does not answer.
    """
    url = prefect_api_url()
    if url is None:
        yield warn(
            "Prefect",
            "PREFECT_API_URL is not set; the worker would keep a small server of its own",
            "Start a server (causeway up, or prefect server start) and set PREFECT_API_URL.",
        )
        return
    yield ok("Prefect", f"{ask_prefect(url)} answers at {url}")
    with httpx.Client(base_url=url.rstrip("/"), timeout=10) as client:
        yield work_pool(client, settings.worker.work_pool)
        yield deployments(client)


def work_pool(client: httpx.Client, name: str) -> Finding:
    """Whether the pool exists and a worker polls it."""
    answer = client.get(f"/work_pools/{name}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return warn("work pool", f"{name} does not exist", "causeway deploy")
    status = str(_body(answer).get("status", "")).lower()
    if status == "ready":
        return ok("work pool", f"{name} is ready")
    return warn("work pool", f"{name} is {status or 'idle'}", "Start a worker: causeway worker")


def deployments(client: httpx.Client) -> Finding:
    """Whether each of our flows has one."""
    answer = client.post("/deployments/filter", json={"flows": {"name": {"any_": [*FLOWS]}}})
    found = answer.json() if answer.status_code == httpx.codes.OK else []
    if len(found) >= len(FLOWS):
        return ok("deployments", f"{len(found)} are registered")
    return warn("deployments", f"{len(found)} of at least {len(FLOWS)} exist", "causeway deploy")


def _body(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code != httpx.codes.OK:
        raise TransientError(f"Prefect answers {answer.status_code} for its work pools.")
    body: dict[str, Any] = answer.json()
    return body
