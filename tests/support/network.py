"""Nothing leaves this machine in a test: whatever asks the network beyond it fails."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HOSTS = frozenset({"", "localhost", socket.gethostname()})
_everything = [False]


class NetworkError(RuntimeError):
    """A test asked the network."""


def allow_loopback_only() -> None:
    """From now on and until this process ends. Python's audit events cover every library."""
    sys.addaudithook(_judge)


@contextmanager
def without_sockets() -> Iterator[None]:
    """Refuse connections to this machine as well."""
    _everything[0] = True
    try:
        yield
    finally:
        _everything[0] = False


def _judge(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        if isinstance(address, tuple) and (_everything[0] or not _is_near(address[0])):
            raise NetworkError(f"A test would connect to {address[0]}.")
    elif event == "socket.getaddrinfo":
        host = arguments[0]
        if not (host is None or _is_near(host) or _is_address(host)):
            raise socket.gaierror(socket.EAI_NONAME, f"A test would ask for the name {host}.")


def _is_near(host: str | bytes) -> bool:
    name = _text(host)
    return name in HOSTS or (_is_address(name) and not _is_far(name))


def _is_far(name: str) -> bool:
    address = ipaddress.ip_address(name)
    return not (address.is_loopback or address.is_unspecified)


def _is_address(host: str | bytes) -> bool:
    try:
        ipaddress.ip_address(_text(host))
    except ValueError:
        return False
    return True


def _text(host: str | bytes) -> str:
    return host.decode() if isinstance(host, bytes) else host
