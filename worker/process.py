"""What every process that executes runs does at its beginning and at its end."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

from prefect.events.worker import EventsWorker

SENDING_S = 2.0
"""How long an end waits for Prefect's queues of events and log lines, which nobody needs."""


def set_up_logging() -> None:
    """Lines of ours on stderr, beside Prefect's own; none for every HTTP request."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(message)s")
    logging.getLogger("causeway").setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)


def leave(status: int = 0) -> NoReturn:
    """End the process, however long Prefect's queues of events and log lines are.

    At exit Prefect sends them for as long as that takes: with its server away, for ever.
    """
    EventsWorker.drain_all(timeout=SENDING_S)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
