"""The one way to the database: short write transactions, consistent reads.

SQLite in WAL mode by default, PostgreSQL through psycopg; nothing else knows which one it is
except where a statement has to.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from core.errors import ConfigError, TransientError
from core.settings import Settings
from store.encryption import Keyring, register
from store.sql import to_json

BUSY_TIMEOUT_S = 10.0
"""How long a transaction waits for another one before it gives up."""
_WAL_PAUSE_S = 0.02
CONNECTION: dict[str, Any] = {
    "application_name": "causeway",
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""PostgreSQL: a server that went away silently is noticed after a minute, not two hours."""
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


class Database:
    """One database by its URL; opened at the first use. Safe to share between threads.

    Raises: ConfigError for a URL that is neither `sqlite:///file` nor `postgresql://…`.
    """

    def __init__(
        self,
        url: str,
        keys: Sequence[SecretStr] = (),
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database or "").absolute() if self.is_sqlite else None
        self.where = str(self.path) if self.path else _shown(self.url)
        """For messages: never with a password."""
        self._busy_timeout_s = busy_timeout_s
        self._turn = threading.Lock()
        engine = self._sqlite() if self.is_sqlite else self._postgresql()
        file = self.path.with_name(f"{self.path.name}.key") if self.path else None
        self.keyring = Keyring(keys, file)
        register(engine.dialect, self.keyring)
        self._reads = engine
        self._writes = engine.execution_options(begin="BEGIN IMMEDIATE")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One short write transaction, durable when the block ends, undone when it raises.

        Raises: StoreUnavailableError.
        """
        # Threads of one process queue here: waiting in SQLite would be polling with pauses.
        if self.is_sqlite and not self._turn.acquire(timeout=self._busy_timeout_s):
            raise StoreUnavailableError(
                f"The database {self.where} cannot be used: another thread holds it for long.",
                remedy="It is tried again; if it stays so, restart the process.",
            )
        try:
            with store_errors(self.where), self._writes.begin() as connection:
                yield connection
        finally:
            if self.is_sqlite:
                self._turn.release()

    @contextmanager
    def write_one_of_many(self) -> Iterator[Connection]:
        """The same for one of a long row of transactions: others come in between.

        SQLite lets processes wait by polling, not in a queue. Whoever begins a
        transaction right after the last one ended keeps all others out, the receiver among them:
        so each is followed by a pause of the same length.

        Raises: StoreUnavailableError.
        """
        began = time.monotonic()
        with self.write() as connection:
            yield connection
        if self.is_sqlite:
            time.sleep(min(time.monotonic() - began, self._busy_timeout_s))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database (SQLite) or committed rows.

        Raises: StoreUnavailableError.
        """
        with store_errors(self.where), self._reads.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give every connection back; the next use opens new ones."""
        self._reads.dispose()

    def _postgresql(self) -> Engine:
        milliseconds = int(self._busy_timeout_s * 1000)
        of_url = self.url.query.get("options", "")
        own = f"-c lock_timeout={milliseconds} -c timezone=UTC"
        return create_engine(
            self.url,
            connect_args={**CONNECTION, "options": f"{own} {of_url}".rstrip()},
            pool_size=5,
            max_overflow=20,
            pool_timeout=self._busy_timeout_s,
            pool_pre_ping=True,
            hide_parameters=True,
            json_serializer=to_json,
        )

    def _sqlite(self) -> Engine:
        engine = create_engine(
            "sqlite://",
            creator=self._connect_sqlite,
            poolclass=QueuePool,
            pool_size=5,
            max_overflow=20,
            pool_timeout=self._busy_timeout_s,
            hide_parameters=True,
            json_serializer=to_json,
        )
        event.listen(engine, "connect", self._check_file)
        event.listen(engine, "checkout", self._check_file)
        event.listen(engine, "begin", _begin)
        return engine

    def _connect_sqlite(self) -> sqlite3.Connection:
        """A connection to the file, which must exist: a lost database is not silently replaced."""
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            timeout=self._busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _use_wal(connection, time.monotonic() + self._busy_timeout_s)
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _check_file(self, _connection: object, record: Any, *_proxy: object) -> None:  # noqa: ANN401 - SQLAlchemy's record
        """Refuse a connection whose file was removed or replaced: its writes would be lost.

        A new connection keeps which file it is of.
        """
        try:
            found = os.stat(str(self.path))  # noqa: PTH116 - on the way of every transaction
        except OSError:
            file = None
        else:
            file = found.st_dev, found.st_ino
        if record.info.setdefault("file", file) != file:
            raise DisconnectionError("the file of the database was removed or replaced")


class Repository:
    """What some tables of a database hold."""

    def __init__(self, database: Database) -> None:
        self._database = database


@lru_cache
def open_database(url: str, keys: tuple[SecretStr, ...] = ()) -> Database:
    """The database of this process under that URL, its tables created or brought up to date.

    In: the keys that are configured for what is encrypted in it.

    Raises: ConfigError for the URL, StoreUnavailableError.
    """
    from store.migrate import migrate  # noqa: PLC0415 - migrate needs Database

    database = Database(url, keys)
    migrate(database)
    return database


def database_of(settings: Settings) -> Database:
    """The database of this process that the settings name, with the keys they hold.

    Raises: as `open_database`.
    """
    return open_database(settings.database_url, settings.encryption_keys)


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


def _checked(url: str) -> URL:
    remedy = "Use sqlite:///path/to/file.db or postgresql://user:password@host/database."
    escaped = "Its user name or password holds @, : or / unescaped: write %40, %3A or %2F for it."
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError("CAUSEWAY_DATABASE_URL is not a database URL.", remedy=remedy) from error
    except ValueError:  # what follows a colon is taken for a port; the error would quote it
        raise ConfigError("CAUSEWAY_DATABASE_URL is not a database URL.", remedy=escaped) from None
    if "@" in f"{parsed.host or ''}{parsed.database if parsed.host else ''}":
        raise ConfigError("CAUSEWAY_DATABASE_URL holds a second @.", remedy=escaped)
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigError(
                f"CAUSEWAY_DATABASE_URL names {other}, which has to be a SQLite file or a "
                "PostgreSQL database.",
                remedy=remedy,
            )


def _shown(url: URL) -> str:
    """The URL without anything that may be secret; its query may hold a password as well."""
    return url.set(drivername="postgresql", query={}).render_as_string()


def _use_wal(connection: sqlite3.Connection, until: float) -> None:
    """Switch the file to WAL; the switch itself does not honour the busy timeout."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(_WAL_PAUSE_S)
        else:
            return


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
