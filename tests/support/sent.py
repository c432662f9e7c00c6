"""What really goes out: requests as they leave this process, bodies and all, in their order."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest


@dataclass(frozen=True)
class Request:
    """One request to either system's API."""

    method: str
    path: str
    body: str

    @property
    def is_write(self) -> bool:
        return self.method not in {"GET", "HEAD", "OPTIONS"}


@dataclass
class Sent:
    """The requests of both connectors, the oldest first."""

    requests: list[Request] = field(default_factory=list)

    def writes(self, path: str = "") -> list[Request]:
        """Requests that may have changed something, whose path holds a regular expression."""
        return [r for r in self.requests if r.is_write and re.search(path, r.path)]

    def clear(self) -> None:
        self.requests.clear()


@contextmanager
def sent_to(*base_urls: str) -> Iterator[Sent]:
    """Record what the connectors send to these APIs; it is sent all the same.

    Controls of the sandboxes are not the API.
    """
    found, lock = Sent(), threading.Lock()
    send = httpx.HTTPTransport.handle_request

    def recorded(transport: Any, request: httpx.Request) -> httpx.Response:
        url = str(request.url)
        if url.startswith(base_urls) and "/_sandbox/" not in url:
            path = request.url.raw_path.decode()
            with lock:
                found.requests.append(Request(request.method, path, request.content.decode()))
        return send(transport, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", recorded)
        yield found


@contextmanager
def just_before(
    method: str, path: str, act: Callable[[], object], *, nth: int = 1
) -> Iterator[None]:
    """Act just before the nth request leaves whose path ends in a regular expression."""
    send, lock = httpx.HTTPTransport.handle_request, threading.Lock()
    met = 0

    def acting(transport: Any, request: httpx.Request) -> httpx.Response:
        nonlocal met
        with lock:
            is_met = request.method == method and bool(re.search(path, request.url.path))
            met += is_met
        if is_met and met == nth:
            act()
        return send(transport, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.HTTPTransport, "handle_request", acting)
        yield
