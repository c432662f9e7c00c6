"""What can go wrong with the database, said without parameters, passwords or personal data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import TransientError

_REMEDIES = (
    (
        ("no such table", "no such column", "undefinedtable", "undefinedcolumn"),
        "Its tables are missing or old: run causeway db upgrade.",
    ),
    (
        ("locked", "busy", "locknotavailable", "deadlockdetected", "querycanceled"),
        "Something holds it for long; it is tried again. If it stays so, check for a second "
        "installation or a backup on the same database.",
    ),
    (("full", "diskfull"), "Free some space on its disk."),
    (
        ("readonlysqltransaction", "insufficientprivilege"),
        "Its user may not write there: grant it the database, and name the primary server.",
    ),
    (("readonly",), "Give the user of this process the right to write to the file and its folder."),
    (("not a database", "malformed"), "The file is damaged: restore it from a backup."),
)
_REACH = "Check CAUSEWAY_DATABASE_URL and that the database exists and is reachable."


class StoreUnavailableError(TransientError):
    """The database is locked, gone, full or not set up: nothing was written."""


@contextmanager
def store_errors(where: str) -> Iterator[None]:
    """Turn the driver's errors into StoreUnavailableError.

    Raises: StoreUnavailableError; errors of our own statements (a broken constraint) go through.
    """
    try:
        yield
    except IntegrityError:
        raise
    except PoolTimeoutError as error:
        raise StoreUnavailableError(
            f"Every connection to the database {where} is in use.",
            remedy="It is tried again; if it stays so, restart the process.",
        ) from error
    except DBAPIError as error:
        problem = _problem(error)
        raise StoreUnavailableError(
            f"The database {where} cannot be used: {problem}.", remedy=_remedy(error, problem)
        ) from error
    except OSError as error:
        raise StoreUnavailableError(
            f"The database {where} cannot be used: {error.strerror}.", remedy=_REACH
        ) from error


def _problem(error: DBAPIError) -> str:
    """The driver's first line; details, which may quote values, stay out."""
    message = getattr(getattr(error.orig, "diag", None), "message_primary", None) or str(error.orig)
    return message.strip().splitlines()[0].rstrip(".") if message.strip() else "no reason given"


def _remedy(error: DBAPIError, problem: str) -> str:
    message = f"{problem} {type(error.orig).__name__}".lower()
    for signs, remedy in _REMEDIES:
        if any(sign in message for sign in signs):
            return remedy
    return _REACH
