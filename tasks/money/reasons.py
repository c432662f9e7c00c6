"""Why a day's money differs, and whether that is known already. See docs/money.md.

A difference is known where the inbox or the quarantine says what becomes of it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.ids import external_ref
from core.money import ZERO, describe_difference, two_places
from core.refusals import Refusal
from store.inbox import Inbox
from store.links import Links
from store.quarantine import Quarantine
from tasks.bigcommerce.order_frames import RECEIPT, lost_receipt_case, receipt_case
from tasks.bigcommerce.orders import FINAL, OrderStatus
from tasks.bigcommerce.refunds import REFUNDS
from tasks.brightpearl.sales_orders import ORDERS, AgreedOrder
from tasks.money import sides
from tasks.money.sides import BookedCredit, BookedOrder, Figure, StoreOrder, StoreRefund
from tasks.reconciler.cases import REVIEW
from tasks.reconciler.connections import Connections
from tasks.reconciler.defects import each

BALANCE = "balance"
"""Kind of the case of an order that was amended after it was paid."""
OVERPAYMENTS = (RECEIPT, BALANCE)
"""Kinds of cases of an order for which more came in than it costs."""


class Reason(StrEnum):
    """What is behind a difference."""

    NOT_IMPORTED = "not imported"
    DELETED_IN_BRIGHTPEARL = "deleted in Brightpearl"
    CANCELLED_IN_BRIGHTPEARL = "cancelled in Brightpearl, open in the store"
    CANCELLED_IN_STORE = "no sale in the store, open in Brightpearl"
    GONE_FROM_STORE = "archived or deleted in the store, open in Brightpearl"
    DOUBLED = "in Brightpearl more than once"
    CURRENCY = "in another currency"
    EDITED = "edited in the store"
    AMENDED = "amended in Brightpearl"
    BOTH_CHANGED = "changed on both sides"
    DIFFERS = "amounts differ"
    UNREADABLE = "cannot be read"
    SPLIT = "goods and charges cannot be separated"
    ROUNDING = "carries a rounding row"
    RECEIPT_MISSING = "receipt missing"
    RECEIPT_TOO_MUCH = "receipt too much"
    RECEIPT_DIFFERS = "receipts differ"
    OVERPAID = "more is received than the order can owe"
    NO_CREDIT = "refund without credit"
    PENDING = "refund pending at the gateway"
    DECLINED = "refund declined: no money went back"
    CREDIT_OF_DECLINED = "credit of a declined refund"
    TAX_UNKNOWN = "the store does not say the refund's tax"
    CREDIT_DIFFERS = "refund and credit differ"
    PAYOUT_MISSING = "money that went back is not booked"
    PAYOUT_TOO_MUCH = "more booked as paid back than went back"
    PAYOUT_TENDER = "money that went back is booked by another tender"
    NO_REFUND = "credit without refund"


NEEDS_NOTHING = {
    Reason.PENDING: "nothing is to be booked",
    Reason.DECLINED: "nothing is to be booked",
    Reason.TAX_UNKNOWN: "the credit has the tax of the sale",
}
"""Reasons that are always known."""
NEVER_MONEY = {"address"}
"""Classes of refusals that are about no amount."""
AMOUNTS = {"edit", "differs", "emptied"}
"""Review cases about an order's rows."""
ENDS = {"deleted", "intercept", "credit", "cancelled"}
"""Review cases about the end of an order."""
LEFT = "left as it is by a person"
ACTIVE = {"due", "claimed"}
"""States of keys that are being worked on, or about to be."""


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
    resolved: tuple[Refusal, ...] = ()
    """Review cases that are over, those carried out among them."""


UNKNOWN = SyncState()
"""Of a record that no sync has met."""


@dataclass(frozen=True)
class SyncStates:
    """By BigCommerce's order id."""

    orders: Mapping[str, SyncState] = field(default_factory=dict)
    refunds: Mapping[str, SyncState] = field(default_factory=dict)
    """The sync of refunds goes by orders, too."""
    agreed: Mapping[str, sides.Figures] = field(default_factory=dict)
    """What both sides last agreed on, of orders that were imported."""


def read_sync_states(connections: Connections, order_ids: Collection[str]) -> SyncStates:
    """What is known of these orders. Reads our own database only."""
    pair, database, ids = connections.pair.name, connections.database, sorted(order_ids)
    inbox, quarantine = Inbox(database), Quarantine(database)
    known: dict[str, Mapping[str, SyncState]] = {}
    for entity in (ORDERS, REFUNDS):
        states, parked = inbox.states(pair, entity, ids), inbox.reasons(pair, entity, "parked")
        cases: dict[tuple[str, str], list[Refusal]] = defaultdict(list)
        for state, class_ in (("open", None), ("discarded", None), ("resolved", REVIEW)):
            for one in quarantine.list(pair=pair, entity=entity, class_=class_, state=state):
                case = Refusal(one.class_, one.field, one.value, one.reason, one.remedy)
                cases[state, one.key].append(case)
        known[entity] = {
            key: SyncState(
                states.get(key, ""),
                parked.get(key, ""),
                tuple(cases["open", key]),
                tuple(cases["discarded", key]),
                tuple(cases["resolved", key]),
            )
            for key in ids
        }
    links = Links(database).get(pair, ORDERS, ids)
    # What our own code fails for is quarantined where Brightpearl's side is read.
    agreed, _ = each(links.items(), lambda link: agreed_figures(AgreedOrder.of(link)))
    return SyncStates(known[ORDERS], known[REFUNDS], agreed)


