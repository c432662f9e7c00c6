"""Several writes in one request, each answered for itself."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field

from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, answer
from sandbox.brightpearl.refusals import HTTP_BAD_REQUEST, Refusal, refuse
from sandbox.kit.routing import Reply

PATH = "/multi-message"
FEWEST_MESSAGES, MOST_MESSAGES = 2, 10
MIXED = 207
Execute = Callable[[Call], Reply]


class MessageIn(Incoming):
    """One write. `uri` starts at the service name."""

    label: str
    uri: str = Field(pattern="^/")
    http_method: str
    body: Any = None


class MultiMessageIn(Incoming):
    """The body of a multi-message."""

    processing_mode: str = Field(pattern="^(SEQUENTIAL|PARALLEL)$")
    on_fail: str = Field(pattern="^(STOP|CONTINUE)$")
    messages: list[MessageIn]


def process_messages(account: Account, call: Call, execute: Execute) -> Reply:
    """Carry out the messages with `execute`; 200 when all end alike, 207 when not."""
    try:
        body = call.read(MultiMessageIn)
        _check_messages(account, body)
    except Refusal as refusal:
        return refusal.reply(call)
    order = list(range(len(body.messages)))
    if body.processing_mode == "PARALLEL" and account.switches.parallel_in_any_order:
        account.random.shuffle(order)
    replies: dict[int, Reply] = {}
    for position in order:
        replies[position] = execute(_message_call(call, body.messages[position]))
        failed = replies[position].status >= HTTP_BAD_REQUEST
        if failed and body.on_fail == "STOP":
            break
    return _messages_answer(body.messages, replies)


def _check_messages(account: Account, body: MultiMessageIn) -> None:
    if not FEWEST_MESSAGES <= len(body.messages) <= MOST_MESSAGES:
        refuse("CMNC-909", f"Between {FEWEST_MESSAGES} and {MOST_MESSAGES} messages are allowed")
    if body.processing_mode == "PARALLEL" and body.on_fail == "STOP":
        refuse("CMNC-910", "PARALLEL processing cannot STOP on failure")
    methods = {"POST", "PUT", "DELETE"}
    if account.switches.multi_message_patch:
        methods.add("PATCH")
    for message in body.messages:
        if message.http_method not in methods or message.uri.startswith(PATH):
            refuse(
                "CMNC-911", f"{message.http_method} {message.uri[:60]} is not allowed in a message"
            )


def _message_call(call: Call, message: MessageIn) -> Call:
    target = urlsplit(message.uri)
    return Call(
        method=message.http_method,
        path=target.path.rstrip("/"),
        query=dict(parse_qsl(target.query)),
        raw_body=b"" if message.body is None else json.dumps(message.body).encode(),
        headers={"content-type": "application/json", "user-agent": call.header("user-agent") or ""},
    )


def _messages_answer(messages: Sequence[MessageIn], replies: dict[int, Reply]) -> Reply:
    processed = [
        {
            "label": message.label,
            "statusCode": replies[position].status,
            "body": {"content": json.dumps(replies[position].body, separators=(",", ":"))},
        }
        for position, message in enumerate(messages)
        if position in replies
    ]
    waiting = [
        message.label for position, message in enumerate(messages) if position not in replies
    ]
    agreed = len({reply.status for reply in replies.values()}) == 1 and not waiting
    document = {"processedMessages": processed, "unprocessedMessages": waiting}
    return answer(document, 200 if agreed else MIXED)
