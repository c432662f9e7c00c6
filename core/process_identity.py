"""Which process holds something, in a text that any other process of the machine can judge.

A process id alone is given to another process sooner or later. Host, boot, process namespace and
the moment of the start make it one process for ever. Where it cannot be known whether a process has
ended, such as one of another machine, it counts as alive: its leases expire by themselves.
"""

from __future__ import annotations

import os
import re
import socket
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROC = Path("/proc")
SEPARATOR = "~"
BEFORE_NAME = ":"
"""Stands between the identity of a process and what it calls itself."""
PARTS = 5
CONTAINER = re.compile(r"containers/([0-9a-f]{64})/")
"""Where a container finds its own id: the place of its /etc/hostname. A container that is restarted
has the same id and another process namespace."""
STARTED_FIELD = 20
"""Of /proc/PID/stat behind the command's name: ticks since the boot."""


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one machine."""

    host: str
    """The container's id where there is one, else the machine's name."""
    boot: str
    """"" where the system does not say."""
    namespace: str
    pid: int
    started: str

    def __str__(self) -> str:
        """Give it as one text, which `parse_identity` reads."""
        parts = (self.host, self.boot, self.namespace, str(self.pid), self.started)
        return SEPARATOR.join(parts)


def this_process() -> ProcessIdentity:
    """The identity of the process that asks."""
    return identity_of(os.getpid())


def identity_of(pid: int) -> ProcessIdentity:
    """The identity of a process that runs in the same process namespace."""
    return ProcessIdentity(_host(), _boot(), _namespace(), pid, _started(pid))


def parse_identity(owner: str) -> ProcessIdentity | None:
    """Whose an owner's name is; None where it does not say."""
    parts = owner.partition(BEFORE_NAME)[0].split(SEPARATOR)
    if len(parts) != PARTS or not parts[3].isdecimal():
        return None
    host, boot, namespace, pid, started = parts
    return ProcessIdentity(host, boot, namespace, int(pid), started)


def owned_by(identity: ProcessIdentity, name: str) -> str:
    """The name of an owner within a process."""
    return f"{identity}{BEFORE_NAME}{name}"


def new_name(kind: str) -> str:
    """A name within a process that nothing else has."""
    return f"{kind}-{uuid.uuid4().hex[:12]}"


def is_gone(identity: ProcessIdentity) -> bool:
    """Whether this process is known to have ended. Of other machines nothing is known."""
    if (identity.host, identity.boot) != (_host(), _boot()):
        return False
    if identity.namespace != _namespace():
        return _container() == identity.host  # the same container, started again
    try:
        os.kill(identity.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's, so it runs
    return _started(identity.pid) != identity.started or _is_zombie(identity.pid)


@lru_cache(maxsize=1)
def _host() -> str:
    name = _container() or socket.gethostname()
    return name.replace(SEPARATOR, "-").replace(BEFORE_NAME, "-")


@lru_cache(maxsize=1)
def _container() -> str:
    found = CONTAINER.search(_text(PROC / "self" / "mountinfo"))
    return found[1][:12] if found else ""


@lru_cache(maxsize=1)
def _boot() -> str:
    return _text(PROC / "sys/kernel/random/boot_id").strip()[:8]


@lru_cache(maxsize=1)
def _namespace() -> str:
    try:
        return "".join(filter(str.isdigit, os.readlink(PROC / "self/ns/pid")))  # noqa: PTH115
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When the process started; "" for none, or where the system does not say."""
    fields = _stat(pid)
    return fields[STARTED_FIELD - 1] if len(fields) >= STARTED_FIELD else ""


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and nobody has asked how yet."""
    return _stat(pid)[:1] == ["Z"]


def _stat(pid: int) -> list[str]:
    """Fields behind the command's name, which may hold anything."""
    return _text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
