"""What the syncs know of orders that differ: parked, refused, waiting for a person, due."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from core.refusals import Refusal
from store.inbox import Inbox
from store.links import Links
from store.quarantine import Entry, Quarantine
from tasks.bigcommerce.refunds import REFUNDS
from tasks.brightpearl.sales_orders import ORDERS, AgreedOrder
from tasks.money.account import agreed_figures
from tasks.money.sides import Figures
from tasks.reconciler.cases import REVIEW
from tasks.reconciler.connections import Connections

ACTIVE = {"due", "claimed"}


@dataclass(frozen=True)
class SyncState:
    """One record of a sync, as inbox and quarantine have it."""

    state: str = ""
    """Of the inbox; "" for one that it does not know."""
    reason: str = ""
    """Why a parked one is parked."""
    open: tuple[Refusal, ...] = ()
    """Refusals and review cases that wait for a person."""
    discarded: tuple[Refusal, ...] = ()
    """Those that a person decided to leave as they are."""

    @property
    def is_active(self) -> bool:
        """Whether it is being worked on, or about to be."""
        return self.state in ACTIVE


@dataclass(frozen=True)
class SyncStates:
    """By BigCommerce's order id."""

    orders: Mapping[str, SyncState] = field(default_factory=dict)
    refunds: Mapping[str, SyncState] = field(default_factory=dict)
    """The sync of refunds goes by orders, too."""
    agreed: Mapping[str, Figures] = field(default_factory=dict)
    """What both sides last agreed on, of orders that were imported."""

    def order(self, order_id: str) -> SyncState:
        """What the sync of orders knows."""
        return self.orders.get(order_id, SyncState())

    def refund(self, order_id: str) -> SyncState:
        """What the sync of refunds knows."""
        return self.refunds.get(order_id, SyncState())

    def is_linked(self, order_id: str) -> bool:
        """Whether the order was in Brightpearl once."""
        return order_id in self.agreed


def case_name(case: Refusal) -> str:
    """What it is, for people. Its reason is compared and never shown: other syncs write it."""
    return f"case {case.field}" if case.class_ == REVIEW else case.class_


def read_sync_states(connections: Connections, order_ids: Collection[str]) -> SyncStates:
    """What is known of these orders. Reads our own database only."""
    ids = sorted(order_ids)
    links = Links(connections.database).get(connections.pair.name, ORDERS, ids)
    return SyncStates(
        orders=_of_entity(connections, ORDERS, ids),
        refunds=_of_entity(connections, REFUNDS, ids),
        agreed={key: agreed_figures(AgreedOrder.of(link)) for key, link in links.items()},
    )


def _of_entity(
    connections: Connections, entity: str, ids: Sequence[str]
) -> Mapping[str, SyncState]:
    pair = connections.pair.name
    inbox, quarantine = Inbox(connections.database), Quarantine(connections.database)
    states, parked = inbox.states(pair, entity, ids), inbox.reasons(pair, entity, "parked")
    opened = _by_key(quarantine.list(pair=pair, entity=entity))
    discarded = _by_key(quarantine.list(pair=pair, entity=entity, state="discarded"))
    return {
        key: SyncState(
            states.get(key, ""), parked.get(key, ""), tuple(opened[key]), tuple(discarded[key])
        )
        for key in ids
    }


def _by_key(entries: Iterable[Entry]) -> dict[str, list[Refusal]]:
    found: dict[str, list[Refusal]] = defaultdict(list)
    for one in entries:
        case = Refusal(one.class_, one.field, one.value, one.reason, one.remedy)
        found[one.key].append(case)
    return found
