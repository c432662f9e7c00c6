"""Writes as messages: alone they are a direct request, together one multi-message."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx
from pydantic import Field, ValidationError

from connectors.answers import Answer
from connectors.brightpearl.answers import refusal
from connectors.documents import Document, Text
from core.errors import CausewayError, ContractError, TransientError

MOST = 10
"""Messages that one multi-message takes. Source: observed in public integrations."""

Read = Callable[[Any], Any]
"""Turns the response of a write into its outcome: a value, or a CausewayError."""


def as_told(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The response itself."""
    return response


def first_id(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The id of a note; they answer one id, or a list of ids."""
    return response[0] if isinstance(response, list) and response else response


def nothing(_response: Any) -> None:  # noqa: ANN401 - their JSON
    """None, where a whole document is answered that nobody asked for."""


@dataclass(frozen=True)
class Message:
    """One write; `uri` starts with the service name."""

    label: str
    method: str
    uri: str
    body: Any = field(repr=False)
    alone: bool = False
    """Whether it must not share a multi-message: PATCH is not known to work in one."""
    read: Read = field(default=as_told, repr=False, compare=False)


class Content(Document):
    """The body of a processed message: a JSON document as text."""

    content: Text = ""


class Processed(Document):
    """One message of a multi-message that was carried out, or refused."""

    status: int = Field(alias="statusCode")
    body: Content | None = None

    @property
    def decoded(self) -> Any:  # noqa: ANN401 - their JSON
        """The body's document; text where it is none, None where there is no body."""
        text = self.body.content if self.body else ""
        try:
            return json.loads(text, parse_float=Decimal) if text else None
        except ValueError:
            return text


def envelope(messages: Sequence[Message]) -> dict[str, Any]:
    """The body of a multi-message whose messages do not depend on each other.

    Raises: ValueError for fewer than 2 or more than 10, for one that must go alone, or when a
    label comes twice.
    """
    if not 1 < len(messages) <= MOST:
        raise ValueError(f"a multi-message takes 2 to {MOST} messages, not {len(messages)}")
    if lonely := [message.label for message in messages if message.alone]:
        raise ValueError(f"the messages {', '.join(lonely)} must each be sent alone")
    if len({message.label for message in messages}) < len(messages):
        raise ValueError("the labels of a multi-message must differ")
    return {
        "processingMode": "PARALLEL",
        "onFail": "CONTINUE",
        "messages": [
            {
                "label": message.label,
                "uri": message.uri,
                "httpMethod": message.method,
                "body": message.body,
            }
            for message in messages
        ],
    }


def outcomes(messages: Sequence[Message], answer: Answer) -> dict[str, Any | CausewayError]:
    """What became of each message, by label: the value of its `response`, or its error.

    A label that is not among the processed ones was not carried out.

    Raises: ContractError when the answer is not that of a multi-message.
    """
    try:
        processed = {
            str(one["label"]): Processed.model_validate(one)
            for one in answer.body["response"]["processedMessages"]
        }
    except (TypeError, KeyError, ValidationError) as error:
        raise ContractError(
            f"Brightpearl answered {answer.what} with what is no list of processed messages "
            f"({type(error).__name__})."
        ) from None
    return {message.label: _outcome(message, processed.get(message.label)) for message in messages}


def _outcome(message: Message, processed: Processed | None) -> Any | CausewayError:  # noqa: ANN401
    what = f"Brightpearl answered {message.method} {message.uri}"
    if processed is None:
        return TransientError(f"{what} not at all: the message was left unprocessed.")
    body = processed.decoded
    if httpx.codes.is_success(processed.status):
        return message.read(body.get("response") if isinstance(body, dict) else None)
    return refusal(f"{what} with {processed.status}", processed.status, body, is_write=True)