def agreed_figures(agreed: AgreedOrder) -> sides.Figures:
    """What both sides last agreed on, as far as the link keeps it."""
    if not agreed.rows:
        return {}
    nets = sides.nets_of((ref, two_places(row.net)) for ref, row in agreed.rows.items())
    taxed = sum((two_places(row.tax) for row in agreed.rows.values()), ZERO)
    return {**nets, Figure.TAXED: taxed, Figure.TOTAL: sum(nets.values(), taxed)}


def because_absent(order: StoreOrder, known: SyncStates, importable: Collection[str]) -> str:
    """Why an order is not in Brightpearl; "" for one of which nobody knows."""
    state, status = known.orders.get(order.order_id, UNKNOWN), order.status_id
    discarded = _first(state.discarded, ENDS)
    if case := _first(state.open, AMOUNTS | ENDS):
        because = f"quarantined: {_name(case)}"
    elif state.state in ACTIVE:
        because = "about to be imported"
    elif discarded or order.order_id in known.agreed:
        because = _discarded(discarded)
    elif state.state == "parked":
        because = f"parked: {state.reason}"
    elif OrderStatus(int(status or 0)) in FINAL:
        because = f"{FINAL[OrderStatus(int(status))]} before it was imported"
    else:
        because = "" if status in importable else f"status {status} is not imported"
    return because


def because_ended(order_id: str, known: SyncStates) -> str:
    """Why one side has cancelled an order, or put it away, and the other has not."""
    state = known.orders.get(order_id, UNKNOWN)
    decided = _discarded(_first(state.discarded, ENDS))
    return _waits(state, ENDS, "about to be synced") or decided


def because_unreadable(state: SyncState) -> str:
    """Whether its sync knows of a document that cannot be read."""
    return next((f"quarantined: {_name(case)}" for case in state.open), "")


def why_amounts(order: StoreOrder, booked: BookedOrder, known: SyncStates) -> Reason:
    """Who changed an order that is open on both sides, by what both last agreed on."""
    if booked.figures[Figure.ORDERS] > 1:
        return Reason.DOUBLED
    agreed = known.agreed.get(order.order_id, {})
    is_edited = any(order.figures[name] != amount for name, amount in agreed.items())
    is_amended = any(booked.figures[name] != amount for name, amount in agreed.items())
    if is_edited and is_amended:
        return Reason.BOTH_CHANGED
    if is_edited:
        return Reason.EDITED
    return Reason.AMENDED if is_amended else Reason.DIFFERS


def because_amounts(order: StoreOrder, booked: BookedOrder, known: SyncStates) -> str:
    """Whether a difference of amounts waits for a person, or one has decided about it."""
    state = known.orders.get(order.order_id, UNKNOWN)
    said = describe_difference(
        order.figures[Figure.TOTAL], booked.figures[Figure.TOTAL], order.group.currency_code
    )
    # A decision holds for the totals that it was made about; how the case goes on may vary.
    totals = said.partition(":")[0]
    decided = (case for case in state.discarded if case.field in AMOUNTS and totals in case.reason)
    return _waits(state, AMOUNTS, "about to be synced") or _discarded(next(decided, None))


def of_receipts(
    order: StoreOrder, booked: BookedOrder, known: SyncStates
) -> tuple[Reason, str, str]:
    """What is wrong with an order's receipts, whether that is known, and which they are.

    It is known where it waits for a person, or where one has decided about each of them.
    """
    state = known.orders.get(order.order_id, UNKNOWN)
    store, account = order.receipts, booked.receipts
    waits = _waits(state, {RECEIPT}, "about to be booked")
    if store is None:
        is_missing = order.figures[Figure.PAID] > booked.figures[Figure.PAID]
        return Reason.RECEIPT_MISSING if is_missing else Reason.RECEIPT_TOO_MUCH, waits, ""
    missing = sorted(store.keys() - account.keys())
    too_many = sorted(account.keys() - store.keys())
    is_changed = any(store[ref] != account[ref] for ref in store.keys() & account.keys())
    if sides.foreign_money(store) != sides.foreign_money(account):
        reason = Reason.CURRENCY
    elif is_changed or bool(missing) == bool(too_many):
        reason = Reason.RECEIPT_DIFFERS
    else:
        reason = Reason.RECEIPT_MISSING if missing else Reason.RECEIPT_TOO_MUCH
    cases = {*map(receipt_case, missing), *map(lost_receipt_case, too_many)}
    is_decided = bool(cases) and cases <= {case.value for case in state.discarded}
    parts = [f"missing {', '.join(missing)}"] if missing else []
    parts += [f"too much {', '.join(too_many)}"] if too_many else []
    return reason, waits or (LEFT if is_decided else ""), "; ".join(parts)


