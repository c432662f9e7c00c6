"""The demo itself: what happens in which order, and the verdict at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agreement.customers import compare_customers
from agreement.prices import compare_prices
from agreement.products import compare_products
from cli.display import Progress
from connectors.bigcommerce.client import BigCommerce
from core.times import local_date, utc_now
from demo import scenario, summary
from demo.controls import SYSTEMS, Controls
from demo.installation import PAIR, Installation
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Runs

PLAIN = 40
"""Plain orders in a demo without files."""
AT_ONCE, EVERY_S = 8, 0.5
"""Shoppers, and how often so many of them come."""
LOADED_AT_ONCE, LOADED_EVERY_S = 20, 0.5
LOST = 2
"""Orders whose webhooks are lost on purpose."""
IDLE_WITHIN_S = 600.0
IDLE_PER_LOADED_S = 1.5
RUN_WITHIN_S = 300.0
SWEEP_OF_CUSTOMERS = "sweep-customers/every-5-minutes"
OF_ORDERS = "orders", "shipments", "refunds"
"""What is waited for before the next event of an order: stock and catalogue yield to orders."""
OF_CATALOGUE = "products", "prices"
"""What is waited for before the next change of a product."""
STOCK_OF_NEW_PRODUCT = 50
COUNTED_UNITS = 12
VISIBLE_WITHIN_S = 60
PLENTY = 20


def place_loaded_orders(installation: Installation) -> None:
    """The orders of the files that were loaded, earliest first, as fast as on a busy day."""
    left, source = installation.controls.source()
    installation.progress.step(f"{left} orders are loaded: {_source_text(source)}")
    within_s = max(IDLE_WITHIN_S, left * IDLE_PER_LOADED_S)
    while left:
        placed, left = installation.controls.place_next(LOADED_AT_ONCE)
        installation.placed += len(placed)
        installation.pause(LOADED_EVERY_S)
    installation.progress.step("all are placed")
    installation.wait_idle(within_s)


@dataclass
class Play:
    """One performance on an installation."""

    installation: Installation

    @property
    def progress(self) -> Progress:
        """What the audience sees."""
        return self.installation.progress

    @property
    def controls(self) -> Controls:
        """What shoppers and staff do."""
        return self.installation.controls

    def place_own_orders(self) -> None:
        """Plain orders and difficult ones, by webhooks that come twice, late or not at all."""
        self.progress.step(f"{PLAIN} shoppers order; a webhook in four comes twice, some come late")
        self.controls.deliver(duplicate_rate=0.25, reorder_rate=0.25)
        for _ in range(PLAIN // AT_ONCE):
            self._placed(self.controls.place({"generate": AT_ONCE}))
            self.installation.pause(EVERY_S)
        unpaid: list[str] = []
        for placement in scenario.difficult_orders(self.controls.skus()):
            self.progress.step(f"then: {placement.title}")
            ids = self._placed(self.controls.place(placement.orders))
            unpaid += ids if placement.is_paid_later else []
            self.installation.pause(EVERY_S)
        self.controls.deliver(duplicate_rate=0, reorder_rate=0)
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)
        self._pay_late(unpaid)
        self._lose_webhooks()
        self._create_missing_product()

    def change_own_orders(self) -> None:
        """What happens to orders after their import, on both sides, and a person's decision."""
        orders = scenario.reserved_orders(*self.controls.states())
        for change in scenario.changes_after_import(orders):
            self.progress.step(f"then: {change.title}")
            change.act(self.controls)
            self.installation.pause(EVERY_S)
            if change.is_waited_for:
                self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)
        quarantine = Quarantine(self.installation.database)
        cases = [entry for entry in quarantine.list(pair=PAIR) if entry.detail.get("proposal")]
        for case in cases:
            self.progress.step(f"a review case: {case.reason}")
        quarantine.approve([case.id for case in cases], now=utc_now())
        self.progress.step("a person approves it: causeway quarantine release --apply")
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)

    def change_loaded_orders(self) -> None:
        """Every order of the files is sent off; cancelling invoices become refunds."""
        ready = scenario.reserved_orders(*self.controls.states())
        self.progress.step(f"the warehouse sends {len(ready)} orders off, half of them in parts")
        for start in range(0, len(ready), LOADED_AT_ONCE):
            orders = ready[start : start + LOADED_AT_ONCE]
            parcels = (
                parcel
                for number, order in enumerate(orders)
                for parcel in scenario.parcels(order, number)
            )
            self.controls.ship(*parcels)
            self.installation.pause(LOADED_EVERY_S)
        # A refund of what is only just on its way would be a person's to decide.
        within_s = max(IDLE_WITHIN_S, len(ready) * IDLE_PER_LOADED_S)
        self.installation.wait_idle(within_s)
        refunded, left = self.controls.refund_next(LOADED_AT_ONCE)
        while left and refunded:
            more, left = self.controls.refund_next(LOADED_AT_ONCE)
            refunded += more
        self.progress.step(f"{len(refunded)} cancelling invoices become refunds")
        self.installation.wait_idle(within_s)

    def change_stock(self) -> None:
        """Stock changes in Brightpearl, and a number is typed into the store by hand."""
        arrived, counted, typed = self._stocked(3)
        self.progress.step(
            f"a delivery of 25 x {arrived} arrives, {counted} is counted anew in Brightpearl"
        )
        changes = [{"sku": arrived, "delta": 25}, {"sku": counted, "on_hand": COUNTED_UNITS}]
        self.controls.change_stock("brightpearl", changes)
        self.installation.wait_idle(IDLE_WITHIN_S, "stock")
        on_sale = self.controls.levels()[0]
        for sku in (arrived, counted):
            self.progress.step(f"on sale of {sku}: {_units(on_sale[sku])}")
        self.progress.step(
            f"somebody types 999 for {typed} in the store; the hourly audit finds it"
        )
        self.controls.change_stock("bigcommerce", [{"sku": typed, "on_hand": 999}])
        for _ in range(2):
            self._audit_stock()
            self._wait_for_adjustments()

    def change_customers(self) -> None:
        """A shopper registers and moves, staff rename a contact; a sweep is to find it."""
        answer = self.controls.call("bigcommerce", "POST", "customers", scenario.SHOPPER)
        self.progress.step("a shopper registers as a trade customer, with an address")
        self.installation.wait_idle(IDLE_WITHIN_S, "customers")
        moved = {
            "id": answer["id"],
            "addresses": [{"id": answer["address_ids"][0], "city": "Bath"}],
        }
        self.controls.call("bigcommerce", "POST", "customers", moved)
        contacts = self.controls.state("brightpearl", "contacts")["contacts"].values()
        email = scenario.SHOPPER["email"]
        (contact_id,) = (one["id"] for one in contacts if email in one["emails"].values())
        renamed = {"contact_id": contact_id, "set": {"last_name": "Lovelace-King"}}
        self.controls.call("brightpearl", "POST", "contacts", renamed)
        self.progress.step("she moves; staff rename her contact; the sweep reads all customers")

    def customers(self) -> dict[str, list[str]]:
        """What differs of each customer and its contact."""
        return compare_customers(
            self.controls.state("bigcommerce", "customers"),
            self.controls.state("brightpearl", "contacts"),
            scenario.GROUP_TAGS,
        )

    def change_products(self) -> None:
        """Staff make products in Brightpearl, and change one; the store has them as they are."""
        made = self.controls.change_products(scenario.PRODUCTS)
        self.progress.step(f"staff make {len(made)} products in Brightpearl, three of them a group")
        keys = [f"product:{one['product_id']}" for one in made]
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_CATALOGUE)
        self.controls.change_products([{"edit": made[0]["product_id"], **scenario.NEW_TEXT}])
        self.progress.step(f"they change the text of {keys[0]}")
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_CATALOGUE)

    def change_prices(self) -> None:
        """Staff change a price in Brightpearl; the store asks it."""
        lamp = scenario.PRODUCTS[0]["sku"]
        self.controls.change_products([{"edit": lamp, "price_ex_tax": scenario.NEW_PRICE}])
        self.progress.step(f"they change the price of {lamp} to {scenario.NEW_PRICE}")
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_CATALOGUE)

    def prices(self) -> dict[str, list[str]]:
        """What differs of each SKU's price that both systems have."""
        return compare_prices(
            self.controls.state("bigcommerce", "variants"),
            self.controls.state("brightpearl", "products"),
            scenario.RETAIL,
        )

    def products(self) -> dict[str, list[str]]:
        """What differs of each product that both systems have."""
        made = {str(one["sku"]) for one in scenario.PRODUCTS}
        found = compare_products(
            self.controls.state("bigcommerce", "products", "variants"),
            self.controls.state("brightpearl", "products"),
        )
        return found | {sku: ["it is not in the store"] for sku in made - found.keys()}

    def tie_outs(self) -> list[dict[str, Any]]:
        """The money of each day played, both systems side by side, as the nightly run does it."""
        with closing(BigCommerce(self.installation.settings.pair().bigcommerce)) as store:
            zone = store.get_store().time_zone
        placed = [
            datetime.fromisoformat(order["created_at"])
            for order in self.controls.state("bigcommerce", "orders")["orders"].values()
        ]
        days = sorted({local_date(moment, zone).isoformat() for moment in placed})
        for day in days:
            self.progress.step(f"causeway audit money --day {day}")
            self.installation.run("audit-money/nightly", RUN_WITHIN_S, parameters={"day": day})
        return Runs(self.installation.database).last(PAIR, flow="audit-money", limit=len(days))

    def _placed(self, ids: Sequence[str]) -> Sequence[str]:
        self.installation.placed += len(ids)
        return ids

    def _pay_late(self, unpaid: Sequence[str]) -> None:
        for order_id in unpaid:
            self.controls.pay(order_id)
        self.installation.not_timed.update(unpaid)
        self.progress.step("the late payment comes in")
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)

    def waiting(self) -> list[str]:
        """The cases that a person has to decide on, a line each."""
        cases = Quarantine(self.installation.database).list(pair=PAIR)
        return [f"{one.entity} {one.key}, {one.class_}: {one.reason}" for one in cases]

    def _lose_webhooks(self) -> None:
        self.controls.deliver(loss_rate=1)
        lost = self._placed(self.controls.place({"generate": LOST}))
        self.controls.deliver(loss_rate=0)
        self.installation.not_timed.update(lost)
        self.progress.step(f"the webhooks of {LOST} orders are lost; the sweep finds the orders")
        self.installation.run("sweep-orders/every-5-minutes", RUN_WITHIN_S)
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)

    def _create_missing_product(self) -> None:
        """What a person would do: read the quarantine, set it right, release."""
        quarantine = Quarantine(self.installation.database)
        groups = quarantine.summary(PAIR)
        records = len({(one.entity, one.key) for one in quarantine.list(pair=PAIR)})
        cases = sum(group.count for group in groups)
        self.progress.step(f"in quarantine: {records} records for {cases} reasons")
        for group in groups:
            self.progress.step(f"  {group.count} x {group.class_} {group.value}")
        sku = scenario.ABSENT_SKU
        held = quarantine.list(pair=PAIR, class_="sku", value=sku)
        self.installation.not_timed.update(entry.key for entry in held)
        self.progress.step(f"staff create {sku} in Brightpearl; then: causeway quarantine release")
        self.controls.add_product(sku, "Summer hat, red", STOCK_OF_NEW_PRODUCT)
        released = quarantine.release(PAIR, ids=[entry.id for entry in held], now=utc_now())
        self.progress.step(f"{len(released)} orders are released together")
        self.installation.wait_idle(IDLE_WITHIN_S, *OF_ORDERS)

    def _audit_stock(self) -> None:
        self.installation.run("audit-stock/hourly", RUN_WITHIN_S)
        (found,) = Runs(self.installation.database).last(PAIR, flow="audit-stock", limit=1)
        self.progress.step(f"causeway audit stock: {found['says']}")
        for drift in found["drifted"][:3]:
            self.progress.step(f"  {drift['sku']}: {drift['cause']}")

    def _wait_for_adjustments(self) -> None:
        """Wait until the store shows every adjustment: some are looked up after 30 seconds."""
        inbox = Inbox(self.installation.database)
        self.installation.wait_idle(IDLE_WITHIN_S, "stock")
        for _ in range(VISIBLE_WITHIN_S):
            if not inbox.reasons(PAIR, "stock", "parked"):
                break
            self.installation.pause(1)
        self.installation.wait_idle(IDLE_WITHIN_S, "stock")

    def _stocked(self, count: int) -> list[str]:
        """SKUs that both systems have a lot of."""
        on_sale, levels = self.controls.levels()
        found = [sku for sku in on_sale if sku in levels and _units(on_sale[sku]) >= PLENTY]
        return sorted(found)[:count]


