"""Records that wait, and what a person does who follows the words of a remedy to the letter."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from world import PAIR, World

from cli.main import run
from core.times import utc_now
from flows.registry import ENTITIES
from mappings.bundle import load_bundle
from store.quarantine import Entry, Quarantine
from store.versions import Versions
from tasks.reconciler.connections import connect, disconnect

IN_ONE_STEP = re.compile(r"In one step: causeway (mappings add .*?'<[^>]*>')")
COMMAND = re.compile(
    r"causeway (quarantine release(?: --apply)?(?: --\w+ (?:'[^']*'|[^\s.;]+(?:\.[^\s.;]+)*))*)"
)

THEN = re.compile(r"then: causeway (.+?)(?=, then: causeway |\. |\.?$)")
"""Each command that a remedy names after what a person does, in the order of its words."""


def waiting(entity: str = "orders") -> list[Entry]:
    return Quarantine(connect(PAIR).database).list(pair=PAIR, entity=entity)


def sync(world: World, entity: str, *keys: str) -> None:
    world.due(*keys, entity=entity)
    asyncio.run(ENTITIES[entity].sync.fn(PAIR))


def carry_out(command: str) -> None:
    """Run the command that a remedy names, as a person copies it, while the worker goes on."""
    assert run(shlex.split(command)) == 0


def in_force(folder: Path) -> None:
    """Publish the files of a folder, right or wrong, as those of an earlier day."""
    files = load_bundle(folder).files
    Versions(connect(PAIR).database).publish(PAIR, files=files, author="", note="", now=utc_now())
    disconnect()


def write_row(table: str, value: str, becomes: str) -> None:
    """Write a row into a table of the installation's own files, in place of the value's old one."""
    remove_row(table, value)
    with _file(table).open("a", encoding="utf-8", newline="") as text:
        csv.writer(text).writerow([value, becomes, ""])


def remove_row(table: str, value: str) -> None:
    """Leave no row for a value in a table of the installation's own files."""
    with _file(table).open(encoding="utf-8", newline="") as text:
        rows = [row for row in csv.reader(text) if row[0] != value]
    with _file(table).open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows(rows)


def rewrite(name: str, old: str, new: str) -> None:
    """Write another text into a mapping of the installation's own files."""
    file = Path(os.environ["CAUSEWAY_MAPPINGS_PATH"]) / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def _file(table: str) -> Path:
    return Path(os.environ["CAUSEWAY_MAPPINGS_PATH"]) / "tables" / f"{table}.csv"


@dataclass
class Story:
    """Records that wait, and what a person does in either system before the remedy's command."""

    entity: str
    keys: Sequence[str]
    class_: str
    field: str = ""
    do: Callable[[], object] = lambda: None
    settled: str = "done"
    table: str = ""
    """What a row is to become that the remedy asks for."""
    leaves: Sequence[str] = ()
    """Cases about something else that the same change calls for."""
    applies: bool = True
    """Whether what is proposed, if anything is, is what the person wants."""


def follow_case(case: Entry, *, applies: bool = True) -> None:
    """Run the command of the remedy that carries a proposal out, or releases the record."""
    commands = [one.strip() for one in COMMAND.findall(case.remedy)]
    wanted = [one for one in commands if ("--apply" in one) == applies]
    carry_out((wanted or commands)[-1])


def follow(world: World, story: Story) -> None:
    """Let the records be refused, do what the remedy says, and see them go through once."""
    sync(world, story.entity, *story.keys)
    (case,) = waiting(story.entity)
    assert case.class_ == story.class_, case
    assert not story.field or case.field == story.field

    story.do()
    if story.table:
        (command,) = IN_ONE_STEP.findall(case.remedy)
        carry_out(re.sub(r"'<[^>]*>'", story.table, command))
    elif "the next comparison closes this case" in case.remedy:
        world.due(case.key, entity=story.entity)
    else:
        follow_case(case, applies=story.applies)
    sync(world, story.entity)

    left = waiting(story.entity)
    assert [one.field or one.reason for one in left] == list(story.leaves), left
    settled = "dead" if story.leaves else story.settled
    assert set(world.states(case.key, entity=story.entity)) == {settled}
    world.forget_requests()
    sync(world, story.entity, case.key)
    assert world.writes() == 0
