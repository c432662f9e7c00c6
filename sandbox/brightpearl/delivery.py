"""Notices on their way: what the shared sender is told, and when it tries again."""

from collections.abc import Mapping
from datetime import datetime
from itertools import count

from sandbox.brightpearl.outgoing import Outgoing
from sandbox.kit.delivery import Message

RETRY_WAITS_S = (10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""The vendor publishes neither how often nor when it tries again: this is our reading."""
SUCCESS_BELOW = 300
SERVER_ERROR = 500
UNAVAILABLE = 503


def wants_retry(quality_of_service: int, status: int | None) -> bool:
    """Whether a delivery is tried again; `status` is None when no answer came.

    Quality 0 only for 503; quality 1 for every failure that is not 4xx (documented).
    """
    if quality_of_service == 0:
        return status == UNAVAILABLE
    return status is None or status >= SERVER_ERROR


class QualityPolicy:
    """The vendor's rules, for the shared sender. Nothing is ever held back."""

    def __init__(self) -> None:
        self._quality: dict[str, int] = {}
        self._numbers = count(1)

    def message(self, outgoing: Outgoing) -> Message:
        """The call as the sender takes it; remembers its quality of service."""
        number = str(next(self._numbers))
        self._quality[number] = outgoing.quality_of_service
        content_type = outgoing.content_type

        def headers(_at: datetime) -> Mapping[str, str]:
            return {"content-type": content_type} if content_type else {}

        return Message(
            id=number,
            about=f"webhook {outgoing.webhook_id}",
            method=outgoing.method,
            url=outgoing.url,
            body=outgoing.body.encode(),
            headers=headers,
        )

    def hold_s(self, _message: Message) -> float:
        """Always now."""
        return 0.0

    def settle(self, message: Message, tries: int, status: int | None) -> float | None:
        """Seconds until the next try, or None when it is over."""
        done = status is not None and status < SUCCESS_BELOW
        quality = self._quality.get(message.id, 0)
        if done or tries > len(RETRY_WAITS_S) or not wants_retry(quality, status):
            return None
        return RETRY_WAITS_S[tries - 1]
