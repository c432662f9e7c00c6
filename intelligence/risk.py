"""How risky an order is: points with their reasons, and whether a person should see it first.

A verdict is a function of stored facts alone (`OrderFacts` and what `intelligence.order_history`
counted before the order), so that a replay scores the same. Nothing here cancels or charges.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from ipaddress import IPv4Address

from ip3country import CountryLookup  # type: ignore[import-untyped]

from intelligence.contact_details import is_common_domain, is_disposable
from intelligence.places import fold
from intelligence.table_files import read_table

HOLD_FROM = 39
"""Points from which on a person sees the order before anything is reserved or picked."""
MANY_FAILED = 3
NEW_ACCOUNT_MIN = 24 * 60
"""Minutes; an account is new for a day."""
SMALL_ORDER = Decimal("0.3")
"""Of the median: what is bought to try whether a card works."""
LARGE_ORDER, HUGE_ORDER = Decimal(2), Decimal(5)
"""Times the median."""
RANDOM_TURNS = 3
"""So often letters and digits alternate in a mailbox that nobody chose."""


@dataclass(frozen=True, slots=True)
class Party:
    """A name and an address, as far as an order has them."""

    name: str = ""
    street: str = ""
    city: str = ""
    postcode: str = ""
    country: str = ""
    """ISO 3166 alpha-2."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """What an order says when it comes in; whatever is unknown is empty or None."""

    order_id: str
    placed_at: datetime
    """Aware, UTC."""
    email: str
    total: Decimal
    """Order currency, with tax."""
    billing: Party
    shipping: Party
    currency_code: str = ""
    ip: str = ""
    ip_country: str = ""
    """Looked up by the address where it is not given."""
    card: str = ""
    """What identifies the card without being its number, such as a fingerprint of the gateway."""
    card_country: str = ""
    avs: str = ""
    """The gateway's answer about the address: Y, A, Z, N, U."""
    cvv: str = ""
    """The gateway's answer about the security code: M, N, P."""
    failed_payments: int = 0
    """Of the last 24 hours."""
    account_age_min: float | None = None
    """None for a guest."""
    past_orders: int = 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is kept of an order to score it, again and again: nothing personal but short hashes."""

    order_id: str
    placed_at: datetime
    total: Decimal
    currency_code: str
    email_key: str
    ip_key: str
    card_key: str
    address_key: str
    """Of where the goods go."""
    billing_country: str
    shipping_country: str
    ip_country: str
    card_country: str
    avs: str
    cvv: str
    failed_payments: int
    account_age_min: float | None
    past_orders: int
    is_disposable: bool
    is_random_mailbox: bool
    is_forwarder: bool
    is_elsewhere: bool
    """The goods go to another address than the bill."""
    is_other_person: bool
    """The goods go to another person than the bill."""

    @property
    def has_new_account(self) -> bool:
        """Whether the account was made within the day before the order, and is its first one."""
        age = self.account_age_min
        return not self.past_orders and age is not None and age < NEW_ACCOUNT_MIN


def facts_of(order: Checkout) -> OrderFacts:
    """What is kept of an order. Pure: the table of countries of IP addresses is a package's."""
    goods = order.shipping
    is_elsewhere = _is_elsewhere(order)
    address = f"{fold(goods.street)}|{fold(goods.postcode)}|{goods.country}"
    return OrderFacts(
        order_id=order.order_id,
        placed_at=order.placed_at,
        total=order.total,
        currency_code=order.currency_code,
        email_key=email_name(order.email),
        ip_key=_hashed("ip", order.ip),
        card_key=_hashed("card", order.card),
        address_key=_hashed("address", address if goods.street else ""),
        billing_country=order.billing.country,
        shipping_country=goods.country,
        ip_country=order.ip_country or country_of_ip(order.ip),
        card_country=order.card_country,
        avs=order.avs,
        cvv=order.cvv,
        failed_payments=order.failed_payments,
        account_age_min=order.account_age_min,
        past_orders=order.past_orders,
        is_disposable=is_disposable(order.email),
        is_random_mailbox=_is_random(order.email),
        is_forwarder=is_forwarder(goods),
        is_elsewhere=is_elsewhere,
        is_other_person=is_elsewhere and fold(goods.name) != fold(order.billing.name),
    )


