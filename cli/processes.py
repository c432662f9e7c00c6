"""Child processes as one thing: started together, waited for, stopped in order.

`causeway up`, the demo, the benchmarks and the end-to-end tests run their servers through this. A
child's output goes straight to `<folder>/<name>.log`, so it is complete even if we are killed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from random import SystemRandom
from types import TracebackType
from typing import Self

import httpx

from cli.progress import CLEAR, busy
from core.errors import CausewayError

POLL_INTERVAL_S = 0.1
START_WITHIN_S = 300.0
"""Given to a child until it can be used; a busy machine takes minutes. One that ends is noticed at
once."""
STOP_WITHIN_S = 20.0
"""Given to each child between SIGTERM and SIGKILL."""
OWN_ERROR = re.compile(r"\w+Error: ")
"""How the line of a command of ours begins that says why it ended; its remedy is the next line."""
SAYS_WHY = (
    re.compile(r"[\w.]+(Error|Exception|Exit)\b|.*\[Errno |.*already in use"),
    re.compile(r".*\b(ERROR|CRITICAL|[Ee]rror)\b"),
    re.compile(r"."),
)
"""Lines of a log by how likely they are to say why its process ended, the likeliest first."""
LISTENING_PORTS = range(20_000, 32_768)
"""Below those that systems give to connections (from 32,768 on Linux, 49,152 elsewhere)."""
PORTS_TRIED = 100
_ports = cycle(SystemRandom().sample(LISTENING_PORTS, len(LISTENING_PORTS)))


class ProcessError(CausewayError):
    """A child ended that should not have, or was not ready in time."""


@dataclass(frozen=True)
class Lock:
    """The lock of a folder, held by this process and by the children that inherit it."""

    descriptor: int
    _known: dict[str, object] = field(default_factory=dict)

    def keep(self, **facts: object) -> None:
        """Write down more about this process and its children, for whoever comes next."""
        self._known.update(facts)
        text = json.dumps(self._known)
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text.encode(), 0)


@dataclass
class Child:
    """One process that we started."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    is_ready: Callable[[], bool]
    is_job: bool = False
    """Whether it does one thing and ends."""

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self.popen.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.popen.poll()

    @property
    def has_failed(self) -> bool:
        """Whether it ended and should not have, or not so."""
        return self.exit_code is not None and not (self.is_job and self.exit_code == 0)

    def failure(self) -> ProcessError:
        """How it ended, the line of its log that says why, and what to do."""
        code, see = self.exit_code or 0, f"What it said is in {self.log}."
        if code < 0:
            return ProcessError(
                f"{self.name} was ended by {signal.Signals(-code).name}.",
                remedy=f"Start again; if nobody stopped it, is there enough memory? {see}",
            )
        text = self.log.read_text(encoding="utf-8", errors="replace")
        # What is indented is part of a traceback, or of a box around one.
        lines = [line for line in text.splitlines() if line[:1].strip(" \t│╭╰")]
        found = (
            at
            for pattern in SAYS_WHY
            for at in reversed(range(len(lines)))
            if pattern.match(lines[at])
        )
        at = next(found, None)
        why = f": {lines[at]}" if at is not None else "."
        rest = lines[at + 1 :] if at is not None and OWN_ERROR.match(lines[at]) else []
        remedy = rest[0] if len(rest) == 1 else "Correct that and start again."
        return ProcessError(
            f"{self.name} ended with exit code {code}{why}", remedy=f"{remedy} {see}"
        )

    def signal_group(self, number: signal.Signals) -> None:
        """Signal it and what it started itself: they are a group of their own."""
        with suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)


