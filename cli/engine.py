"""Running a flow here and now, with Prefect watching where one is told of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import httpx

from cli.output import stdout_kept_clean
from core.errors import CausewayError, TransientError
from core.settings import prefect_api_url, silence_telemetry

T = TypeVar("T")


def run_here(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a flow in this process until it ends; its log goes to stderr.

    With `PREFECT_API_URL` the run stands in that server's UI; without it Prefect keeps its own
    small database for the while.

    Raises: TransientError when that server does not answer; whatever the flow raises.
    """
    silence_telemetry()
    quiet_engine()
    if (url := prefect_api_url()) is not None:
        ask_prefect(url)
    with stdout_kept_clean():
        try:
            return asyncio.run(call())
        except CausewayError:
            raise
        except httpx.TransportError as error:
            raise _unreachable(url or "its own small server") from error


def ask_prefect(url: str) -> str:
    """The version of the Prefect server.

    Raises: TransientError when it does not answer as one.
    """
    try:
        answer = httpx.get(f"{url.rstrip('/')}/admin/version", timeout=5)
        answer.raise_for_status()
        return str(answer.json())
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise _unreachable(url) from error


def quiet_engine() -> None:
    """Only what went wrong is logged, and a server is started for the while if none is told of."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "true")


def _unreachable(url: str) -> TransientError:
    return TransientError(
        f"Prefect at {url} does not answer.",
        remedy="Start it (causeway up starts one), correct PREFECT_API_URL, or unset it to run "
        "without one. Webhooks are accepted meanwhile; their keys wait in the inbox.",
    )