def email_name(email: str) -> str:
    """The name under which an e-mail stands in the facts of orders."""
    return _hashed("email", email.strip().casefold())


def _hashed(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind} {value}".encode()).hexdigest()[:16] if value else ""


@dataclass(frozen=True, slots=True)
class Before:
    """What was counted before an order; nothing where no history is kept."""

    emails_of_ip_hour: int = 0
    """Other e-mail addresses that ordered from the IP address within the hour."""
    emails_of_card_hour: int = 0
    """The same of the card."""
    new_accounts_of_ip: int = 0
    """Other new accounts that ordered from the IP address within a month."""
    orders_of_email_hour: int = 0
    orders_of_email: int = 0
    is_new_address: bool = False
    """A known customer sends goods to an address for the first time."""
    is_new_ip_country: bool = False
    """A known customer orders from a country for the first time."""
    median_total: Decimal | None = None
    """Of the shop's recent orders in this currency."""
    median_of_email: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One sign of risk and what it counts."""

    code: str
    points: int
    message: str


@dataclass(frozen=True, slots=True)
class RiskVerdict:
    """The points of one order, the weightiest reason first."""

    points: int
    reasons: tuple[Reason, ...]
    hold_from: int = HOLD_FROM

    @property
    def is_held(self) -> bool:
        """Whether a person should see the order first."""
        return self.points >= self.hold_from


@dataclass(frozen=True, slots=True)
class RiskRules:
    """What the merchant decides: from how many points on to hold, and points by code."""

    hold_from: int = HOLD_FROM
    points: Mapping[str, int] = field(default_factory=dict)

    def reason(self, code: str) -> Reason:
        """The reason of a code with the points of the merchant or of the table `risk_points`."""
        points, message = _shipped_points()[code]
        return Reason(code, self.points.get(code, points), message)


@cache
def _shipped_points() -> dict[str, tuple[int, str]]:
    return {row["code"]: (int(row["points"]), row["message"]) for row in read_table("risk_points")}


STANDARD = RiskRules()


def score_order(
    facts: OrderFacts, before: Before | None = None, rules: RiskRules = STANDARD
) -> RiskVerdict:
    """The verdict on one order. Pure: the same facts always give the same points."""
    before = before or Before()
    codes = [
        *_of_payment(facts),
        *_of_countries(facts),
        *_of_goods(facts, before),
        *_of_customer(facts, before),
        *_of_velocity(facts, before),
    ]
    reasons = [rules.reason(code) for code in codes]
    reasons.sort(key=lambda reason: (-reason.points, reason.code))
    points = max(0, sum(reason.points for reason in reasons))
    return RiskVerdict(points, tuple(reasons), rules.hold_from)


def country_of_ip(ip: str) -> str:
    """The country of an IPv4 address by the table of the package `ip3country`; empty if unknown."""
    try:
        number = int(IPv4Address(ip.strip()))
    except ValueError:
        return ""
    return str(_ip_table().lookupNumeric(number) or "")


@cache
def _ip_table() -> CountryLookup:
    table = CountryLookup()
    table.ipRanges = array(
        "Q", table.ipRanges
    )  # as a list of numbers it takes eight megabytes more
    return table


def _of_payment(facts: OrderFacts) -> Iterator[str]:
    if facts.failed_payments >= MANY_FAILED:
        yield "failed_payments_many"
    elif facts.failed_payments == MANY_FAILED - 1:
        yield "failed_payments_two"
    elif facts.failed_payments:
        yield "failed_payments_one"
    avs = {"N": "avs_no", "U": "avs_unknown", "A": "avs_partial", "Z": "avs_partial"}
    if facts.avs in avs:
        yield avs[facts.avs]
    cvv = {"N": "cvv_no", "P": "cvv_unknown"}
    if facts.cvv in cvv:
        yield cvv[facts.cvv]


def _of_countries(facts: OrderFacts) -> Iterator[str]:
    billing, shipping = facts.billing_country, facts.shipping_country
    if facts.ip_country and billing and facts.ip_country != billing:
        yield "ip_abroad" if facts.ip_country != shipping else "ip_where_it_ships"
    if facts.card_country and billing and facts.card_country != billing:
        yield "card_abroad"
    if billing and shipping and billing != shipping:
        yield "ships_abroad"


def _of_goods(facts: OrderFacts, before: Before) -> Iterator[str]:
    if facts.is_forwarder:
        yield "freight_forwarder"
    if facts.is_other_person:
        yield "ships_to_another_person"
    elif facts.is_elsewhere:
        yield "ships_elsewhere"
    median = before.median_total
    if median:
        is_large = facts.total >= median * LARGE_ORDER
        if facts.total >= median * HUGE_ORDER:
            yield "huge_order"
        elif is_large:
            yield "large_order"
        if is_large and facts.is_other_person:
            yield "large_order_elsewhere"


def _is_elsewhere(order: Checkout) -> bool:
    one, other = order.billing, order.shipping
    return bool(other.street) and (fold(one.street), fold(one.postcode)) != (
        fold(other.street),
        fold(other.postcode),
    )


def is_forwarder(party: Party) -> bool:
    """Whether an address is one that freight forwarders use, by the table `freight_forwarders`."""
    street, postcode = fold(f"{party.name} {party.street}"), party.postcode[:5]
    return any(
        (not row["country"] or row["country"] == party.country)
        and (not row["postcode"] or row["postcode"] == postcode)
        and (not row["text"] or re.search(rf"\b{re.escape(fold(row['text']))}\b", street))
        for row in _forwarders()
    )


@cache
def _forwarders() -> tuple[dict[str, str], ...]:
    return tuple(read_table("freight_forwarders"))


def _of_customer(facts: OrderFacts, before: Before) -> Iterator[str]:
    if facts.is_disposable:
        yield "disposable_email"
    elif facts.is_random_mailbox:
        yield "random_email"
    is_known = facts.past_orders > 0 or before.orders_of_email > 0
    if facts.has_new_account and not is_known:
        yield "new_account"
        if (facts.account_age_min or 0) < 1:
            yield "account_of_this_minute"
        if before.new_accounts_of_ip:
            yield "new_accounts_of_ip" if before.new_accounts_of_ip > 1 else "new_account_of_ip"
    if is_known and not before.is_new_address and not before.is_new_ip_country:
        yield "known_customer"
    if before.is_new_address and before.is_new_ip_country:
        yield "known_customer_from_elsewhere"
    elif before.is_new_address and facts.is_elsewhere:
        yield "known_customer_new_address"
    usual = before.median_of_email
    if usual and before.is_new_address and facts.total >= usual * LARGE_ORDER:
        yield "more_than_usual"


def _is_random(email: str) -> bool:
    """Whether a free mailbox seems to be drawn by lot: letters and digits in turns."""
    if not is_common_domain(email):
        return False
    local = email.split("@", maxsplit=1)[0].casefold()
    turns = re.findall(r"[a-z]+|\d+", local)
    return len(turns) > RANDOM_TURNS


def _of_velocity(facts: OrderFacts, before: Before) -> Iterator[str]:
    if before.emails_of_ip_hour > 1:
        yield "many_emails_of_ip"
    elif before.emails_of_ip_hour == 1:
        yield "two_emails_of_ip"
    if before.emails_of_card_hour:
        yield "card_of_several"
    if before.orders_of_email_hour > MANY_FAILED:
        yield "many_orders_of_email"
    median = before.median_total
    is_small = bool(median) and facts.total <= (median or 0) * SMALL_ORDER
    if is_small and (before.emails_of_ip_hour or facts.failed_payments):
        yield "small_order_repeated"
