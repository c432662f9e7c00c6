"""A run of the reconciler over a real database and two clients that only remember what was sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from databases import new_database

from connectors.brightpearl.messages import Message
from connectors.budget import Priority, Usage
from core.errors import CausewayError
from core.settings import Pair, Settings
from store.database import open_database
from tasks.reconciler.connections import Connections
from tasks.reconciler.registry import Entity
from tasks.reconciler.run import Run

PAIR = "default"
WIDGETS = Entity(
    name="widgets",
    priority=Priority.ORDERS,
    suites="new_entity",
    sources=[],
    changed=lambda _connections, _since, _until: [],
    created=lambda _connections, _since, _until: [],
    audit=lambda _pair, _days: {},
)


@dataclass
class Clock:
    """Moves only when a test advances it."""

    now: datetime = datetime(2026, 3, 10, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Client:
    """What both fake clients have in common."""

    def at(self, _priority: Priority) -> Any:
        return self

    def usage(self) -> Usage:
        return Usage()

    def pauses(self) -> list[Any]:
        return []


@dataclass
class Account(Client):
    """Takes messages as Brightpearl's client does."""

    requests: list[list[str]] = field(default_factory=list)
    """Labels of the messages of each request."""
    answers: dict[str, Any] = field(default_factory=dict)
    """By label: an error, or what is answered in place of the label itself."""
    failures: list[CausewayError] = field(default_factory=list)
    """What the next requests end with, as a whole."""
    on_request: Callable[[], None] = lambda: None

    def send(self, messages: Sequence[Message]) -> Mapping[str, Any]:
        labels = [message.label for message in messages]
        self.requests.append(labels)
        self.on_request()
        if self.failures:
            raise self.failures.pop(0)
        return {label: self.answers.get(label, label) for label in labels}


@dataclass
class Store(Client):
    """Takes writes as BigCommerce's client does."""

    requests: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    """By what is written: an error, or what is answered in place of it."""

    def put(self, name: str) -> Any:
        self.requests.append(name)
        answer = self.answers.get(name, name)
        if isinstance(answer, CausewayError):
            raise answer
        return answer


@dataclass
class Reconciler:
    """The pair that runs are made for."""

    connections: Connections
    clock: Clock
    account: Account
    store: Store

    def run(self, *, dry_run: bool = False) -> Run:
        return Run(WIDGETS, PAIR, dry_run=dry_run, connections=self.connections)

    def claimed(self, *keys: str) -> Run:
        """A run that has just claimed these keys."""
        run = self.run()
        run.inbox.put(PAIR, WIDGETS.name, keys, source="operator", now=self.clock())
        assert sorted(run.claim().keys) == sorted(keys)
        return run

    def states(self, *keys: str) -> list[str]:
        found = self.run().inbox.states(PAIR, WIDGETS.name, keys)
        return [found[key] for key in keys]


@contextmanager
def reconciler(folder: Path) -> Iterator[Reconciler]:
    """A pair with an empty database of its own."""
    pair = Pair.model_validate(
        {
            "bigcommerce": {"store_hash": "s", "access_token": "t", "client_secret": "c"},
            "brightpearl": {
                "api_url": "http://127.0.0.1:1",
                "account": "a",
                "app_ref": "r",
                "account_token": "t",
            },
        }
    )
    clock, account, store = Clock(), Account(), Store()
    database = open_database(new_database(folder))
    clients: dict[str, Any] = {"bigcommerce": store, "brightpearl": account}
    connections = Connections(
        settings=Settings(pairs={PAIR: pair}), pair=pair, database=database, clock=clock, **clients
    )
    yield Reconciler(connections, clock, account, store)
    database.close()
