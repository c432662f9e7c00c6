"""A step of every mapping that fails where a test wants it, as no step should."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from world import PAIR, World

from cli.main import run
from flows.registry import ENTITIES
from mappings.bundle import SHIPPED
from mappings.rules import REGISTRY, Context, ValueStep, step
from store.quarantine import Entry, Quarantine
from tasks.reconciler.connections import connect, disconnect

FIELDS = {
    "orders": "ref",
    "refunds": "ref",
    "shipments": "tracking_number",
    "stock": "quantity",
    "customers": "first_name",
    "products": "name",
    "prices": "amount",
}
"""The field of each mapping that gets a step that may fail."""
SHOPPER = "ann.secret@example.com"


class Brittle(ValueStep):
    """Fails as no step should, for the values that are in the way."""

    takes: ClassVar[frozenset[Any]] = frozenset({"text", "count", "money"})
    gives: ClassVar[Any] = None
    breaks_on: ClassVar[set[str]] = set()

    def of(self, value: Any, _context: Context) -> Any:
        if str(value) in self.breaks_on or "*" in self.breaks_on:
            raise ZeroDivisionError(f"{SHOPPER} has {value}")
        return value


@pytest.fixture
def brittle(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The values on which a step fails that the mapping of each entity uses."""
    step("brittle")(Brittle)
    copy = tmp_path / "mappings"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for file, column in FIELDS.items():
        mapping = copy / f"{file}.yaml"
        document = yaml.safe_load(mapping.read_text(encoding="utf-8"))
        (field,) = [one for one in document["fields"] if one["to"] == column]
        field["steps"] = [*field.get("steps", ()), "brittle"]
        mapping.write_text(yaml.safe_dump(document), encoding="utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))
    disconnect()
    yield Brittle.breaks_on
    Brittle.breaks_on.clear()
    REGISTRY.pop("brittle")


def sync(world: World, entity: str, *keys: str, **options: Any) -> dict[str, Any]:
    world.due(*keys, entity=entity)
    return asyncio.run(ENTITIES[entity].sync.fn(PAIR, **options))


def waiting(entity: str) -> list[Entry]:
    return Quarantine(connect(PAIR).database).list(pair=PAIR, entity=entity)


def follow(remedy: str) -> None:
    """Run the command that a remedy ends with."""
    command = shlex.split(remedy[remedy.index("causeway quarantine release") :])
    assert run(command[1:]) == 0
