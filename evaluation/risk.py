"""How well the points of risk separate fraud from genuine orders: scripted, and public ones."""

import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import IPv4Address
from itertools import groupby
from pathlib import Path

from sklearn.metrics import average_precision_score

from core.settings import CheckSettings
from evaluation.figures import Figure
from evaluation.reading import read_rows
from intelligence.addresses import Address, check_address
from intelligence.order_history import OrderHistory
from intelligence.risk import Checkout, Party, RiskVerdict, facts_of, score_order
from store.database import open_database
from store.order_checks import OrderChecks
from tasks.orders.checks import keep_scored, score_with_history

COLUMNS = (
    *(
        "order_id",
        "date_created",
        "email",
        "name",
        "ip",
        "ip_country",
        "card_country",
        "avs",
        "cvv",
    ),
    *("failed_payments_24h", "account_age_min", "customer_past_orders", "total", "bill_country"),
    *("bill_street", "bill_city", "bill_zip", "ship_name", "ship_country", "ship_street"),
    *("ship_city", "ship_zip", "label", "kind"),
)
PUBLIC_COLUMNS = (
    *("user_id", "signup_time", "purchase_time", "purchase_value", "ip_address", "class"),
)
BATCH = 100
RISKIEST = 0.05
"""The share of public transactions whose precision is asked for."""


def checkout_of(row: dict[str, str]) -> Checkout:
    """An order of the reference data as it came in."""
    return Checkout(
        order_id=row["order_id"],
        placed_at=datetime.fromisoformat(row["date_created"]).replace(tzinfo=UTC),
        email=row["email"],
        total=Decimal(row["total"]),
        billing=Party(
            row["name"], row["bill_street"], row["bill_city"], row["bill_zip"], row["bill_country"]
        ),
        shipping=Party(
            row["ship_name"], row["ship_street"], row["ship_city"], row["ship_zip"],
            row["ship_country"],
        ),
        ip=row["ip"],
        ip_country=row["ip_country"],
        card_country=row["card_country"],
        avs=row["avs"],
        cvv=row["cvv"],
        failed_payments=int(row["failed_payments_24h"]),
        account_age_min=float(row["account_age_min"]) if row["account_age_min"] else None,
        past_orders=int(row["customer_past_orders"]),
    )  # fmt: skip


def public_checkout(row: dict[str, str]) -> Checkout:
    """A first purchase of the public transactions: one account each, and no address."""
    placed_at, made_at = (
        datetime.fromisoformat(row[name]).replace(tzinfo=UTC)
        for name in ("purchase_time", "signup_time")
    )
    ip = row["ip_address"]
    return Checkout(
        order_id=row["user_id"],
        placed_at=placed_at,
        email=f"{row['user_id']}@example.com",
        total=Decimal(row["purchase_value"]),
        billing=Party(),
        shipping=Party(),
        ip=str(IPv4Address(int(float(ip)))) if ip.replace(".", "", 1).isdecimal() else ip,
        account_age_min=(placed_at - made_at).total_seconds() / 60,
    )


def score_all(orders: Sequence[Checkout]) -> list[RiskVerdict]:
    """The verdict on each order, with the history of those before it."""
    history = OrderHistory()
    verdicts = []
    for order in orders:
        facts = facts_of(order)
        verdicts.append(score_order(facts, history.before(facts)))
        history.add(facts)
    return verdicts


def area_under_curve(points: list[int], is_fraud: list[bool]) -> float:
    """How often a fraudulent order has more points than a genuine one; ties count half."""
    above = ties = below_so_far = 0
    ordered = sorted(zip(points, is_fraud, strict=True))
    for _, same in groupby(ordered, key=lambda pair: pair[0]):
        labels = [label for _, label in same]
        frauds = sum(labels)
        above += frauds * below_so_far
        ties += frauds * (len(labels) - frauds)
        below_so_far += len(labels) - frauds
    frauds = sum(is_fraud)
    return (above + ties / 2) / (frauds * (len(is_fraud) - frauds))


