"""`make install` as the pages describe it: interrupted, started again, with another Python.

The packages themselves are not installed: a stand-in takes the place of Python and notes what it
was asked for. What the locks hold is read from them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from waiting import WITHIN_S, eventually

ROOT = Path(__file__).parents[2]
NEEDED = (
    *("Makefile", "pyproject.toml", "requirements.in", "requirements.lock"),
    *("requirements-extras.lock", "requirements-dev.lock"),
)
PYTHON = """#!/bin/bash
# A stand-in for Python: notes what it was asked for, and does it as far as the Makefile needs it.
[ -n "$BROKEN" ] && exit 127
case "$1 $2" in
  "-c "*) exit 0 ;;
  --version*) echo "Python 3.99"; exit 0 ;;
esac
for word in "$@"; do case "$word" in venv|pip|compileall) step=$word ;; esac; done
case "$*" in *"-e ."*) step=ours ;; esac
case "$*" in "-m pip --version") step=check ;; esac
echo "$(basename "$0") $step" >> "$NOTES"
if [ "$step" = venv ]; then
  rm -f .venv/bin/python
  mkdir -p .venv/bin
  cp "$0" .venv/bin/python
elif [ ! -e .venv/pip ]; then
  echo "No module named pip" >&2
  exit 1
fi
if [ "$FAULT" = "$step" ]; then
  touch "$NOTES.fault"
  [ "$HOW" = hang ] && exec sleep 600
  [ "$HOW" = kill ] && kill -9 $PPID
  exit 1
fi
case "$step" in
  venv) touch .venv/pip ;;
  ours) printf '#!/bin/bash\\nexec .venv/bin/python -c version\\n' > .venv/bin/causeway
        chmod +x .venv/bin/causeway ;;
esac
"""


INTERRUPTIBLE = """
import os, signal, sys
for number in (signal.SIGHUP, signal.SIGINT):  # whatever started the tests may ignore them
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@dataclass
class Tree:
    """A clone with nothing but what `make install` reads, and the Pythons of its machine."""

    folder: Path

    @property
    def pythons(self) -> Path:
        return self.folder / "pythons"

    @property
    def stamp(self) -> Path:
        return self.folder / ".venv" / ".complete"

    def add_python(self, name: str, *, is_broken: bool = False) -> Path:
        file = self.pythons / name
        text = PYTHON.replace('[ -n "$BROKEN" ]', "true") if is_broken else PYTHON
        file.write_text(text, "utf-8")
        file.chmod(0o755)
        return file

    def start(self, *words: str, fault: str = "", how: str = "fail") -> subprocess.Popen[bytes]:
        """`make install` in a process group of its own."""
        with (self.folder / "printed.txt").open("wb") as printed:
            return subprocess.Popen(  # noqa: S603 - our own Makefile
                [sys.executable, "-c", INTERRUPTIBLE, "make", "install", *words],
                cwd=self.folder,
                env={
                    "PATH": f"{self.pythons}:/usr/bin:/bin",
                    "NOTES": str(self.folder / "notes"),
                    "FAULT": fault,
                    "HOW": how,
                },
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )

    def install(self, *words: str, fault: str = "", how: str = "fail") -> tuple[int, list[str]]:
        """How it ended, and what was asked of which Python."""
        notes = self.folder / "notes"
        notes.unlink(missing_ok=True)
        code = self.start(*words, fault=fault, how=how).wait(WITHIN_S)
        asked = notes.read_text("utf-8").splitlines() if notes.exists() else []
        return code, [one for one in asked if not one.endswith(" check")]

    @property
    def printed(self) -> str:
        return (self.folder / "printed.txt").read_text("utf-8")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    for name in NEEDED:
        shutil.copy(ROOT / name, tmp_path)
    made = Tree(tmp_path)
    made.pythons.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        made.add_python(name, is_broken=name != "python3.11")
    return made


WHOLE = ["python3.11 venv", "python pip", "python ours", "python compileall"]
"""What is asked of which Python, once each."""


def test_an_installation_is_complete_and_is_not_made_twice(tree: Tree) -> None:
    assert tree.install() == (0, WHOLE)
    assert "installed. Use it by: source .venv/bin/activate" in tree.printed
    assert tree.install() == (0, [])


