"""The end of a chaos run: faults stop, and what the schedules run is run until nothing changes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from core.errors import TransientError
from demo.controls import SYSTEMS
from demo.installation import BUSY, IDLE_POLLS, PAIR, POLL_S, Installation
from flows.registry import ENTITIES
from store.inbox import Inbox
from worker.deployments import read_prefect_file
from worker.execution import load_flow

PASSES = 6
"""So many passes over everything must bring quiet."""
IDLE_WITHIN_S = 1500.0
"""Longer than what failed five times in the storm sleeps."""
RUN_WITHIN_S = 400.0
TRIES, AGAIN_S = 10, 5.0
"""A deployment whose slot another run holds is asked again."""
VISIBLE_WITHIN_S = 60
"""Adjustments of stock are looked up after half a minute."""
LAST = ("audit",)
FIRST = ("sweep", "recheck", "reconcile")


@dataclass(frozen=True)
class Ending:
    """What it took."""

    passes: int
    is_quiet: bool
    """Whether the last pass wrote nothing."""
    seconds: float


def scheduled(*verbs: str) -> list[str]:
    """Deployments of the registry's flows that a schedule runs, such as `sweep-orders/…`."""
    names = {
        flow.name
        for one in ENTITIES.values()
        for flow in (one.sweep, one.audit, *one.others)
        if flow.name.partition("-")[0] in verbs
    }
    return [
        f"{flow}/{deployment.name}"
        for deployment in read_prefect_file().deployments
        if (flow := load_flow(deployment.entrypoint).name) in names
    ]


def come_to_rest(installation: Installation) -> Ending:
    """Sweep, compare and audit until a whole pass writes nothing.

    Raises: CausewayError when work does not end.
    """
    began = time.monotonic()
    installation.prefect.pause_schedules()
    _wait_settled(installation)
    for passed in range(1, PASSES + 1):
        installation.controls.reset_requests()
        for verbs in (FIRST, LAST):
            _run_all(installation, scheduled(*verbs))
        _wait_settled(installation)
        _wait_for_stock(installation)
        writes = sum(installation.controls.counted(system).writes for system in SYSTEMS)
        installation.progress.step(f"pass {passed} over everything: {writes} writes")
        if not writes:
            return Ending(passed, is_quiet=True, seconds=time.monotonic() - began)
    return Ending(PASSES, is_quiet=False, seconds=time.monotonic() - began)


def left_over(installation: Installation, keys: Sequence[str]) -> list[str]:
    """Keys of any entity that are still due or claimed once what woke by the clock is settled.

    Raises: TransientError when work does not end.
    """
    _wait_settled(installation)
    inbox = Inbox(installation.database)
    return [
        f"{key}: the key of {entity} is left {state}"
        for entity in ENTITIES
        for key, state in inbox.states(PAIR, entity, keys).items()
        if state in {"due", "claimed"}
    ]


def _run_all(installation: Installation, deployments: Sequence[str]) -> None:
    """Press the Run button of each, as at an hour at which all of them are scheduled."""
    with ThreadPoolExecutor(len(deployments), thread_name_prefix="run") as threads:
        for ended in [threads.submit(_run, installation, one) for one in deployments]:
            ended.result()


def _run(installation: Installation, deployment: str) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            installation.run(deployment, RUN_WITHIN_S)
        except TransientError as error:
            installation.progress.step(f"{deployment}: {error}")
            if attempt == TRIES:
                raise
            installation.pause(AGAIN_S)
        else:
            return


def _wait_for_stock(installation: Installation) -> None:
    inbox = Inbox(installation.database)
    for _ in range(VISIBLE_WITHIN_S):
        if not inbox.reasons(PAIR, "stock", "parked"):
            break
        installation.pause(1)
    _wait_settled(installation)


def _wait_settled(installation: Installation) -> None:
    """Until no key is due or worked on; webhooks that their sender holds back are not waited for.

    A store that could not deliver for a while waits for minutes before it tries again: sweeps are
    what finds that.

    Raises: TransientError when time is up.
    """
    until = time.monotonic() + IDLE_WITHIN_S
    idle = 0
    while idle < IDLE_POLLS:
        installation.check()
        counts = installation.counts()
        idle = 0 if any(counts[state] for state in BUSY) else idle + 1
        if time.monotonic() > until:
            raise TransientError(
                f"There is still work after {IDLE_WITHIN_S:.0f} s: {installation.counts_text()}.",
                remedy=f"See the logs under {installation.services.folder / 'log'}.",
            )
        time.sleep(POLL_S)
