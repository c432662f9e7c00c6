"""What our own memory says of orders that differ: parked, refused, waiting for a person, due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from store.inbox import Inbox
from store.links import Links
from store.quarantine import Entry, Quarantine
from tasks.bigcommerce.refunds import REFUNDS
from tasks.brightpearl.sales_orders import AgreedOrder as Memory
from tasks.money.account import agreed_figures
from tasks.money.sides import Figures
from tasks.outcome import REVIEW
from tasks.reconciler.connections import Connections

ORDERS = "orders"
ACTIVE = {"due", "claimed"}


@dataclass(frozen=True)
class Case:
    """A refusal or a review case: open, or left as it is by a person."""

    class_: str
    field: str
    value: str
    reason: str
    """Compared, never shown: other syncs write it."""

    @property
    def name(self) -> str:
        """What it is, for people."""
        return f"case {self.field}" if self.class_ == REVIEW else self.class_


@dataclass(frozen=True)
class Record:
    """One record of a sync, as inbox and quarantine have it."""

    state: str = ""
    """Of the inbox; "" for one that it does not know."""
    reason: str = ""
    """Why a parked one is parked."""
    open: tuple[Case, ...] = ()
    left: tuple[Case, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether it is being worked on, or about to be."""
        return self.state in ACTIVE


NOTHING = Record()


@dataclass(frozen=True)
class Known:
    """By BigCommerce's order id."""

    orders: Mapping[str, Record] = field(default_factory=dict)
    refunds: Mapping[str, Record] = field(default_factory=dict)
    """The sync of refunds goes by orders, too."""
    agreed: Mapping[str, Figures] = field(default_factory=dict)
    """Figures that both sides agreed on last, of orders that were imported."""

    def order(self, order_id: str) -> Record:
        """What the sync of orders knows."""
        return self.orders.get(order_id, NOTHING)

    def refund(self, order_id: str) -> Record:
        """What the sync of refunds knows."""
        return self.refunds.get(order_id, NOTHING)

    def is_linked(self, order_id: str) -> bool:
        """Whether the order stood in Brightpearl once."""
        return order_id in self.agreed


def read_known(world: Connections, order_ids: Collection[str]) -> Known:
    """What is known of these orders. Reads our own database only."""
    ids = sorted(set(order_ids))
    links = Links(world.database).get(world.pair.name, ORDERS, ids)
    return Known(
        orders=_records(world, ORDERS, ids),
        refunds=_records(world, REFUNDS, ids),
        agreed={key: agreed_figures(Memory.of(link)) for key, link in links.items()},
    )


def _records(world: Connections, entity: str, ids: list[str]) -> dict[str, Record]:
    pair = world.pair.name
    inbox, quarantine = Inbox(world.database), Quarantine(world.database)
    states = inbox.states(pair, entity, ids)
    reasons = inbox.reasons(pair, entity, "parked")
    open_, left = (
        _by_key(quarantine.list(pair=pair, entity=entity, state=state))
        for state in ("open", "discarded")
    )
    return {
        key: Record(
            states.get(key, ""), reasons.get(key, ""), open_.get(key, ()), left.get(key, ())
        )
        for key in ids
    }


def _by_key(entries: Iterable[Entry]) -> dict[str, tuple[Case, ...]]:
    found: dict[str, list[Case]] = defaultdict(list)
    for entry in entries:
        found[entry.key].append(Case(entry.class_, entry.field, entry.value, entry.reason))
    return {key: tuple(cases) for key, cases in found.items()}
