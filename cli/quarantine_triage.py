"""What `causeway quarantine explain` says of one entry: class, cause, likeness, who gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from core.errors import ConfigError
from core.settings import Pair
from intelligence.error_texts import masked
from intelligence.errors import (
    UNKNOWN,
    Problem,
    Solved,
    Triage,
    classes,
    described,
    nearest,
    triage,
)
from intelligence.llm import Adviser, remote_provider
from store.database import Database
from store.quarantine import Entry, Quarantine
from store.statistics import Counts
from store.verdicts import Verdict, Verdicts
from tasks.reconciler.classification import confirmed_examples, verdict_columns
from tasks.reconciler.triage import FEATURE, problem_of, recognised

CLOSED = ("released", "resolved", "approved", "discarded")
MOST_SOLVED = 2000
"""Closed entries that are compared, the newest of each state."""
KEPT = ("class", "confidence", "reason", "retry", "fingerprint")
"""What of a verdict stands on its entry besides who gets it."""
ASKED = "questions to a language model"
"""Counted per day, for the budget."""


def explain(database: Database, pair: Pair, entry: Entry, now: datetime) -> dict[str, Any]:
    """The verdict on an entry, the nearest solved cases and the route, as a document.

    Raises: ConfigError where the settings switch it off.
    """
    if pair.intelligence.errors == "off":
        raise ConfigError(
            "The triage of errors is switched off.",
            remedy="Set CAUSEWAY_INTELLIGENCE__ERRORS to advise.",
        )
    problem = problem_of(entry.class_, entry.reason)
    confirmed = confirmed_examples(database, pair.name)
    by_fingerprint = {one.problem.fingerprint: one.class_ for one in confirmed}
    verdict = recognised(entry.class_, problem, by_fingerprint)
    if verdict.class_ == UNKNOWN:
        (verdict,) = triage([problem], confirmed=confirmed)
    if verdict.class_ == UNKNOWN:
        verdict = _advised(database, pair, problem, verdict, now)
    kept = verdict_columns(entry, verdict, now)
    similar = nearest(problem, solved_cases(database, pair.name, entry.id))
    return {
        "id": entry.id,
        "key": entry.key,
        **{name: kept["triage"][name] for name in KEPT},
        "cause": verdict.cause,
        "action": verdict.action,
        "queue": kept["queue"],
        "act_within_h": kept["act_within_h"],
        "solved": [
            {
                "id": one.case.id,
                "likeness": round(one.likeness, 3),
                "class": one.case.class_,
                "done": one.case.done,
            }
            for one in similar
        ],
    }


def keep(
    database: Database, entry: Entry, explained: Mapping[str, Any], *, actor: str, now: datetime
) -> bool:
    """Whether the verdict is kept on the entry: where it is open, and nothing recognised it yet."""
    if explained["class"] == UNKNOWN:
        return False
    triage = {**entry.triage, **{name: explained[name] for name in KEPT}}
    queue, within = explained["queue"], explained["act_within_h"]
    return Quarantine(database).classify(
        entry.id, triage, queue=queue, act_within_h=within, actor=actor, now=now
    )


def solved_cases(database: Database, pair: str, but: int) -> list[Solved]:
    """Closed entries and what was done about each, in words."""
    quarantine = Quarantine(database)
    solved = []
    for state in CLOSED:
        entries = quarantine.list(pair=pair, state=state)[-MOST_SOLVED:]
        for entry in entries:
            if entry.id == but:
                continue
            because = f": {entry.closed_reason}" if entry.closed_reason else ""
            remedy = f" after: {entry.remedy}" if state == "released" and entry.remedy else ""
            done = f"{state}{because}{remedy}"
            solved.append(
                Solved(entry.id, problem_of(entry.class_, entry.reason), entry.class_, done)
            )
    return solved


def confirm(  # noqa: PLR0913 - who decided what, and when
    database: Database, pair: str, entry: Entry, class_: str, *, actor: str, now: datetime
) -> None:
    """Keep a person's class of an entry: it decides about its equals from now on.

    Raises: ConfigError for a class that does not exist.
    """
    try:
        described(class_)
    except KeyError:
        raise ConfigError(
            f"There is no class {class_!r}.", remedy="See docs/triage.md for the classes."
        ) from None
    problem = problem_of(entry.class_, entry.reason)
    facts = {"message": masked(problem.message), **_origin(problem)}
    verdict = Verdict(FEATURE, entry.entity, problem.fingerprint, class_, actor, now, facts)
    Verdicts(database).add(pair, verdict)


def to_text(explained: dict[str, Any]) -> str:
    """The document for people."""
    retry = "may pass by itself, so releasing it is worth a try" if explained["retry"] else "no"
    lines = [
        f"{explained['class']} ({explained['confidence']:.0%}): {explained['reason']}.",
        f"Cause: {explained['cause']}.",
        f"Retry: {retry}.",
        f"What to do: {explained['action']}.",
        f"Who: {explained['queue']}, within {explained['act_within_h']:g} h.",
    ]
    solved: Sequence[dict[str, Any]] = explained["solved"]
    if explained["kept"]:
        lines.append("The case has this class and goes to them from now on.")
    lines.append("Solved cases like it:" if solved else "No solved case resembles it.")
    lines += [f"  {one['id']} ({one['likeness']:.0%}) {one['done']}" for one in solved]
    return "\n".join(lines)


def _advised(
    database: Database, pair: Pair, problem: Problem, verdict: Triage, now: datetime
) -> Triage:
    """The verdict of a language model, where the pair allows it; else the one there was."""
    chosen, counts = pair.intelligence, Counts(database)
    key = chosen.llm_api_key.get_secret_value() if chosen.llm_api_key else ""
    provider = remote_provider(chosen.llm_model, key)
    if provider is None or FEATURE not in chosen.llm_purposes:
        return verdict
    left = chosen.llm_calls_a_day - counts.of_day(pair.name, now.date()).get(ASKED, 0)
    adviser = Adviser(provider, frozenset(chosen.llm_purposes), left, today=now.date)
    if left > 0:
        counts.add(pair.name, now.date(), {ASKED: 1})
    opinion = adviser.choose(FEATURE, masked(problem.message), [*classes(), UNKNOWN], UNKNOWN)
    if opinion.is_local or opinion.choice == UNKNOWN:
        return verdict
    about = described(opinion.choice)
    return replace(
        verdict,
        class_=opinion.choice,
        cause=about["cause"],
        action=about["action"],
        reason=opinion.reason,
    )


def _origin(problem: Problem) -> dict[str, str]:
    kept = asdict(problem)
    return {"source": kept["source"], "status": kept["status"]}
