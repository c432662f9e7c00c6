"""Child processes as one thing: started together, waited for, stopped in order.

`causeway up`, the demo, the benchmarks and the end-to-end tests run their servers through this. A
child's output goes straight to `<folder>/<name>.log`, so it is complete even if we are killed.
"""

from __future__ import annotations

import json
import os
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

from core.errors import CausewayError

POLL_INTERVAL_S = 0.1
START_WITHIN_S = 300.0
"""Given to a child until it can be used; a busy machine takes minutes. One that ends is noticed at
once."""
STOP_WITHIN_S = 20.0
"""Given to each child between SIGTERM and SIGKILL."""
SHOWN_LINES = 12
"""Of a child's log, when it ended before its time."""
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
    stop_within_s: float

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group."""
        return self.popen.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self.popen.poll()

    def last_lines(self, count: int = SHOWN_LINES) -> str:
        """The end of its log."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-count:])

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
        self.stop_all()

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        ready: str | Callable[[], bool] | None = None,
        stop_within_s: float = STOP_WITHIN_S,
    ) -> Child:
        """Start a child without waiting for it.

        `ready` is a URL that answers 2xx, or a function, once it can be used. Its group is its own,
        so that Ctrl-C reaches only us and we stop it in order.
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
        child = Child(name, popen, log, _ready(ready), stop_within_s)
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
    ) -> Child:
        """Start this interpreter with arguments such as `-m cli.main receiver`."""
        return self.start(name, [sys.executable, *arguments], environment=environment, ready=ready)

    def wait_ready(self, *names: str, within_s: float = START_WITHIN_S) -> None:
        """Block until those children (or all) are ready.

        Raises: ProcessError when one ends before, or time is up.
        """
        waiting = [self._children[name] for name in names or self._children]
        until = time.monotonic() + within_s
        while waiting := [child for child in waiting if not self._is_ready(child)]:
            if time.monotonic() > until:
                who = ", ".join(child.name for child in waiting)
                raise ProcessError(
                    f"{who} not ready after {within_s:.0f} s.",
                    remedy=f"See {waiting[0].log}.",
                )
            time.sleep(POLL_INTERVAL_S)

    def wait_ended(self, name: str, *, within_s: float = START_WITHIN_S) -> None:
        """Block until a child that does one thing has done it.

        Raises: ProcessError when it fails or takes too long.
        """
        child = self._children[name]
        try:
            code = child.popen.wait(within_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(
                f"{name} has not ended after {within_s:.0f} s.", remedy=f"See {child.log}."
            ) from None
        if code != 0:
            raise _ended(child)
        del self._children[name]

    def check(self) -> None:
        """See that all still run.

        Raises: ProcessError naming the first that does not.
        """
        for child in self._children.values():
            if child.exit_code is not None:
                raise _ended(child)

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
                code = child.popen.wait(child.stop_within_s)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            # Also what it may have left behind in its group.
            child.signal_group(signal.SIGKILL)
            child.popen.wait()
        return code

    def _is_ready(self, child: Child) -> bool:
        if child.exit_code is not None:
            raise _ended(child)
        return child.is_ready()


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
        with child.log.open(encoding="utf-8", errors="replace") as lines:
            while True:
                is_over = self._over.is_set()
                for line in lines:
                    sys.stderr.write(f"{child.name:<11} {line.rstrip()}\n")
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


def _ended(child: Child) -> ProcessError:
    return ProcessError(
        f"{child.name} ended with exit code {child.exit_code}:\n{child.last_lines()}",
        remedy=f"See {child.log}.",
    )
