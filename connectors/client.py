"""What the clients of both systems have in common: whom they talk to, and at which priority."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

from connectors.answers import Answer
from connectors.budget import Priority, Usage
from connectors.http import Http


class Client:
    """Requests to one account, all of the same priority. Thread-safe; each is sent once."""

    def __init__(self, http: Http, priority: Priority = Priority.ORDERS) -> None:
        self._http = http
        self._priority = priority

    def at(self, priority: Priority) -> Self:
        """The same client, whose requests have this priority.

        It costs nothing: connections and budget are shared, and closing one closes all.
        """
        other = copy(self)
        other._priority = priority  # noqa: SLF001 - of our own class
        return other

    @property
    def priority(self) -> Priority:
        """Of every request that this client sends."""
        return self._priority

    def usage(self) -> Usage:
        """Requests sent to this account by this process so far, whatever their priority."""
        return self._http.budget.usage()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        content: object = None,
        query: str = "",
    ) -> Answer:
        return self._http.send(
            method,
            path,
            priority=self._priority,
            params=params,
            content=content,
            query=query,
        )