def precision_of_riskiest(points: Sequence[int], is_fraud: Sequence[bool]) -> float:
    """The share of fraud among the riskiest five percent; of equal points a part by chance."""
    left = wanted = max(1, round(len(points) * RISKIEST))
    total, frauds = (
        Counter(points),
        Counter(one for one, fraud in zip(points, is_fraud, strict=True) if fraud),
    )
    found = 0.0
    for one in sorted(total, reverse=True):
        taken = min(left, total[one])
        found += frauds[one] * taken / total[one]
        left -= taken
    return found / wanted


def evaluate(data: Path) -> list[Figure]:
    """The figures of both kinds of data, as far as they are there."""
    scripted, public = data / "fraud_scenarios" / "orders.csv", data / "fraud_public"
    return [
        *(_of_scenarios(scripted) if scripted.is_file() else ()),
        *(figure for path in sorted(public.glob("*.csv")) for figure in _of_public(path)),
    ]


def _of_public(path: Path) -> list[Figure]:
    """Average precision, precision of the riskiest, and AUC with and without the worst month."""
    rows = sorted(read_rows(path, PUBLIC_COLUMNS), key=lambda row: row["purchase_time"])
    points = [one.points for one in score_all([public_checkout(row) for row in rows])]
    is_fraud = [row["class"] == "1" for row in rows]
    months = [row["purchase_time"][:7] for row in rows]
    worst = Counter(
        month for month, fraud in zip(months, is_fraud, strict=True) if fraud
    ).most_common(1)[0][0]
    others = [place for place, month in enumerate(months) if month != worst]
    figures = [
        Figure("public: average precision", float(average_precision_score(is_fraud, points)), 0.60),
        Figure(
            "public: precision of the riskiest 5 %", precision_of_riskiest(points, is_fraud), 0.9
        ),
        Figure("public: auc", area_under_curve(points, is_fraud)),
    ]
    fraud_of_others = [is_fraud[place] for place in others]
    if any(fraud_of_others):
        auc = area_under_curve([points[place] for place in others], fraud_of_others)
        figures.append(Figure("public: auc without the month of most fraud", auc))
    return figures


def _of_scenarios(path: Path) -> list[Figure]:
    """AUC, recall by scenario at the hold threshold, genuine orders held."""
    rows = sorted(read_rows(path, COLUMNS), key=lambda row: row["date_created"])
    orders = [checkout_of(row) for row in rows]
    verdicts = score_all(orders)
    is_fraud = [row["label"] == "1" for row in rows]
    held: dict[str, list[bool]] = defaultdict(list)
    for row, verdict in zip(rows, verdicts, strict=True):
        held[row["kind"] if row["label"] == "1" else "genuine"].append(verdict.is_held)
    genuine = held.pop("genuine")
    again = score_all(orders)
    return [
        Figure("auc", area_under_curve([verdict.points for verdict in verdicts], is_fraud), 0.98),
        *(
            Figure(f"recall_{kind}", sum(values) / len(values), 0.6)
            for kind, values in sorted(held.items())
        ),
        Figure("genuine_held", sum(genuine) / len(genuine), 0.01, "at most"),
        Figure("replay_scores_the_same", float(again == verdicts), 1.0),
        Figure("cost_ms_an_order", cost_ms(rows), 20, "at most"),
    ]


def cost_ms(rows: list[dict[str, str]]) -> float:
    """CPU time of all checks of an order as a sync makes them, in batches of 100.

    With a database of their own, and with the tables that the first batch has to read.
    """
    settings = CheckSettings(risk="hold")
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(f"sqlite:///{folder}/checks.db")
        checks = OrderChecks(database)
        started = time.process_time()
        for start in range(0, len(rows), BATCH):
            orders = [checkout_of(row) for row in rows[start : start + BATCH]]
            for order in orders:
                goods = order.shipping
                check_address(Address(goods.street, goods.city, "", goods.postcode, goods.country))
            facts = [facts_of(order) for order in orders]
            verdicts = score_with_history(checks, "evaluated", facts, settings)
            keep_scored(checks, "evaluated", facts, verdicts, now=orders[-1].placed_at)
        spent = time.process_time() - started
        database.close()
    return spent * 1000 / len(rows)
