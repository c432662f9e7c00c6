"""Writes as messages: alone they are a direct request, together one multi-message."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import Field, ValidationError

from connectors.brightpearl.answers import is_throttled, refusal
from connectors.documents import Document, Text, broken_field
from connectors.http import Answer, unreadable
from core.errors import CausewayError, OutcomeUnknownError, TransientError

MOST = 10
"""Messages that one multi-message takes. Source: observed in public integrations."""
Read = Callable[[Any], Any]
"""Turns the response of a write into its outcome: a value, or a CausewayError."""


def as_answered(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The response itself, for writes that are harmless to repeat or need no answer."""
    return response


def new_id(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The id of what was created; without one the outcome is unknown."""
    if isinstance(response, int | str) and str(response).isdecimal() and int(response) > 0:
        return response
    return OutcomeUnknownError("Brightpearl answered a create with no id.")


def keyed_id(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The id of what was created under a key of ours; None when they do not say it.

    What they answer to a second create of the same key is not documented: it is found by the key.
    """
    found = new_id(response)
    return None if isinstance(found, OutcomeUnknownError) else found


def first_id(response: Any) -> Any:  # noqa: ANN401 - their JSON
    """The id of a note; they answer one id, or a list of ids."""
    return new_id(response[0] if isinstance(response, list) and response else response)


def nothing(_response: Any) -> None:  # noqa: ANN401 - their JSON
    """None, where a whole document is answered that is not needed."""


@dataclass(frozen=True)
class Message:
    """One write; `uri` starts with the service name."""

    label: str
    method: str
    uri: str
    body: Any = field(repr=False)
    alone: bool = False
    """Whether it must not share a multi-message: PATCH is not known to work in one."""
    read: Read = field(default=as_answered, repr=False, compare=False)


class Content(Document):
    """The body of a processed message: a JSON document as text."""

    content: Text = ""


class Processed(Document):
    """One message of a multi-message that was carried out, or refused."""

    status: int = Field(alias="statusCode")
    body: Content | None = None

    @property
    def decoded(self) -> Any:  # noqa: ANN401 - their JSON
        """The body's document; text where it is none, None without a body."""
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

    A message was left undone only when they say so: one of which they say nothing may have been
    carried out.

    Raises: OutcomeUnknownError when the answer is not that of a multi-message.
    """
    response = answer.body.get("response") if isinstance(answer.body, dict) else None
    answered = response if isinstance(response, dict) else {}
    processed = answered.get("processedMessages")
    if not isinstance(processed, list):
        raise unreadable(answer, "with no list of processed messages")
    by_label = {str(one.get("label")): one for one in processed if isinstance(one, dict)}
    undone = answered.get("unprocessedMessages")
    labels = {str(label) for label in undone} if isinstance(undone, list) else set()
    return {
        message.label: _outcome(
            message, by_label.get(message.label), is_undone=message.label in labels
        )
        for message in messages
    }


def _outcome(message: Message, document: Mapping[str, Any] | None, *, is_undone: bool) -> Any:  # noqa: ANN401 - their JSON, or an error
    what = f"Brightpearl answered {message.method} {message.uri}"
    if document is None and is_undone:
        return TransientError(f"{what} not at all: the message was left unprocessed.")
    try:
        processed = Processed.model_validate(document)
    except ValidationError as error:
        field, reason = broken_field(error)
        return OutcomeUnknownError(f"{what} with no outcome ({field or 'all of it'}: {reason}).")
    body = processed.decoded
    if is_throttled(processed.status, body):
        return TransientError(f"{what} with {processed.status}: too many requests.")
    if not httpx.codes.is_success(processed.status):
        return refusal(f"{what} with {processed.status}", processed.status, body, is_write=True)
    return read_response(message, processed.status, body if isinstance(body, dict) else {})


def read_response(message: Message, status: int, body: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The outcome of a write that was answered well: a value, or a CausewayError.

    An answer that lists errors is none that was answered well, whatever its status.
    """
    errors = body.get("errors")
    if not errors or "response" in body:
        return message.read(body.get("response"))
    what = f"Brightpearl answered {message.method} {message.uri} with {status} and errors"
    return refusal(what, HTTPStatus.INTERNAL_SERVER_ERROR, body, is_write=True)
