"""Databases of SQLite with our tables, copied from one: making the tables takes longer than most
tests.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from store.database import open_database


def new_database(folder: Path) -> str:
    """The URL of a new file in that folder, with our tables and nothing in them."""
    file = folder / "causeway.db"
    shutil.copyfile(_made_once(), file)
    return f"sqlite:///{file}"


@cache
def _made_once() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="causeway-tests-"))
    atexit.register(shutil.rmtree, folder)
    file = folder / "causeway.db"
    open_database(f"sqlite:///{file}").close()
    return file
