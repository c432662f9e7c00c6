"""The pages agree with each other and with the code: links, tables, names, versions."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.settings import Pair, Settings
from core.settings_sources import PREFIX, Section

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "mappings" / "README.md",
    ROOT / "docker" / "README.md",
]
OWN = {f"{PREFIX}CONFIG", f"{PREFIX}PAIR", f"{PREFIX}SHARED"}
"""Variables that are no setting: where settings are, whom they describe, and test data."""
IN_DOCKER = {f"{PREFIX}IMAGE"}
"""Variables of the compose files."""

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def names_of(model: type[BaseModel], prefix: str = PREFIX) -> set[str]:
    """Every variable of a group of settings, old names included."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found |= names_of(inner, f"{prefix}{name.upper()}__")
        else:
            found.add(f"{prefix}{name.upper()}")
    if issubclass(model, Section):
        found |= {f"{prefix}{old.upper()}" for old in model.renamed}
    return found


@pages
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pages
def test_every_row_of_a_table_has_the_cells_of_its_head(page: Path) -> None:
    for block in re.split(r"\n\s*\n", page.read_text("utf-8")):
        rows = [line.strip() for line in block.splitlines() if line.strip().startswith("|")]
        if not rows:
            continue
        assert len(rows) > 1, f"a row by itself: {rows[0]}"
        assert re.fullmatch(r"[|\s:-]+", rows[1]), f"a table without a head: {rows[0]}"
        cells = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
        assert set(cells) == {cells[0]}, rows[cells.index(max(cells))]


@pages
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_0-9]+\.(?:py|yaml|csv|sh))`", page.read_text("utf-8"))
    if page.name == "CHANGELOG.md":
        named = []
    places = (ROOT, ROOT / "tasks")
    assert [name for name in named if not any((one / name).exists() for one in places)] == []


@pages
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = names_of(Settings) | names_of(Pair) | OWN | IN_DOCKER
    named = re.findall(rf"\b{PREFIX}[A-Z_]+[A-Z]\b", page.read_text("utf-8"))
    assert [one for one in named if not any(name.startswith(one) for name in known)] == []


def test_every_setting_is_described() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    names = names_of(Settings) | names_of(Pair)
    ours = {f"{PREFIX}NAME", f"{PREFIX}PAIRS", f"{PREFIX}DEFAULT_PAIR"}
    assert {name for name in names - ours if name.rpartition("__")[2] not in text} == set()


def test_the_changelog_begins_with_this_version_or_the_next() -> None:
    versions = re.findall(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] in versions[:2]
    assert versions == sorted(versions, reverse=True)


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8")
    for record in sorted(DECISIONS.glob("0*.md")):
        number, _, title = (
            record.read_text("utf-8").splitlines()[0].removeprefix("# ").partition(". ")
        )
        assert record.name.startswith(f"{int(number):04}-")
        assert f"| [{number}]({record.name}) | {title} |" in index
