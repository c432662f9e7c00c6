"""What the checks of addresses and risk cost on an order's path, in batches as they are claimed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.environment import Bench
from bench.figures import Figure, at_most
from cli.services import sandbox_settings
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.models import Order
from connectors.brightpearl.client import Brightpearl
from core.settings import load_settings
from demo.controls import Controls
from sandbox.serve import Running, running
from store.database import open_database
from tasks.bigcommerce.order_frames import order_frames
from tasks.orders.checks import check_orders
from tasks.orders.entity import ORDERS
from tasks.orders.extract import Read
from tasks.reconciler.connections import Connections
from tasks.reconciler.run import Run

BATCH = 100
BATCHES, QUICK_BATCHES = 20, 5
MOST_MS = 20.0
PEOPLE = 400
"""Shoppers who take turns, so that most orders have others before them."""
PLENTY = 1_000_000
# What shoppers type: whole, without a part, misspelt, and with parts at each other's place.
PLACES: Sequence[tuple[str, str, str, str, str]] = (
    ("12 High St", "Reno", "Nevada", "89501", "US"),
    ("4 Main Street", "Renno", "NV", "89501", "US"),
    ("PO Box 7", "Phoenix", "AZ", "852032749", "US"),
    ("19 Elm Ave", "Phoenix", "Texas", "85003", "US"),
    ("10 Downing Street", "London", "", "SW1A2AA", "GB"),
    ("Flat 2, 3 Mill Road", "Bristol", "", "BS2O7XG", "GB"),
    ("Hauptstr. 5", "Berlin", "", "1011", "DE"),
    ("8 Rue de la Paix", "Paris", "", "75002", "FR"),
    ("", "Toronto", "ON", "M5V 2T6", "CA"),
    ("7 George St", "Sydney", "NSW", "2000", "AU"),
)


def measure(bench: Bench) -> list[Figure]:
    """The step on the path of new orders, with both checks set to `hold`; the first batch alone."""
    count = bench.pick(BATCHES, QUICK_BATCHES) * BATCH
    with running() as sandbox, _connected(sandbox, bench.folder / "checks") as connections:
        _place(sandbox, count)
        bench.progress.step(f"checks: {count} orders are placed")
        orders = [one for one in connections.bigcommerce.list_orders() if isinstance(one, Order)]
        took, flagged = _check(connections, orders)
    how = (
        f"{len(orders)} orders of {PEOPLE} shoppers in batches of {BATCH}, read from the sandbox; "
        "the step that checks addresses and risk, with what it keeps in SQLite; "
        f"{flagged} of them got a case or a note; milliseconds of computing an order, by batch: "
        + ", ".join(f"{one:.2f}" for one in took)
    )
    bar = at_most(MOST_MS)
    return [
        Figure("checks of an order, first batch of a process", took[0], "ms", how, bar),
        Figure("checks of an order, median of the other batches", median(took[1:]), "ms", how, bar),
        Figure("checks of an order, slowest of them", max(took[1:]), "ms", how, bar),
    ]


@contextmanager
def _connected(sandbox: Running, folder: Path) -> Iterator[Connections]:
    """A pair whose new orders are checked, with an empty database."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    urls = sandbox.bigcommerce_url, sandbox.brightpearl_url
    checked = {"CAUSEWAY_CHECKS__ADDRESSES": "hold", "CAUSEWAY_CHECKS__RISK": "hold"}
    settings = load_settings(sandbox_settings(folder, *urls, receiver_port=0) | checked)
    pair = settings.pair()
    with (
        closing(open_database(settings.database_url)) as database,
        closing(BigCommerce(pair.bigcommerce)) as store,
        closing(Brightpearl(pair.brightpearl)) as account,
    ):
        yield Connections(settings, pair, database, store, account)


def _place(sandbox: Running, count: int) -> None:
    account = sandbox.brightpearl_url.removesuffix("/public-api")
    with Controls(sandbox.bigcommerce_url, account) as controls:
        skus = controls.restock(PLENTY)
        for start in range(0, count, BATCH):
            controls.place([_basket(start + place, skus) for place in range(BATCH)])


def _basket(number: int, skus: Sequence[str]) -> dict[str, Any]:
    person = number % PEOPLE
    street, city, state, postcode, country = PLACES[number % len(PLACES)]
    to = {
        "first_name": f"Shopper {person}",
        "street_1": street,
        "city": city,
        "state": state,
        "zip": postcode,
        "country_iso2": country,
    }
    return {
        "lines": [{"sku": skus[number % len(skus)], "quantity": 1 + number % 3}],
        "email": f"shopper-{person}@example.com",
        "shipping": [{"to": to}],
    }


def _check(connections: Connections, orders: Sequence[Order]) -> tuple[list[float], int]:
    """Milliseconds an order of each batch, and how many orders got a case or a note."""
    run = Run(ORDERS, connections.pair.name, connections=connections)
    took, flagged = [], 0
    for start in range(0, len(orders), BATCH):
        batch = {one.id: one for one in orders[start : start + BATCH]}
        read = Read(order_frames(batch.values(), {}, {}), orders=batch)
        began = time.thread_time()
        flagged += len(check_orders(run, read, {}))
        took.append((time.thread_time() - began) * 1000 / len(batch))
    return took, flagged
