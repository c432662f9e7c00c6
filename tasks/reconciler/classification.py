"""The trained classifier's verdict on open cases that nothing recognised when they were opened.

It needs scikit-learn and a sentence model, a few hundred megabytes that a worker would never give
back. So it runs in a subprocess, which is started only while there are such cases, and ends.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.errors import CausewayError
from core.settings import load_settings
from core.times import utc_now
from intelligence.errors import UNKNOWN, Example, Problem, Triage, route, triage
from store.database import Database, database_of
from store.quarantine import OURSELVES, Entry, Quarantine
from store.verdicts import Verdicts
from tasks.policy import PURE, step
from tasks.reconciler.connections import connect
from tasks.reconciler.triage import FEATURE, HOUR, VALUE, kinds_of, problem_of

log = logging.getLogger("causeway.triage")

LONGEST_S = 120
"""The subprocess ends after so long; what it has classified by then is kept."""
NICE = 10
"""How much it yields to whatever else wants to compute."""


@step("classify-cases", PURE)
def classify_cases(pair: str) -> str:
    """Let a subprocess classify the open cases that are `unknown`, if there are any; what it says.

    One that fails or takes too long leaves them as they are: they are tried again the next time.

    Raises: ConfigError, StoreUnavailableError.
    """
    connections = connect(pair)
    if connections.pair.intelligence.errors == "off":
        return "Switched off in the settings."
    confirmed = len(Verdicts(connections.database).newest(pair, FEATURE))
    waiting = Quarantine(connections.database).unrecognised(pair, confirmed=confirmed)
    if next(waiting, None) is None:
        return "No open case waits for the classifier."
    ended = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "tasks.reconciler.classification", pair],
        capture_output=True,
        check=False,
        text=True,
    )
    if ended.returncode == 0:
        says = ended.stdout.strip()
        log.info("%s", says)
        return says
    because = f"ended with {ended.returncode}"
    if ended.returncode == -signal.SIGALRM:
        because = f"took longer than {LONGEST_S} s"
    says = (
        f"The classifier {because}: cases stay unknown until the next hour, or until causeway "
        "quarantine explain ID."
    )
    log.warning("%s %s", says, ended.stderr.strip()[-500:])
    return says


def classify_unknown(database: Database, pair: str, now: datetime) -> str:
    """Compare every open case that is `unknown` with what is known, and keep each verdict.

    Those that resemble nothing stay `unknown`, and are compared again once people have confirmed
    further classes.
    """
    quarantine = Quarantine(database)
    confirmed = confirmed_examples(database, pair)
    named = compared = 0
    for page in quarantine.unrecognised(pair, confirmed=len(confirmed)):
        problems = [problem_of(entry.class_, entry.reason) for entry in page]
        for entry, verdict in zip(page, triage(problems, confirmed=confirmed), strict=True):
            kept = verdict_columns(entry, verdict, now) | {"actor": OURSELVES, "now": now}
            kept["triage"]["confirmed"] = len(confirmed)
            quarantine.classify(entry.id, **kept)
            named += verdict.class_ != UNKNOWN
        compared += len(page)
    return f"{named} of {compared} unknown cases have a class now."


def verdict_columns(entry: Entry, verdict: Triage, now: datetime) -> dict[str, Any]:
    """What stands on an entry of a verdict: `triage`, `queue` and `act_within_h`. Pure."""
    value = float(entry.triage.get(VALUE, 0))
    kinds = kinds_of(entry.class_, entry.field, entry.entity, verdict.class_)
    age_h = (now - entry.opened_at) / HOUR
    to = route(*kinds, confidence=verdict.confidence, value=value, age_h=age_h)
    found: Mapping[str, Any] = {
        "class": verdict.class_,
        "confidence": round(verdict.confidence, 3),
        "reason": verdict.reason,
        "retry": verdict.retry,
        "fingerprint": problem_of(entry.class_, entry.reason).fingerprint,
    }
    return {
        "triage": {**entry.triage, **found},
        "queue": to.queue,
        "act_within_h": to.act_within_h,
    }


def confirmed_examples(database: Database, pair: str) -> list[Example]:
    """Errors whose class a person of this installation named."""
    return [
        Example(
            Problem(one.facts["message"], one.facts["source"], one.facts["status"]), one.verdict
        )
        for one in Verdicts(database).newest(pair, FEATURE)
    ]


def main() -> None:
    """Classify the cases of the pair that is the only argument, and print what became of it."""
    signal.alarm(LONGEST_S)
    os.nice(NICE)
    pair = sys.argv[1]
    try:
        print(classify_unknown(database_of(load_settings()), pair, utc_now()))  # noqa: T201 - read
    except CausewayError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
