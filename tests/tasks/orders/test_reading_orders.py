"""Orders are read in lists; where one of them spoils its list, the others are read all the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from connectors.bigcommerce.client import BigCommerce, IdRange
from connectors.bigcommerce.models import Order
from tasks.bigcommerce.orders import Unread, read_range
from tests.connectors.conftest import bigcommerce
from tests.connectors.test_bigcommerce_client import order

IDS = tuple(str(number) for number in range(101, 109))


class Spoilt(httpx.BaseTransport):
    """A store that cannot answer whatever holds one of these orders."""

    def __init__(self, *bad: int, reply: httpx.Response) -> None:
        self.bad, self.reply = bad, reply
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        asked, (*_, last) = request.url.params, request.url.path.split("/")
        low, high = (last, last) if last.isdecimal() else (asked["min_id"], asked["max_id"])
        wanted = range(int(low), int(high) + 1)
        if any(number in wanted for number in self.bad):
            return self.reply
        rows = [order(number) for number in wanted]
        return httpx.Response(200, json=rows[0] if last.isdecimal() else rows)


@dataclass
class Reading:
    """The part of a run that reads orders."""

    store: Spoilt
    bigcommerce: BigCommerce = field(init=False)

    def __post_init__(self) -> None:
        self.bigcommerce = bigcommerce(self.store)


def read(store: Spoilt) -> list[Any]:
    return read_range.fn(Reading(store), IdRange(IDS))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "reply",
    [httpx.Response(500), httpx.Response(200), httpx.Response(200, content=b'[{"id": 10')],
    ids=["500", "empty", "truncated"],
)
def test_an_order_that_spoils_its_list_waits_and_the_others_are_read(reply: httpx.Response) -> None:
    found = read(Spoilt(104, reply=reply))

    assert sorted(one.id for one in found if isinstance(one, Order)) == [
        key for key in IDS if key != "104"
    ]
    (unread,) = [one for one in found if isinstance(one, Unread)]
    assert unread.order_id == "104"
    assert "BigCommerce answered" in unread.reason
