"""What tests of shipments do and compare: staff ship in either system, the flow runs twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from world import World

from flows.shipments import sync_shipments

PAIR = "default"
ENTITY = "shipments"


def skus(world: World) -> list[str]:
    """SKUs with stock, the same in both systems."""
    account = world.sandbox.account
    return [
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= 8
    ]


def lines(world: World, *quantities: int, **line: Any) -> list[dict[str, Any]]:
    """Order lines of different products."""
    chosen = zip(skus(world), quantities, strict=False)
    return [{"sku": sku, "quantity": quantity, **line} for sku, quantity in chosen]


@dataclass
class Parcels:
    """One store order, its goods notes and its shipments."""

    world: World
    order: str

    @classmethod
    def imported(cls, world: World, *quantities: int, **order: Any) -> Parcels:
        """A paid order that stands in both systems."""
        wanted = {"lines": lines(world, *quantities), **order}
        key = world.place(**wanted)
        world.sync(key)
        return cls(world, key)

    @property
    def stored(self) -> Any:
        """The order as the store keeps it."""
        return self.world.sandbox.store.orders[int(self.order)]

    @property
    def sales_order(self) -> Any:
        """The order as the account keeps it."""
        return self.world.sales_order(self.order)

    @property
    def line_ids(self) -> list[int]:
        return [line.id for line in self.stored.lines]

    def leaves(self, *units: int, tracking: str = "", **what: Any) -> str:
        """Staff ship units of the first, second … line in Brightpearl; the note's key.

        Without units, all that is left.
        """
        rows = {
            str(line_id): count
            for line_id, count in zip(self.line_ids, units, strict=False)
            if count
        }
        body = {"order_id": self.sales_order.id, "rows": rows, "tracking": tracking or None, **what}
        answer = self.world.brightpearl("ship", **body)
        return f"note-{answer['goods_out_note_id']}"

    def note(self, key: str, **what: Any) -> None:
        """Staff do something to a note that exists."""
        self.world.brightpearl("ship", note_id=int(key.partition("-")[2]), **what)

    def shipped_in_store(self, *units: int, **what: Any) -> int:
        """Staff ship in BigCommerce by hand; the shipment's id."""
        packed = [
            {"id": line_id, "quantity": count}
            for line_id, count in zip(self.line_ids, units, strict=False)
            if count
        ]
        answer = self.world.bigcommerce("ship", order_id=int(self.order), lines=packed, **what)
        return int(answer["shipment_ids"][0])

    def preview(self, *keys: str) -> dict[str, Any]:
        """What a run would write, of the store's orders and notes that the keys name."""
        return asyncio.run(sync_shipments.fn(pair=PAIR, dry_run=True, keys=list(keys)))

    @property
    def shipments(self) -> list[tuple[str, list[int]]]:
        """Tracking number and units per line of each shipment in the store."""
        return [
            (
                one.tracking_number,
                [
                    sum(item.quantity for item in one.items if item.line_id == line_id)
                    for line_id in self.line_ids
                ],
            )
            for one in self.stored.shipments
        ]

    @property
    def status(self) -> int:
        return int(self.stored.status_id)

    @property
    def mails(self) -> int:
        """How often the shopper was mailed about a shipment."""
        return sum(mail.about == "shipment" for mail in self.stored.mails)


def sync(world: World, *keys: str, source: str = "webhook") -> dict[str, Any]:
    """One run over these keys, and whatever else is due."""
    world.due(*keys, source=source, entity=ENTITY)
    return asyncio.run(sync_shipments.fn(pair=PAIR))


def quiet(world: World, *keys: str) -> bool:
    """Whether a further run over these keys, in full, writes nothing."""
    world.forget_requests()
    sync(world, *keys, source="operator")
    return world.writes() == 0


def states(world: World, *keys: str) -> list[str]:
    return world.states(*keys, entity=ENTITY)
