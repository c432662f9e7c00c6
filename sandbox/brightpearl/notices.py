"""From events to deliveries: gathering, and when to let go."""

from datetime import datetime, timedelta

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.outgoing import Outgoing
from sandbox.brightpearl.records import Event
from sandbox.brightpearl.webhooks import deliveries, subscribed


class Notices:
    """Holds the events of a request (or of `webhook_coalesce_s`) so that they may share a call."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._held: dict[int, list[Event]] = {}
        self._due: datetime | None = None
        account.listeners.append(self._hear)

    def _hear(self, event: Event) -> None:
        for webhook in self._account.webhooks.values():
            if subscribed(webhook, event):
                self._held.setdefault(webhook.id, []).append(event)
                if self._due is None:
                    wait = timedelta(seconds=self._account.switches.webhook_coalesce_s)
                    self._due = self._account.now() + wait

    def release(self) -> list[Outgoing]:
        """Calls to be made now; nothing while events may still gather."""
        ready, self._account.outbox = self._account.outbox, []
        if self._due is None or self._due > self._account.now():
            return ready
        held, self._held, self._due = self._held, {}, None
        for webhook_id, events in held.items():
            webhook = self._account.webhooks.get(webhook_id)
            if webhook is not None:
                ready += deliveries(self._account, webhook, events)
        return ready
