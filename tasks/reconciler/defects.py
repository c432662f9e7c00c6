"""Errors of our own code that nobody foresaw: the records that cause them are quarantined.

A batch that meets one is tried again half by half, in the same run, until a record fails by itself.
That one is quarantined with the place in the code; all others go through. Nothing is lost by trying
again: both sides are read anew, and what was written is found.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from core.defects import DefectError
from core.errors import CausewayError, FaultError, UnreadError
from core.refusals import EXPORT, Refusal, release_remedy
from store.inbox import Dead
from store.quarantine import Quarantine
from tasks.policy import of_no_record
from tasks.reconciler.cases import UNEXPECTED
from tasks.reconciler.connections import Connections
from tasks.reconciler.report import Report
from tasks.reconciler.run import Run, flow_run_id
from tasks.reconciler.settle import settle
from tasks.reconciler.triage import triage_all

Record = TypeVar("Record")
Result = TypeVar("Result")
log = logging.getLogger("causeway.tasks")

MOST_IN_A_ROW = 20
"""So many records that fail while none goes through: then it is not the records' fault."""


@contextmanager
def isolated(run: Run) -> Iterator[None]:
    """Work on the batch of a run; the record that an unforeseen error is due to is quarantined.

    One that cannot be read right now is tried again later. Both are found half by half.

    Raises: what is no record's fault, such as a CausewayError or Prefect's absence; DefectError
    where so many records meet one.
    """
    before = run.report.copy()
    try:
        yield
    except (UnreadError, FaultError) as error:
        run.is_searched |= isinstance(error, UnreadError)
        if not run.is_searched:
            raise
        _again(run, before)
        if len(run.batch.claims) > 1:
            run.halve()
        else:
            _give_back(run, error)
    except of_no_record():
        raise
    except Exception as error:  # noqa: BLE001 - its record waits for a person, all others go on
        found = error if isinstance(error, DefectError) else DefectError(error)
        if not run.batch or run.defects_in_a_row >= MOST_IN_A_ROW:
            raise found from None
        _again(run, before)
        if len(run.batch.claims) > 1:
            run.halve()
            return
        (key,) = run.batch.keys
        log.error("%s %s: %s", run.entity, key, found)  # noqa: TRY400 - its text may be personal
        run.defects_in_a_row += 1
        run.refusals = {key: [unexpected(found)]}
        _quarantine(run, key, unexpected(found))
    else:
        run.defects_in_a_row = 0


def _again(run: Run, before: Report) -> None:
    """Count of what a batch did before it failed nothing but its writes: it is tried again."""
    wrote = {what: count for what, count in run.report.counts.items() if "wrote: " in what}
    run.unsure.update(run.batch.keys)
    run.report = before
    run.report.counts |= Counter(wrote)


def _give_back(run: Run, error: CausewayError) -> None:
    """Let the records that cannot be read right now be tried again later."""
    run.refusals = {}
    run.postpone(dict.fromkeys(run.batch.keys, error.message))
    settle(run, [], [])


def _quarantine(run: Run, key: str, refusal: Refusal) -> None:
    """Let a record wait for a person, also where it is settling that fails for it."""
    try:
        settle(run, [], [])
    except of_no_record():
        raise
    except Exception as error:  # noqa: BLE001 - the same record's, at the last step
        log.error("%s %s: %s", run.entity, key, DefectError(error))  # noqa: TRY400 - the same
        if not run.dry_run:
            run.open_cases([(key, refusal)])
        run.settle([Dead(key, refusal.reason)])


def each(
    found: Iterable[tuple[str, Record]], work: Callable[[Record], Result]
) -> tuple[dict[str, Result], dict[str, Refusal]]:
    """What `work` makes of records by their keys, and why those wait that our own code fails for.

    Raises: what is no record's fault; DefectError where many in a row meet one.
    """
    results: dict[str, Result] = {}
    refused: dict[str, Refusal] = {}
    in_a_row = 0
    for key, record in found:
        try:
            results[key] = work(record)
        except of_no_record():
            raise
        except Exception as error:  # noqa: BLE001 - its record waits for a person, all others go on
            defect = error if isinstance(error, DefectError) else DefectError(error)
            in_a_row += 1
            if in_a_row > MOST_IN_A_ROW:
                raise defect from None
            log.error("%s: %s", key, defect)  # noqa: TRY400 - its text may be personal
            refused[key] = unexpected(defect)
        else:
            in_a_row = 0
    return results, refused


def divided(
    keys: Collection[str], work: Callable[[Sequence[str]], Result]
) -> tuple[Result, dict[str, Refusal]]:
    """What `work`, which writes nothing, makes of records together; without those it fails for.

    They are found half by half. Raises: as `each`.
    """
    refused: dict[str, Refusal] = {}
    left = list(keys)
    try:
        return work(left), refused
    except of_no_record():
        raise
    except Exception as error:  # noqa: BLE001 - the records that cause it are searched
        if not left:
            raise DefectError(error) from None
    parts = [left]
    while parts:
        part = parts.pop()
        if len(part) == 1:
            _, found = each([(part[0], part)], work)
            refused |= found
        elif not _works(part, work):
            middle = len(part) // 2
            parts += [part[middle:], part[:middle]]
        if len(refused) > MOST_IN_A_ROW:
            break
    return work([key for key in left if key not in refused]), refused


def _works(keys: Sequence[str], work: Callable[[Sequence[str]], Result]) -> bool:
    try:
        work(keys)
    except of_no_record():
        raise
    except Exception:  # noqa: BLE001 - searched half by half
        return False
    return True


def quarantine(connections: Connections, entity: str, refused: Mapping[str, Refusal]) -> None:
    """Keep why records wait that a sweep or an audit met."""
    Quarantine(connections.database).open(
        connections.pair.name,
        entity,
        triage_all(connections.database, connections.pair, entity, refused.items()),
        run_id=flow_run_id(),
        now=connections.clock(),
    )


def unexpected(error: DefectError) -> Refusal:
    """Why a record is quarantined. Pure."""
    action = f"Update Causeway, or report what `{EXPORT}` writes"
    return Refusal(
        UNEXPECTED,
        "",
        str(error),
        "Causeway's own code fails for this record",
        release_remedy(action, UNEXPECTED, value=str(error)),
        {"traceback": error.traceback},
    )