class Processes:
    """The children of this process. Leaving the context stops them all, the youngest first."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        follow: Collection[str] = (),
        lock: Lock | None = None,
    ) -> None:
        """Keep logs in `folder`; every child gets our own environment and `environment`.

        What the children named in `follow` write is also printed here, behind their name. Children
        hold the `lock` as long as they run.
        """
        self._lock = lock
        self._folder = folder
        self._environment = dict(environment or {})
        self._children: dict[str, Child] = {}
        self._followed = frozenset(follow)
        self._follower = Follower()

    def __enter__(self) -> Self:
        """Begin."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop whatever still runs."""
        with busy(f"stopping {', '.join(self._children)}" if self._children else ""):
            self.stop_all()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: str | Callable[[], bool] | None = None,
        is_job: bool = False,
    ) -> Child:
        """Start a child without waiting for it.

        `ready` is a URL that answers 2xx, or a function, once it can be used. A job does one thing
        and ends. Its group is its own, so that Ctrl-C reaches only us and we stop it in order.
        """
        log = self.log(name)
        with log.open("wb") as output:
            popen = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment, **(environment or {})},
                start_new_session=True,
                pass_fds=(self._lock.descriptor,) if self._lock else (),
            )
        child = Child(name, popen, log, _ready(ready), is_job)
        self._children[name] = child
        if self._lock:
            self._lock.keep(children={one.name: one.pid for one in self._children.values()})
        if name in self._followed:
            self._follower.add(child)
        return child

    def log(self, name: str) -> Path:
        """Where the output of a child of that name is, or will be."""
        return self._folder / f"{name}.log"

    def start_python(
        self,
        name: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        ready: str | Callable[[], bool] | None = None,
        is_job: bool = False,
    ) -> Child:
        """Start this interpreter with arguments such as `-m cli.main receiver`."""
        command = [sys.executable, *arguments]
        return self.start(name, command, environment=environment, ready=ready, is_job=is_job)

    def wait_ready(self, *names: str, within_s: float = START_WITHIN_S) -> None:
        """Block until those children (or all) are ready.

        Raises: ProcessError when one of all ends meanwhile, or time is up.
        """
        waiting = [self._children[name] for name in names or self._children]
        until = time.monotonic() + within_s
        while waiting:
            self.check()
            waiting = [child for child in waiting if not child.is_ready()]
            if waiting and time.monotonic() > until:
                who = ", ".join(child.name for child in waiting)
                raise ProcessError(
                    f"{who} not ready after {within_s:.0f} s.",
                    remedy=f"See {waiting[0].log}.",
                )
            time.sleep(POLL_INTERVAL_S if waiting else 0)
        # Somebody else may have answered in place of one that had died.
        self.check()

    def wait_ended(self, name: str, *, within_s: float = START_WITHIN_S) -> None:
        """Block until a job is done.

        Raises: ProcessError when it fails or takes too long, or another child ends meanwhile.
        """
        child = self._children[name]
        until = time.monotonic() + within_s
        while child.exit_code is None:
            self.check()
            if time.monotonic() > until:
                raise ProcessError(
                    f"{name} has not ended after {within_s:.0f} s.", remedy=f"See {child.log}."
                )
            time.sleep(POLL_INTERVAL_S)
        self.check()
        del self._children[name]

    def check(self) -> None:
        """See that all still run, or did what they had to do.

        Raises: ProcessError naming the first that does not.
        """
        for child in self._children.values():
            if child.has_failed:
                raise child.failure()

    def __getitem__(self, name: str) -> Child:
        """The child of that name."""
        return self._children[name]

    def stop(self, name: str) -> int:
        """Stop one child, kindly first; gives its exit code."""
        return self._stop([self._children.pop(name)])

    def kill(self, name: str) -> None:
        """End one child at once, as a crash would."""
        child = self._children.pop(name)
        child.signal_group(signal.SIGKILL)
        child.popen.wait()

    def stop_all(self) -> None:
        """Stop the youngest first: what works is gone before what it works with."""
        while self._children:
            _, child = self._children.popitem()
            self._stop([child])
        self._follower.stop()

    def _stop(self, children: list[Child]) -> int:
        code = 0
        for child in children:
            child.signal_group(signal.SIGTERM)
            try:
                code = child.popen.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            # Also what it may have left behind in its group.
            child.signal_group(signal.SIGKILL)
            child.popen.wait()
        return code


class Follower:
    """Prints what children write to their logs, each line behind the child's name."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def add(self, child: Child) -> None:
        """Follow one more."""
        thread = threading.Thread(
            target=self._follow, args=(child,), name=f"follow-{child.name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def stop(self) -> None:
        """Print what is left and end."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _follow(self, child: Child) -> None:
        clear = CLEAR if sys.stderr.isatty() else ""
        with child.log.open(encoding="utf-8", errors="replace") as lines:
            while True:
                is_over = self._over.is_set()
                for line in lines:
                    sys.stderr.write(f"{clear}{child.name:<11} {line.rstrip()}\n")
                if is_over:
                    return
                self._over.wait(POLL_INTERVAL_S)


def free_port(wanted: int = 0) -> int:
    """The wanted loopback port if nobody has it, else one that is free right now.

    Others come once in a process, and none that the system may meanwhile give to a connection.
    """
    for port in chain([wanted] if wanted else [], islice(_ports, PORTS_TRIED)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ProcessError("No loopback port is free.", remedy="Stop something that listens.")


def _ready(ready: str | Callable[[], bool] | None) -> Callable[[], bool]:
    if ready is None:
        return lambda: True
    if isinstance(ready, str):
        return lambda: answers(ready)
    return ready


def answers(url: str) -> bool:
    """Whether a URL answers 2xx right now."""
    try:
        return httpx.get(url, timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False
