"""Who runs in a folder: one `causeway up` or `causeway sandbox serve` at a time.

What it started counts as long as it runs.
The lock is the operating system's: it ends with the last process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.processes import Lock, ProcessError
from core.errors import ConfigError

FILE = "up.lock"
UP = "causeway up"


@contextmanager
def locked(folder: Path, command: str = UP) -> Iterator[Lock]:
    """Hold a folder's lock, as `command`.

    Raises: ProcessError naming the holder, or what a killed one has left behind; ConfigError when
    the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigError(
            f"{folder.absolute()} cannot be written to: {error.strerror}.",
            remedy="Start it in a folder that this user may write to.",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(folder, os.pread(descriptor, 10_000, 0)) from None
        lock = Lock(descriptor)
        lock.keep(pid=os.getpid(), command=command)
        try:
            yield lock
        finally:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def prefect_of(folder: Path) -> str | None:
    """The URL of the Prefect server of the `causeway up` that runs in a folder, if one does."""
    try:
        holder = _holder((folder / FILE).read_bytes())
    except OSError:
        return None
    return holder.get("prefect") if is_alive(holder.get("pid", 0)) else None


def _holder(text: bytes) -> dict[str, Any]:
    try:
        holder: dict[str, Any] = json.loads(text)
    except ValueError:  # nobody holds it, or it is just being written
        return {}
    return holder


def _taken(folder: Path, text: bytes) -> ProcessError:
    holder = _holder(text)
    pid, children = holder.get("pid", 0), holder.get("children", {})
    command = holder.get("command", UP)
    if not pid or is_alive(pid):
        who = f"process {pid}" if pid else "another process"
        return ProcessError(
            f"`{command}` runs in {folder.absolute()} already: {who}.",
            remedy=f"Use that one, or stop it: kill {pid or 'PID'}",
        )
    left = {name: one for name, one in children.items() if is_alive(one)}
    named = ", ".join(f"{name} {one}" for name, one in left.items())
    return ProcessError(
        f"An earlier `{command}` in {folder.absolute()} was killed, and what it started still "
        f"runs: {named}.",
        remedy=f"Stop that first: kill {' '.join(map(str, left.values()))}",
    )


def is_alive(pid: int) -> bool:
    """Whether a process of that id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