def because_overpaid(booked: BookedOrder, known: SyncStates) -> str:
    """Whether a person deals with money that an order cannot owe, or said that it be booked."""
    state = known.orders.get(booked.order_id, UNKNOWN)
    decided = {case.value for case in (*state.discarded, *state.resolved)}
    is_decided = any(receipt_case(ref) in decided for ref in booked.receipts)
    waits = _waits(state, OVERPAYMENTS, "") or ("booked by a person" if is_decided else "")
    return waits or _discarded(_first(state.discarded, {BALANCE}))


def why_refund(refund: StoreRefund, credit: BookedCredit | None) -> Reason:
    """What is wrong with a refund and its credit, which differ."""
    if credit is None:
        if refund.is_declined:
            return Reason.DECLINED
        return Reason.PENDING if refund.is_pending else Reason.NO_CREDIT
    store, account = refund.figures, credit.figures
    differing = sides.differing(store, account, sides.REFUND).keys()
    is_missing = account[Figure.PAID_BACK] < store[Figure.PAID_BACK]
    reason = Reason.PAYOUT_MISSING if is_missing else Reason.PAYOUT_TOO_MUCH
    if refund.is_declined:
        reason = Reason.CREDIT_OF_DECLINED
    elif differing == {Figure.REFUNDED_TAX} and not refund.is_tax_known:
        reason = Reason.TAX_UNKNOWN
    elif {Figure.REFUNDED, Figure.REFUNDED_TAX} & differing:
        reason = Reason.CREDIT_DIFFERS
    elif other_tenders(refund, credit):
        reason = Reason.PAYOUT_TENDER
    return reason


def other_tenders(refund: StoreRefund, credit: BookedCredit) -> str:
    """By which methods as much went back as is booked, where these are not the same."""
    store, account = refund.tenders, {code: paid for code, paid in credit.tenders.items() if paid}
    if store is None or sum(store.values()) != sum(account.values()):
        return ""
    went, booked = (
        ", ".join(f"{code} {paid}" for code, paid in sorted(by.items())) for by in (store, account)
    )
    return f"went back by {went}, booked by {booked}" if went != booked else ""


def because_refund(
    reason: Reason, order_id: str, ids: Collection[str], known: SyncStates, absent: str
) -> str:
    """Why a refund and its credit differ; `absent` is why the order is not in Brightpearl.

    In: the refund's and the credit's ids, as far as they have any.
    """
    if reason in NEEDS_NOTHING:
        return NEEDS_NOTHING[reason]
    state = known.refunds.get(order_id, UNKNOWN)
    if state.open:
        return f"quarantined: {_name(state.open[0])}"
    if state.state in ACTIVE:
        return "about to be booked"
    if state.state == "parked":
        return f"parked: {state.reason}"
    if absent:
        return f"its order is not in Brightpearl: {absent}"
    decided = (case for case in state.discarded if _is_about(case, order_id, ids))
    return _discarded(next(decided, None))


def _first(cases: Iterable[Refusal], kinds: Collection[str]) -> Refusal | None:
    """The first case that is about an order as a whole, or a review of one of these kinds."""
    for case in cases:
        is_review = case.class_ == REVIEW
        if case.field in kinds if is_review else case.class_ not in NEVER_MONEY:
            return case
    return None


def _waits(state: SyncState, kinds: Collection[str], if_active: str) -> str:
    """Whether a person or the next run of the sync will deal with it."""
    if case := _first(state.open, kinds):
        return f"waits for a person: {_name(case)}"
    return if_active if state.state in ACTIVE else ""


def _discarded(case: Refusal | None) -> str:
    return f"{LEFT}: {_name(case)}" if case else ""


def _is_about(case: Refusal, order_id: str, ids: Collection[str]) -> bool:
    """Whether a case is about all refunds of an order, or names a refund or a credit by its id."""
    if case.value == external_ref(order_id):
        return True
    texts = f"{case.value} {case.reason}"
    return any(re.search(rf"\b(refund|credit) {re.escape(one)}\b", texts) for one in ids if one)


def _name(case: Refusal) -> str:
    """What it is, for people. Its reason is compared and never shown: other syncs write it."""
    return f"case {case.field}" if case.class_ == REVIEW else case.class_
