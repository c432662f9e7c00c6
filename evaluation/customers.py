"""How well duplicates of customers are found, and how fast."""

import resource
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path

from evaluation.figures import Figure
from evaluation.reading import read_rows
from intelligence.customers import Customer
from intelligence.duplicates import Duplicates, find_duplicates

COLUMNS = (
    *("unique_id", "cluster", "first_name", "last_name", "email", "phone"),
    *("street", "city", "zip"),
)
MANY = 100_000
"""Customers that time and memory are measured with."""


def read_customers(path: Path) -> tuple[list[Customer], dict[str, str]]:
    """Customers of a file of the reference data, and which person each one is."""
    rows = read_rows(path, COLUMNS)
    customers = [
        Customer(
            row["unique_id"], row["first_name"], row["last_name"], row["email"], row["phone"],
            row["street"], row["city"], row["zip"],
        )
        for row in rows
    ]  # fmt: skip
    return customers, {row["unique_id"]: row["cluster"] for row in rows}


def true_pairs(person: dict[str, str]) -> set[frozenset[str]]:
    """Every two records of one person."""
    records: dict[str, list[str]] = defaultdict(list)
    for record, who in person.items():
        records[who].append(record)
    return {frozenset(pair) for found in records.values() for pair in combinations(found, 2)}


def multiplied(customers: list[Customer], count: int) -> list[Customer]:
    """So many customers, made from a few: each copy of the list in towns of its own.

    First names, surnames and streets stay as frequent as they are.
    """
    made: list[Customer] = []
    for copy in range(count // len(customers) + 1):
        tag = f"{copy:03d}"
        made += [
            Customer(
                id=f"{copy}-{who.id}",
                first_name=who.first_name,
                last_name=who.last_name,
                email=who.email and who.email.replace("@", f"{tag}@", 1),
                phone=who.phone and f"{int(tag) + 200}{who.phone[3:]}",
                street=who.street and f"{int(tag) + 1}{who.street}",
                city=who.city and f"{who.city} {chr(97 + copy % 26)}{copy}",
                postcode=who.postcode and f"{tag}{who.postcode}",
            )
            for who in customers
        ]
    return made[:count]


def evaluate(data: Path, many: int = MANY) -> list[Figure]:
    """Precision and recall of the zones, people merged wrongly; time and memory of `many`."""
    files = sorted((data / "customers").glob("*.csv"))
    if not files:
        return []
    sets = [read_customers(path) for path in files]
    figures = [*_figures([(find_duplicates(customers), person) for customers, person in sets])]
    crowd = multiplied(sets[0][0], many)
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.process_time()
    find_duplicates(crowd)
    seconds = time.process_time() - started
    peak_mb = max(before_mb, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return [
        *figures,
        # Of one core: it does not depend on what else the machine is doing.
        Figure("cpu_seconds_of_many", seconds, 30, "at most"),
        Figure("peak_mb_of_many", peak_mb, 1500, "at most"),
    ]


def _figures(found: list[tuple[Duplicates, dict[str, str]]]) -> list[Figure]:
    truth = certain = certain_right = review = review_right = merged_wrongly = 0
    for duplicates, person in found:
        pairs = true_pairs(person)
        truth += len(pairs)
        for zone in ("certain", "review"):
            right = sum(
                frozenset((match.first, match.second)) in pairs
                for match in duplicates.of_zone(zone)
            )
            if zone == "certain":
                certain += len(duplicates.of_zone(zone))
                certain_right += right
            else:
                review += len(duplicates.of_zone(zone))
                review_right += right
        merged_wrongly += sum(
            len({person[record] for record in group}) > 1 for group in duplicates.groups
        )
    return [
        Figure("certain_precision", certain_right / certain if certain else 1.0, 0.995),
        Figure("people_merged_wrongly", merged_wrongly, 0, "at most"),
        Figure("recall", (certain_right + review_right) / truth if truth else 1.0, 0.90),
        Figure("certain_recall", certain_right / truth if truth else 1.0),
        Figure("review_precision", review_right / review if review else 1.0),
    ]
