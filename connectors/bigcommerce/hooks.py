"""Webhook subscriptions. Source: REST Management API, Webhooks V3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.bigcommerce.api import Api
from connectors.bigcommerce.models import Hook
from core.errors import ContractError


class Hooks(Api):
    """Our own subscriptions; those of other API accounts are invisible."""

    def list_hooks(self) -> list[Hook]:
        """All of them, active or not."""
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
            raise ContractError(f"BigCommerce answered {answer.what} without a hook.")
        # Some answers come without an envelope. Source: guide and reference differ.
        return self._one(Hook, answer, answer.body.get("data", answer.body))

    def update_hook(self, hook_id: str, **fields: Any) -> None:  # noqa: ANN401 - JSON values
        """Change some fields, such as `is_active=True` after they switched it off."""
        self._send("PUT", f"/v3/hooks/{hook_id}", content=fields)

    def delete_hook(self, hook_id: str) -> None:
        """Unsubscribe. Raises: NotFoundError when it is gone already."""
        self._send("DELETE", f"/v3/hooks/{hook_id}")
