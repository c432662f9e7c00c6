"""A port in front of a server: shut, it is as if the server were away."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

AT_ONCE = 65536


class Gate:
    """Passes bytes on to a loopback port while it is open.

    Shut, what is connected breaks off and what comes is refused; broken, what comes breaks off as
    well. Callers try a refused connection again by themselves, which takes them a second or two.
    """

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._listening: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_broken = False
        self.port = 0
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.shut()

    def open(self) -> None:
        """Let everything through, always at the same port."""
        self._is_broken = False
        if self._listening is not None:
            return
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._listening = listening
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()

    def shut(self) -> None:
        """Break off and refuse."""
        with self._lock:
            listening, self._listening = self._listening, None
        if listening is not None:
            _end(listening)
        self._break_off()

    def break_down(self) -> None:
        """Break off what is connected, and whatever comes."""
        with self._lock:
            self._is_broken = True
        self._break_off()

    def _break_off(self) -> None:
        with self._lock:
            for connected in self._open:
                _end(connected)
            self._open.clear()

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listening.accept()
                self._connect(near, listening)

    def _connect(self, near: socket.socket, listening: socket.socket) -> None:
        """Connect who came with the server, unless the gate was shut or broken meanwhile."""
        try:
            far = socket.create_connection(("127.0.0.1", self._upstream))
        except OSError:
            _end(near)
            return
        with self._lock:
            is_passable = self._listening is listening and not self._is_broken
            if is_passable:
                self._open |= {near, far}
        if not is_passable:
            _end(near)
            _end(far)
            return
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(AT_ONCE):
                target.sendall(part)
        with self._lock:
            self._open -= {source, target}
        _end(source)
        _end(target)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
