"""Running a flow in this process, recorded by a Prefect server where one is set."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from cli.output import stdout_kept_clean
from core.engines import silence_telemetry
from core.errors import CausewayError, TransientError
from core.settings import prefect_api_url

T = TypeVar("T")

STARTS_WITHIN_S = 300
"""Prefect's small server needs ten seconds, on a busy machine minutes; Prefect allows twenty."""
DATABASE_NAMES = {
    *("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL"),
}
"""Variables by which an operator names a Prefect server's database."""
NOT_STARTED = "ephemeral Prefect API server"
"""What Prefect's error says then; it has no type of its own."""


def run_here(call: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a flow in this process until it ends; its log goes to stderr.

    With `PREFECT_API_URL` the run is shown in that server's UI; without it Prefect keeps its own
    small database for the while.

    Raises: TransientError when that server does not answer; whatever the flow raises.
    """
    silence_telemetry()
    if (url := prefect_api_url()) is not None:
        ask_prefect(url)
    with stdout_kept_clean(), quiet_engine():
        try:
            return asyncio.run(call())
        except CausewayError:
            raise
        except httpx.TransportError as error:
            raise _unreachable(url or "its own small server") from error
        except RuntimeError as error:
            if NOT_STARTED not in str(error):
                raise
            raise TransientError(
                f"Prefect's own small server did not start within {STARTS_WITHIN_S} s.",
                remedy="The machine is busy: try again, or set PREFECT_API_URL to a server that "
                "runs (causeway up starts one).",
            ) from error


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


@contextmanager
def quiet_engine() -> Iterator[None]:
    """Only what went wrong is logged, and a temporary server is started if none is set.

    Prefect read its settings as it was imported; the operator's own variables go before these.
    """
    from prefect.logging.configuration import setup_logging  # noqa: PLC0415 - takes seconds
    from prefect.logging.handlers import PrefectConsoleHandler  # noqa: PLC0415 - the same
    from prefect.settings import (  # noqa: PLC0415 - the same
        PREFECT_LOGGING_LEVEL,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS,
        temporary_settings,
    )

    from cli.prefect_sqlite import with_plugin  # noqa: PLC0415 - the same

    ours = {
        PREFECT_LOGGING_LEVEL: "WARNING",
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: True,
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS: STARTS_WITHIN_S,
    }
    unsaid = {setting: value for setting, value in ours.items() if setting.name not in os.environ}
    if not DATABASE_NAMES & os.environ.keys():
        database = PREFECT_SERVER_DATABASE_CONNECTION_URL
        unsaid[database] = with_plugin(database.value())
    printed, consoles = _PrintedByCommand(), logging.getLogger().handlers
    shown = [one for one in consoles if isinstance(one, PrefectConsoleHandler)]
    try:
        with temporary_settings(unsaid):
            setup_logging(incremental=True)
            for console in shown if PREFECT_LOGGING_LEVEL in unsaid else ():
                console.addFilter(printed)
            yield
    finally:
        for console in shown:
            console.removeFilter(printed)
        setup_logging(incremental=True)


class _PrintedByCommand(logging.Filter):
    """Keeps failures off the console that the command itself prints in a line or two."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        error = record.exc_info[1] if record.exc_info else None
        is_end = "Finished in state Failed" in record.getMessage()
        return not (is_end or isinstance(error, CausewayError))


def _unreachable(url: str) -> TransientError:
    return TransientError(
        f"Prefect at {url} does not answer.",
        remedy="Start it (causeway up starts one), correct PREFECT_API_URL, or unset it to run "
        "without one. Webhooks are accepted meanwhile; their keys wait in the inbox.",
    )
