"""Both systems as the sandboxes themselves tell of them, put together order by order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson

from agreement.records import ACCOUNT_PARTS, STORE_PARTS, OrderRecords, read_orders

System = Literal["store", "account"]


@dataclass(frozen=True)
class Request:
    """What somebody does on a screen: a call of a sandbox's control routes."""

    system: System
    what: str
    body: Mapping[str, Any]
    method: str = "POST"


@dataclass(frozen=True)
class Systems:
    """Both sandboxes."""

    store: httpx.Client
    account: httpx.Client

    def ask(self, request: Request) -> bool:
        """Whether it could be done; what a sandbox refuses did not happen."""
        client = self.store if request.system == "store" else self.account
        answer = client.request(request.method, f"/_sandbox/{request.what}", json=request.body)
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise AssertionError(f"{request}: {answer.status_code} {answer.text[:500]}")
        return answer.is_success

    def told(self, system: System, what: str, body: object) -> Any:  # noqa: ANN401 - JSON
        """The answer to what has to succeed."""
        client = self.store if system == "store" else self.account
        answer = client.post(f"/_sandbox/{what}", json=body)
        if answer.is_error:
            raise AssertionError(f"{system} {what}: {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def look(self, keys: Iterable[str]) -> dict[str, OrderRecords]:
        """These orders, now."""
        return read_orders(
            self._state(self.store, STORE_PARTS), self._state(self.account, ACCOUNT_PARTS), keys
        )

    def state(self, system: System, parts: str) -> Any:  # noqa: ANN401 - JSON
        """Parts of a sandbox's state."""
        return self._state(self.store if system == "store" else self.account, parts)

    def writes(self) -> int:
        """Requests to both APIs since `forget` that may have changed something."""
        return sum(
            row["count"]
            for client in (self.store, self.account)
            for name, row in client.get("/_sandbox/requests").json()["requests"].items()
            if not name.startswith(("GET ", "HEAD ", "OPTIONS "))
        )

    def forget(self) -> None:
        """Count requests from here on."""
        for client in (self.store, self.account):
            client.delete("/_sandbox/requests")

    @staticmethod
    def _state(client: httpx.Client, parts: str) -> Any:  # noqa: ANN401 - JSON
        answer = client.get("/_sandbox/state", params={"only": parts})
        answer.raise_for_status()
        return orjson.loads(answer.content)
