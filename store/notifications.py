"""How a worker learns of new keys without asking the inbox all the time."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from store.database import CONNECTION, Database, StoreUnavailableError, store_errors
from store.transitions import CHANNEL

if TYPE_CHECKING:
    import psycopg


class InboxListener:
    """Notices that the inbox may have changed.

    On PostgreSQL by LISTEN; on SQLite by `PRAGMA data_version`, which costs microseconds and
    changes with every commit of another connection.
    """

    def __init__(self, database: Database, *, poll_interval_s: float = 0.1) -> None:
        self._database = database
        self._poll_interval_s = poll_interval_s
        self._polling: ExitStack | None = None
        self._connection: Connection | None = None
        self._seen: int | None = None
        self._listening: psycopg.Connection | None = None

    def wait(self, timeout_s: float, stop: threading.Event | None = None) -> bool:
        """Block until something may have changed, time is up, or `stop` is set.

        Raises: StoreUnavailableError.
        """
        if self._database.is_sqlite:
            return self._poll(timeout_s, stop or threading.Event())
        return self._listen(timeout_s, stop or threading.Event())

    def close(self) -> None:
        """Give the connection back."""
        if self._polling is not None:
            self._polling.close()
            self._polling = self._connection = None
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def _poll(self, timeout_s: float, stop: threading.Event) -> bool:
        until = time.monotonic() + timeout_s
        while not stop.is_set():
            version = self._data_version()
            first, changed = self._seen is None, version != self._seen
            self._seen = version
            if changed and not first:
                return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            stop.wait(min(self._poll_interval_s, left))
        return False

    def _data_version(self) -> int:
        """A number that another connection's commit changes, read on a connection of our own."""
        if self._polling is None:
            self._polling = ExitStack()
            self._connection = self._polling.enter_context(self._database.read())
        if self._connection is None:
            return 0
        with store_errors(self._database.where):
            number = self._connection.exec_driver_sql("PRAGMA data_version").scalar_one()
            self._connection.rollback()
        return int(number)

    def _listen(self, timeout_s: float, stop: threading.Event) -> bool:
        import psycopg  # noqa: PLC0415 - ten megabytes that a worker on SQLite does not need

        try:
            if self._listening is None or self._listening.closed:
                self._listening = psycopg.connect(self._dsn(), autocommit=True, **CONNECTION)
                self._listening.execute(f"LISTEN {CHANNEL}")
                return True
            until = time.monotonic() + timeout_s
            while not stop.is_set() and (left := until - time.monotonic()) > 0:
                for _ in self._listening.notifies(timeout=min(left, 0.5), stop_after=1):
                    return True
        except psycopg.Error as error:
            self.close()
            raise StoreUnavailableError(
                f"The database {self._database.where} cannot be listened to "
                f"({type(error).__name__}).",
                remedy="Check CAUSEWAY_DATABASE_URL and that the database is reachable.",
            ) from error
        return False

    def _dsn(self) -> str:
        url = self._database.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)