def perform(installation: Installation, document_path: Path) -> dict[str, Any]:
    """Play, judge, write the document; gives it.

    Raises: CausewayError when a process ends or work does not.
    """
    play, controls = Play(installation), installation.controls
    controls.reset_requests()
    if installation.options.orders:
        place_loaded_orders(installation)
        play.change_loaded_orders()
    else:
        play.place_own_orders()
        play.change_own_orders()
    # No order changes any more. Sweeps and audits yield to all other work: they have until the end.
    with ThreadPoolExecutor() as background:
        audited = background.submit(play.tie_outs)
        swept: Future[float] | None = None
        if not installation.options.orders:
            play.change_products()
            play.change_prices()
            play.change_customers()
            swept = background.submit(installation.run, SWEEP_OF_CUSTOMERS, RUN_WITHIN_S)
        play.change_stock()
        if swept is not None:
            swept.result()
        installation.wait_idle(IDLE_WITHIN_S)
        tie_outs = audited.result()
    requests = {system: controls.counted(system) for system in SYSTEMS}
    document = summary.to_json(
        installation.verdict(),
        requests,
        installation.progress.seconds,
        tie_outs,
        None if installation.options.orders else play.customers(),
        products=None if installation.options.orders else play.products(),
        prices=None if installation.options.orders else play.prices(),
        waiting=play.waiting(),
    )
    summary.write(document, document_path)
    return document


def _units(places: Mapping[str, Sequence[int]]) -> int:
    return sum(level[1] for level in places.values())


def _source_text(source: Mapping[str, Any]) -> str:
    left_out = sum(source.get("left_out", {}).values())
    return (
        f"{source.get('rows', 0)} rows, {source.get('invoices', 0)} invoices, "
        f"{source.get('cancelling_invoices', 0)} of them cancellations, {left_out} rows left out"
    )
