"""How well the points of risk separate scripted fraud from genuine orders."""

import csv
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from core.settings import CheckSettings
from evaluation.figures import Figure
from intelligence.addresses import Address, check_address
from intelligence.order_history import OrderHistory
from intelligence.risk import Checkout, Party, RiskVerdict, facts_of, score_order
from store.database import open_database
from store.order_checks import OrderChecks
from tasks.orders.checks import keep_scored, score_with_history

BATCH = 100


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


def score_all(rows: list[dict[str, str]]) -> list[RiskVerdict]:
    """The verdict on each order, with the history of those before it."""
    history = OrderHistory()
    verdicts = []
    for row in rows:
        facts = facts_of(checkout_of(row))
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


def evaluate(data: Path) -> list[Figure]:
    """AUC, recall by scenario at the hold threshold, genuine orders held."""
    path = data / "fraud_scenarios" / "orders.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["date_created"])
    verdicts = score_all(rows)
    is_fraud = [row["label"] == "1" for row in rows]
    held: dict[str, list[bool]] = defaultdict(list)
    for row, verdict in zip(rows, verdicts, strict=True):
        held[row["kind"] if row["label"] == "1" else "genuine"].append(verdict.is_held)
    genuine = held.pop("genuine")
    again = score_all(rows)
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
