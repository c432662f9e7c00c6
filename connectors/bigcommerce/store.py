"""The store itself: its settings, channels, clock and webhooks. Source: Management API V2, V3."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.bigcommerce.api import Api
from connectors.bigcommerce.store_models import Channel, Hook, Store
from connectors.http import unreadable


class StoreSettings(Api):
    """What a store says of itself, and our own subscriptions to its events."""

    def get_server_time(self) -> datetime:
        """The store's clock, UTC. Source: GET /v2/time, the cheapest check of credentials."""
        answer = self._send("GET", "/v2/time")
        try:
            return datetime.fromtimestamp(int(self._field(answer, "time", int)), UTC)
        except (TypeError, ValueError, OverflowError) as error:
            raise unreadable(answer, "with no time") from error

    def get_store(self) -> Store:
        """The store's settings. Source: GET /v2/store."""
        answer = self._send("GET", "/v2/store")
        return self._one(Store, answer, answer.body)

    def list_channels(self) -> list[Channel]:
        """All sales channels. Source: GET /v3/channels."""
        return [self._one(Channel, answer, row) for answer, row in self._all_data("/v3/channels")]

    def list_hooks(self) -> list[Hook]:
        """Our webhooks, active or not; those of other API accounts are invisible."""
        return [self._one(Hook, answer, row) for answer, row in self._all_data("/v3/hooks")]

    def create_hook(self, scope: str, destination: str, headers: Mapping[str, str]) -> Hook:
        """Subscribe; `headers` come back with every delivery. It takes up to a minute to work.

        Raises: RejectedError, for example when scope and destination are subscribed already.
        """
        body = {
            "scope": scope,
            "destination": destination,
            "headers": dict(headers),
            "is_active": True,
        }
        answer = self._send("POST", "/v3/hooks", content=body)
        if not isinstance(answer.body, dict):
            raise unreadable(answer, "without a hook")
        # Some answers come without an envelope. Source: guide and reference differ.
        return self._one(Hook, answer, answer.body.get("data", answer.body))

    def update_hook(self, hook_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON values
        """Change some fields, such as `is_active=True` after they switched it off."""
        self._send("PUT", f"/v3/hooks/{hook_id}", content=fields)

    def delete_hook(self, hook_id: str) -> None:
        """Unsubscribe. Raises: NotFoundError when it is gone already."""
        self._send("DELETE", f"/v3/hooks/{hook_id}")
