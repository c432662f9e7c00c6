"""Webhook subscriptions. Source: API reference, integration-service/webhook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.brightpearl.account_models import Webhook
from connectors.brightpearl.api import Api
from connectors.http import unreadable
from core.errors import NotFoundError

PATH = "/integration-service/webhook"


class Webhooks(Api):
    """Subscriptions of the account. There is no update: delete and create anew."""

    def list_webhooks(self) -> list[Webhook]:
        """All of them, those of other apps too; none at all is answered with 404."""
        try:
            return self._all(PATH, Webhook)
        except NotFoundError:
            return []

    def create_webhook(self, body: Mapping[str, Any]) -> str:
        """Subscribe; the new id. Raises: RejectedError, for example for a template (`INTC-057`)."""
        answer = self._send("POST", PATH, content=dict(body))
        webhook_id = self._response(answer)
        if not isinstance(webhook_id, int | str):
            raise unreadable(answer, "with no id")
        return str(webhook_id)

    def delete_webhook(self, webhook_id: str) -> None:
        """Unsubscribe. Raises: NotFoundError when it is gone already."""
        self._send("DELETE", f"{PATH}/{webhook_id}")