@pytest.mark.parametrize("how", ["fail", "kill"])
@pytest.mark.parametrize("step", ["venv", "pip", "ours"])
def test_what_was_interrupted_at_any_step_is_completed_by_the_next(
    tree: Tree, step: str, how: str
) -> None:
    code, _ = tree.install(fault=step, how=how)
    assert code != 0
    assert not tree.stamp.exists()

    code, asked = tree.install()

    assert (code, asked[-3:]) == (0, WHOLE[1:]), tree.printed
    assert tree.stamp.exists()


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.long),
        pytest.param(signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_nothing_goes_on_when_it_is_interrupted_while_it_compiles(
    tree: Tree, number: signal.Signals
) -> None:
    started = tree.start(fault="compileall", how="hang")
    assert eventually((tree.folder / "notes.fault").exists)

    os.killpg(started.pid, number)
    assert started.wait(WITHIN_S) != 0

    assert eventually(lambda: is_over(started.pid))
    assert not tree.stamp.exists()
    assert tree.install() == (0, WHOLE[1:])


def is_over(group: int) -> bool:
    """Whether no process of a group runs any more."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("name", ["python3.12", "python3.13", "python3"])
def test_any_python_that_runs_and_is_new_enough_is_taken(tree: Tree, name: str) -> None:
    tree.add_python("python3.11", is_broken=True)
    tree.add_python(name)
    assert tree.install() == (0, [f"{name} venv", *WHOLE[1:]])


def test_the_python_that_is_named_goes_first(tree: Tree) -> None:
    other = tree.add_python("python3.99")
    assert tree.install(f"PYTHON={other}") == (0, ["python3.99 venv", *WHOLE[1:]])


def test_a_machine_without_such_a_python_is_named_with_what_to_do(tree: Tree) -> None:
    tree.add_python("python3.11", is_broken=True)
    assert tree.install() == (2, [])
    assert "Causeway needs Python 3.11 or newer" in tree.printed
    assert "make PYTHON=/path/to/python3.12" in tree.printed


def test_an_environment_whose_python_went_away_is_made_anew(tree: Tree) -> None:
    tree.install()
    own = tree.folder / ".venv" / "bin" / "python"
    own.unlink()
    own.symlink_to("/nowhere/python3.10")

    code, asked = tree.install()

    assert (code, asked) == (0, WHOLE), tree.printed


@pytest.mark.parametrize("name", NEEDED[1:])
def test_a_lock_file_of_a_new_version_is_installed_into_the_same_environment(
    tree: Tree, name: str
) -> None:
    tree.install()
    later = tree.stamp.stat().st_mtime + 10
    os.utime(tree.folder / name, (later, later))
    assert tree.install() == (0, WHOLE[1:])


def requirements(name: str) -> Iterator[Requirement]:
    """What a file of requirements asks for, with versions and markers."""
    for line in (ROOT / name).read_text("utf-8").splitlines():
        text = line.partition(" #")[0].removesuffix("\\").strip()
        if re.match(r"[A-Za-z]", text):
            yield Requirement(text)


def pinned(python: str, *names: str) -> dict[str, str]:
    """What lock files install with a Python, by name."""
    machine = {"python_version": python, "python_full_version": f"{python}.7"}
    found: dict[str, str] = {}
    for name in names:
        for one in requirements(name):
            if one.marker is None or one.marker.evaluate(machine):
                (only,) = one.specifier
                assert found.setdefault(canonicalize_name(one.name), only.version) == only.version
    return found


PYTHONS = pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])


def extras() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, list[str]] = project["optional-dependencies"]
    return found


@PYTHONS
def test_the_lock_holds_all_that_the_wheel_asks_for_with_every_python(python: str) -> None:
    locked = pinned(python, "requirements.lock")
    for one in requirements("requirements.in"):
        assert locked[canonicalize_name(one.name)] in one.specifier, one


@PYTHONS
@pytest.mark.parametrize("extra", sorted(extras()))
def test_the_lock_of_the_extras_holds_all_that_each_of_them_asks_for(
    python: str, extra: str
) -> None:
    locked = pinned(python, "requirements.lock", "requirements-extras.lock")
    for one in map(Requirement, extras()[extra]):
        assert locked[canonicalize_name(one.name)] in one.specifier, one


@PYTHONS
def test_the_locks_of_make_install_agree_about_every_version(python: str) -> None:
    names = ("requirements.lock", "requirements-extras.lock", "requirements-dev.lock")
    assert len(pinned(python, *names)) > len(pinned(python, names[0]))


def test_the_pages_install_a_wheel_as_the_makefile_installs_the_tree() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    commands = re.findall(r"bin/pip install (.*)", page)
    assert commands == [
        "--require-hashes --no-deps -r requirements.lock",
        "--no-deps causeway-*.whl",
    ]
    planned = (ROOT / "Makefile").read_text("utf-8")
    assert "--require-hashes" in planned
    # What an earlier build left would get into the wheel.
    assert planned.index("rm -rf build") < planned.index("pip wheel")
