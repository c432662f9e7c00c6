"""What happened before an order, counted as orders come in: pure, and the same in a replay."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from intelligence.risk import Before, OrderFacts

HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)
RECENT_ORDERS = 500
"""Of which the shop's median is taken."""
FEWEST_ORDERS = 20
"""Before so many orders a median says nothing."""
KEPT_PER_CUSTOMER = 50


@dataclass(slots=True)
class _Customer:
    orders: int = 0
    addresses: set[str] = field(default_factory=set)
    ip_countries: set[str] = field(default_factory=set)
    totals: deque[Decimal] = field(default_factory=lambda: deque(maxlen=KEPT_PER_CUSTOMER))
    placed: deque[datetime] = field(default_factory=lambda: deque(maxlen=KEPT_PER_CUSTOMER))


class OrderHistory:
    """Orders so far. `before` reads, `add` counts; orders are added by the time they were placed.

    The same orders in the same order give the same answers: nothing depends on the clock.
    """

    def __init__(self, orders: Iterable[OrderFacts] = ()) -> None:
        self._placed: dict[str, deque[tuple[datetime, str]]] = defaultdict(deque)
        """By IP address and by card: when an order was placed, and by which e-mail address."""
        self._new_accounts: dict[str, deque[tuple[datetime, str]]] = defaultdict(deque)
        """By IP address: when an order of a new account was placed, and by which e-mail address."""
        self._customers: dict[str, _Customer] = defaultdict(_Customer)
        self._recent: dict[str, deque[Decimal]] = defaultdict(deque)
        self._sorted: dict[str, list[Decimal]] = defaultdict(list)
        for order in sorted(orders, key=lambda order: (order.placed_at, order.order_id)):
            self.add(order)

    def before(self, facts: OrderFacts) -> Before:
        """What was counted until an order was placed; the order itself is not in it."""
        since = facts.placed_at - HOUR
        email = facts.email_key
        customer = self._customers.get(email) if email else None
        known = customer or _Customer()
        address = facts.address_key
        return Before(
            emails_of_ip_hour=self._other_emails("ip", facts),
            emails_of_card_hour=self._other_emails("card", facts),
            new_accounts_of_ip=self._other_new_accounts(facts),
            orders_of_email_hour=sum(since <= at <= facts.placed_at for at in known.placed),
            orders_of_email=known.orders,
            is_new_address=bool(known.addresses) and address not in known.addresses,
            is_new_ip_country=bool(facts.ip_country and known.ip_countries)
            and facts.ip_country not in known.ip_countries,
            median_total=_median(self._sorted[facts.currency_code], FEWEST_ORDERS),
            median_of_email=_median(sorted(known.totals), 1),
        )

    def _other_emails(self, kind: str, facts: OrderFacts) -> int:
        """How many other e-mail addresses ordered from an IP address or card within the hour."""
        since = facts.placed_at - HOUR
        placed = self._placed.get(_sources(facts).get(kind, ""), ())
        emails = {email for at, email in placed if since <= at <= facts.placed_at}
        return len(emails - {facts.email_key})

    def _other_new_accounts(self, facts: OrderFacts) -> int:
        since = facts.placed_at - MONTH
        placed = self._new_accounts.get(facts.ip_key, ())
        emails = {email for at, email in placed if since <= at <= facts.placed_at}
        return len(emails - {facts.email_key})

    def add(self, facts: OrderFacts) -> None:
        """Count an order."""
        email = facts.email_key
        for source in _sources(facts).values():
            placed = self._placed[source]
            placed.append((facts.placed_at, email))
            while placed and placed[0][0] < facts.placed_at - HOUR:
                placed.popleft()
        if facts.ip_key and facts.has_new_account:
            of_ip = self._new_accounts[facts.ip_key]
            of_ip.append((facts.placed_at, email))
            while of_ip[0][0] < facts.placed_at - MONTH:
                of_ip.popleft()
        if email:
            customer = self._customers[email]
            customer.orders += 1
            customer.addresses.add(facts.address_key)
            customer.totals.append(facts.total)
            customer.placed.append(facts.placed_at)
            if facts.ip_country:
                customer.ip_countries.add(facts.ip_country)
        recent, ordered = self._recent[facts.currency_code], self._sorted[facts.currency_code]
        recent.append(facts.total)
        insort(ordered, facts.total)
        if len(recent) > RECENT_ORDERS:
            ordered.remove(recent.popleft())


def _sources(facts: OrderFacts) -> dict[str, str]:
    """What an order came from, by kind, as far as it is known."""
    known = {"ip": facts.ip_key, "card": facts.card_key}
    return {kind: f"{kind} {value}" for kind, value in known.items() if value}


def _median(ordered: list[Decimal], fewest: int) -> Decimal | None:
    return ordered[len(ordered) // 2] if len(ordered) >= fewest else None
