"""The demo itself: what happens in which order, and the verdict at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from agreement.verdict import Sides, Verdict, judge
from cli.display import Progress
from cli.quarantine import matching
from connectors.bigcommerce.client import BigCommerce
from core.times import local_date, utc_now
from demo import script, summary
from demo.afterwards import Shelf, happenings, parcels
from demo.rest import Rest
from demo.stage import PAIR, Stage
from store.inbox import Inbox
from store.quarantine import Quarantine
from store.runs import Runs

ENTITY = "orders"
PLAIN = 40
"""Plain orders in a demo without files."""
AT_ONCE, EVERY_S = 2, 0.5
"""Shoppers, and how often so many of them come."""
LOADED_AT_ONCE, LOADED_EVERY_S = 20, 0.5
LOST = 2
"""Orders whose webhooks are lost on purpose."""
REST_WITHIN_S = 240.0
REST_PER_LOADED_S = 1.5
STOCK_OF_NEW_PRODUCT = 50
COUNTED_UNITS = 12
SEEN_WITHIN_S = 60
PLENTY = 20


@dataclass
class Play:
    """One performance on a stage that is set."""

    stage: Stage
    progress: Progress
    rest: Rest
    began_at: datetime = field(default_factory=utc_now)
    not_timed: set[str] = field(default_factory=set)
    """Orders that had to wait on purpose: they say nothing about speed."""

    def real_orders(self) -> None:
        """The orders of the files that were loaded, earliest first, as fast as a busy day."""
        left, source = self.stage.controls.source()
        self.progress.step(f"{left} orders are loaded: {_told(source)}")
        within_s = max(REST_WITHIN_S, left * REST_PER_LOADED_S)
        while left:
            placed, left = self.stage.controls.place_next(LOADED_AT_ONCE)
            self._placed(placed)
            self.rest.pause(LOADED_EVERY_S)
        self.progress.step("all are placed")
        self.rest.wait(within_s)

    def own_orders(self) -> None:
        """Plain orders and awkward ones, by webhooks that come twice, late or not at all."""
        controls = self.stage.controls
        self.progress.step(f"{PLAIN} shoppers order; a webhook in four comes twice, some come late")
        controls.deliver(duplicate_rate=0.25, reorder_rate=0.25)
        for _ in range(PLAIN // AT_ONCE):
            self._placed(controls.place({"generate": AT_ONCE}))
            self.rest.pause(EVERY_S)
        unpaid: list[str] = []
        for scene in script.scenes(controls.skus()):
            self.progress.step(f"then: {scene.title}")
            ids = self._placed(controls.place(scene.orders))
            unpaid += ids if scene.is_paid_later else []
            self.rest.pause(EVERY_S)
        controls.deliver(duplicate_rate=0, reorder_rate=0)
        self.rest.wait(REST_WITHIN_S)
        self._late_payment(unpaid)
        self._lost_webhooks()
        self._missing_product()

    def afterwards(self) -> None:
        """What happens to orders after their import, on both sides, and a person's word."""
        store, account = self.stage.controls.states()
        for happening in happenings(Shelf.of(store, account)):
            self.progress.step(f"then: {happening.title}")
            happening.act(self.stage.controls)
            self.rest.pause(EVERY_S)
            if happening.is_waited_for:
                self.rest.wait(REST_WITHIN_S)
        self.rest.wait(REST_WITHIN_S)
        quarantine = Quarantine(self.stage.database)
        cases = [entry for entry in quarantine.list(pair=PAIR) if entry.detail.get("proposal")]
        for case in cases:
            self.progress.step(f"a case: {case.reason}")
        quarantine.approve([case.id for case in cases], now=utc_now())
        self.progress.step("a person says so: causeway quarantine release --apply")
        self.rest.wait(REST_WITHIN_S)

    def stock(self) -> None:
        """Stock changes in Brightpearl, and a number is typed into the store by hand."""
        controls = self.stage.controls
        arrived, counted, typed = self._stocked(3)
        self.progress.step(
            f"a delivery of 25 x {arrived} arrives, {counted} is counted anew in Brightpearl"
        )
        controls.change_stock(
            {"sku": arrived, "delta": 25}, {"sku": counted, "on_hand": COUNTED_UNITS}
        )
        self.rest.wait(REST_WITHIN_S)
        on_sale = controls.levels()[0]
        for sku in (arrived, counted):
            units = sum(level[1] for level in on_sale[sku].values())
            self.progress.step(f"on sale of {sku}: {units}")
        self.progress.step(
            f"somebody types 999 for {typed} in the store; the hourly audit finds it"
        )
        controls.count_in_store(typed, 999)
        self._audit_stock()
        self._see_stock()
        self._audit_stock()
        self._see_stock()

    def _see_stock(self) -> None:
        """Wait until the store shows every adjustment: some are looked for after 30 seconds."""
        inbox = Inbox(self.stage.database)
        self.rest.wait(REST_WITHIN_S)
        for _ in range(SEEN_WITHIN_S):
            if not inbox.reasons(PAIR, "stock", "parked"):
                break
            self.rest.pause(1)
        self.rest.wait(REST_WITHIN_S)

    def _audit_stock(self) -> None:
        self.stage.run_now("audit-stock")
        (found,) = Runs(self.stage.database).last(PAIR, flow="audit-stock", limit=1)
        self.progress.step(f"causeway audit stock: {found['says']}")
        for drift in found["drifted"][:3]:
            self.progress.step(f"  {drift['sku']}: {drift['cause']}")

    def _stocked(self, count: int) -> list[str]:
        """SKUs that both systems have a lot of."""
        on_sale, levels = self.stage.controls.levels()
        found = [sku for sku in on_sale if sku in levels and _units(on_sale[sku]) >= PLENTY]
        return sorted(found)[:count]

    def real_afterwards(self) -> None:
        """Every order of the files is sent off; cancelling invoices become refunds."""
        store, account = self.stage.controls.states()
        ready = Shelf.of(store, account).orders
        self.progress.step(f"the warehouse sends {len(ready)} orders off, half of them in parts")
        for start in range(0, len(ready), LOADED_AT_ONCE):
            orders = ready[start : start + LOADED_AT_ONCE]
            self.stage.controls.ship(
                *(parcel for n, order in enumerate(orders) for parcel in parcels(order, n))
            )
            self.rest.pause(LOADED_EVERY_S)
        refunded, left = self.stage.controls.refund_next(LOADED_AT_ONCE)
        while left and refunded:
            more, left = self.stage.controls.refund_next(LOADED_AT_ONCE)
            refunded += more
        self.progress.step(f"{len(refunded)} cancelling invoices become refunds")
        self.rest.wait(max(REST_WITHIN_S, len(ready) * REST_PER_LOADED_S))

    def tie_outs(self) -> list[dict[str, Any]]:
        """The money of each day played, both systems side by side, as the nightly run does it."""
        with closing(BigCommerce(self.stage.settings.pair().bigcommerce)) as store:
            zone = store.get_store().time_zone
        placed = [
            datetime.fromisoformat(order["created_at"])
            for order in self.stage.controls.states()[0]["orders"].values()
        ]
        days = sorted({local_date(moment, zone).isoformat() for moment in placed})
        for day in days:
            self.progress.step(f"causeway audit money --day {day}")
            self.stage.run_now("audit-money", day=day)
        return Runs(self.stage.database).last(PAIR, flow="audit-money", limit=len(days))

    def verdict(self) -> Verdict:
        """Both sides, compared."""
        store, account = self.stage.controls.states()
        on_sale, levels = self.stage.controls.levels()
        sides = Sides(
            store,
            account,
            on_sale,
            levels,
            parked=Inbox(self.stage.database).reasons(PAIR, ENTITY, "parked").keys(),
            quarantined=self._quarantined(),
            not_timed=self.not_timed,
        )
        importable = self.stage.settings.pair().orders.importable_statuses
        return judge(sides, importable=importable, since=self.began_at)

    def _placed(self, ids: Sequence[str]) -> Sequence[str]:
        self.rest.placed += len(ids)
        return ids

    def _late_payment(self, unpaid: Sequence[str]) -> None:
        for order_id in unpaid:
            self.stage.controls.pay(order_id)
        self.not_timed.update(unpaid)
        self.progress.step("the late payment comes in")
        self.rest.wait(REST_WITHIN_S)

    def _lost_webhooks(self) -> None:
        controls = self.stage.controls
        controls.deliver(loss_rate=1)
        lost = self._placed(controls.place({"generate": LOST}))
        controls.deliver(loss_rate=0)
        self.not_timed.update(lost)
        self.progress.step(f"the webhooks of {LOST} orders are lost; the sweep finds the orders")
        self.stage.run_now("sweep-orders")
        self.rest.wait(REST_WITHIN_S)

    def _missing_product(self) -> None:
        """What a person would do: read the quarantine, set it right, release."""
        for line in self._waiting():
            self.progress.step(f"in quarantine: {line}")
        sku = script.ABSENT_SKU
        quarantine = Quarantine(self.stage.database)
        held = matching(quarantine.list(pair=PAIR), class_="sku", value=sku)
        self.not_timed.update(entry.key for entry in held)
        self.progress.step(f"staff create {sku} in Brightpearl; then: causeway quarantine release")
        self.stage.controls.add_product(sku, "Summer hat, red", STOCK_OF_NEW_PRODUCT)
        released = quarantine.release(PAIR, ids=[entry.id for entry in held], now=utc_now())
        self.progress.step(f"{len(released)} orders are released together")
        self.rest.wait(REST_WITHIN_S)

    def _waiting(self) -> list[str]:
        groups = Quarantine(self.stage.database).summary(PAIR)
        return [f"{group.count} x {group.class_} {group.value}" for group in groups]

    def _quarantined(self) -> set[str]:
        return {e.key for e in Quarantine(self.stage.database).list(pair=PAIR, entity=ENTITY)}


def perform(stage: Stage, progress: Progress, document_path: Path) -> dict[str, Any]:
    """Play, judge, write the document; gives it.

    Raises: CausewayError when a process ends or work does not.
    """
    rest = Rest(stage.database, stage.controls, progress, stage.processes.check)
    play = Play(stage, progress, rest)
    stage.controls.forget_requests()
    if stage.options.orders:
        play.real_orders()
        play.real_afterwards()
    else:
        play.own_orders()
        play.afterwards()
    play.stock()
    requests = stage.controls.requests()
    money = play.tie_outs()
    verdict = play.verdict()
    document = summary.to_json(verdict, requests, progress.seconds, money)
    summary.write(document, document_path)
    return document


def _units(places: Mapping[str, list[int]]) -> int:
    return sum(level[1] for level in places.values())


def _told(source: dict[str, Any]) -> str:
    left_out = sum(source.get("left_out", {}).values())
    return (
        f"{source.get('rows', 0)} rows, {source.get('invoices', 0)} invoices, "
        f"{source.get('cancelling_invoices', 0)} of them cancellations, {left_out} rows left out"
    )
