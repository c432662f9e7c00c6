"""What is sent to a receiver of notices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One HTTP call to a receiver, templates already filled."""

    webhook_id: int
    method: str
    url: str
    body: str
    content_type: str
    quality_of_service: int
