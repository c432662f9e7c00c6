"""Brightpearl's side of a day: sales orders by our references, and sales credits, in pages."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from connectors.brightpearl.models import SalesCredit, SalesOrder, Unreadable
from connectors.budget import Priority
from core.ids import credit_ref, external_ref, order_id_of
from core.money import ZERO, two_places
from core.times import Day
from store.links import Links
from tasks.bigcommerce.refunds import REFUNDS, link_key
from tasks.brightpearl.sales_orders import AROUND, ORDERS, UNDONE, AgreedOrder, back_order_ids
from tasks.money import sides
from tasks.money.sides import AccountDay, BookedCredit, BookedOrder, Figure, StoreDay
from tasks.policy import RETRIED, step, with_retries
from tasks.reconciler.connections import Connections, connect, current_bundle
from tasks.reconciler.defects import each, quarantine

RECEIVED = {"RECEIPT": 1, "CAPTURE": 1, "PAYMENT": -1}
"""Payment types that move money, and which way as seen from a sales order."""
PAID_OUT = {"PAYMENT": 1, "RECEIPT": -1}
"""The same as seen from a sales credit."""
CLOCK_SKEW = timedelta(hours=1)
"""How far a credit's time may lie before its refund's."""
_OF_REFUND = re.compile(rf"{re.escape(external_ref(''))}(\d+)-R(\d+)")


@step("read-account", RETRIED)
def read_account(pair: str, day: Day, store: StoreDay) -> AccountDay:
    """Sales orders of the store's orders, those that name an order which the day lacks, credits.

    Searches give 500 rows a request; orders, credits and payments come 200 to one.

    Raises: TransientError, ConfigError, ContractError.
    """
    return AccountReader(connect(pair).at(Priority.CATALOGUE), day, store).read()


class AccountReader:
    """Reads Brightpearl's side of a day that the store's side is known of."""

    def __init__(self, connections: Connections, day: Day, store: StoreDay) -> None:
        self.day = day
        self.store = store
        self.connections = connections
        self.pair = connections.pair
        self.brightpearl = connections.brightpearl
        self.links = Links(connections.database)
        tables = current_bundle(connections).tables
        self.cancelled = {
            SalesOrder: tables["account_statuses"].get("cancelled"),
            SalesCredit: tables["credit_statuses"].get("cancelled"),
        }
        """Statuses of cancelled documents, where the tables have them."""
        self.agreed: Mapping[str, AgreedOrder] = {}
        self.broken: set[str] = set()
        """BigCommerce's ids of orders that cannot be read: a document breaks the model, or our own
        code fails."""

    def read(self) -> AccountDay:
        """All of it."""
        booked = self._with_back_orders(self._booked_orders(self._find_orders()))
        credits_, undone = self._credits(
            {i: one.order_id for one in booked.values() for i in one.ids}
        )
        for key, one in booked.items():
            if undone.get(key) == one.figures[Figure.TOTAL]:  # to the cent: it counts as cancelled
                booked[key] = replace(one, is_cancelled=True)
        refunded = {one.order_id for one in self.store.refunds} - self.store.orders.keys()
        links = self.links.get(self.pair.name, ORDERS, sorted(refunded))
        return AccountDay(
            orders=self._with_payments(booked),
            credits=tuple(credits_),
            other_orders=self._booked_orders({link.id_bp: key for key, link in links.items()}),
            unreadable=frozenset(self.broken),
        )

    def _find_orders(self) -> dict[str, str]:
        """BigCommerce's order id by Brightpearl's: of linked orders, and by their references."""
        known = self.store.orders.keys() | self.store.unreadable
        links = self.links.get(self.pair.name, ORDERS, sorted(known))
        self.agreed, defects = each(links.items(), AgreedOrder.of)
        self.broken |= defects.keys()
        quarantine(self.connections, ORDERS, defects)
        found = {link.id_bp: key for key, link in links.items()}
        start, end = self.day.starts_at - AROUND, self.day.ends_at + AROUND
        instance_id = self.pair.brightpearl.instance_id
        numbers = [int(key) for key in self.store.orders]
        among = range(min(numbers), max(numbers) + 1) if numbers else range(0)
        for row in with_retries(
            lambda: list(self.brightpearl.list_order_refs(start, end, instance_id))
        ):
            key = order_id_of(row.external_ref)
            if key and row.external_ref == external_ref(key):
                # One that the store's day lacks may be of it: by its number, or when entered.
                is_entered = row.created_on is None or self.day.holds(row.created_on)
                if key in known or int(key) in among or is_entered:
                    found[row.order_id] = key
        return found

    def _booked_orders(self, order_ids: Mapping[str, str]) -> dict[str, BookedOrder]:
        """Sales orders by BigCommerce's order id, copies added up.

        Cancelled ones only count where there is no other.
        """
        found: dict[str, list[SalesOrder]] = defaultdict(list)
        for document in self._read(order_ids):
            found[order_ids[document.id]].append(document)
        booked: dict[str, BookedOrder] = {}
        for key, documents in found.items():
            live = [one for one in documents if not self._is_cancelled(one)]
            shown = sorted(live or documents[:1], key=lambda one: int(one.id))
            ids = tuple(one.id for one in shown)
            figures = sides.total_of(self._figures(key, one) for one in shown)
            figures[Figure.ORDERS] = Decimal(sum(one.parent_id not in ids for one in shown))
            booked[key] = BookedOrder(
                order_id=key,
                ids=ids,
                currency_code=shown[0].currency_code,
                figures=figures,
                is_cancelled=not live,
                channel_id=shown[0].channel_id,
                placed_on=shown[0].placed_on,
            )
        return booked

    def _with_back_orders(self, booked: dict[str, BookedOrder]) -> dict[str, BookedOrder]:
        """Orders that are worth less than in the store, with what staff moved into back orders."""
        short = {
            one.ids[0]: key
            for key, one in booked.items()
            if (order := self.store.orders.get(key))
            and not one.is_cancelled
            and one.figures[Figure.TOTAL] < order.figures[Figure.TOTAL]
        }
        originals = back_order_ids(self.brightpearl, short)
        owners = {child: short[original] for child, original in originals.items()}
        for child in self._read(owners):
            key = owners[child.id]
            one = booked[key]
            if child.id not in one.ids and not self._is_cancelled(child):
                figures = sides.total_of([one.figures, self._figures(key, child)])
                figures[Figure.ORDERS] = one.figures[Figure.ORDERS]
                booked[key] = replace(one, ids=(*one.ids, child.id), figures=figures)
        return booked

    def _with_payments(self, booked: Mapping[str, BookedOrder]) -> dict[str, BookedOrder]:
        """Orders with the money that was received for them.

        A payment goes by its reference; one that staff entered, which may say anything, by its id.
        """
        owners = {i: key for key, one in booked.items() if not one.is_cancelled for i in one.ids}
        received: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for row in with_retries(lambda: list(self.brightpearl.list_payments(owners))):
            key = owners[row.order_id]
            sign = RECEIVED.get(row.payment_type, 0)
            if sign and row.amount:
                is_ours = row.transaction_ref.startswith(external_ref(""))
                ref = row.transaction_ref if is_ours else f"payment {row.payment_id}"
                name = sides.receipt_name(ref, row.currency_code, booked[key].currency_code)
                amount = received[key].get(name, ZERO) + sign * two_places(row.amount)
                received[key][name] = amount
        return {
            key: replace(
                one,
                receipts=received[key],
                figures={**one.figures, Figure.PAID: sides.own_money(received[key])},
            )
            for key, one in booked.items()
        }

    def _read(self, owners: Mapping[str, str]) -> list[SalesOrder]:
        """Sales orders by id. In: BigCommerce's order id by Brightpearl's."""
        documents = with_retries(lambda: self.brightpearl.get_sales_orders(owners))
        broken = {owners.get(one.order_id, "") for one in documents if isinstance(one, Unreadable)}
        self.broken |= broken - {""}
        return [one for one in documents if isinstance(one, SalesOrder)]

    def _is_cancelled(self, order: SalesOrder) -> bool:
        """Also by its status: an account may know no status of its own that cancels."""
        status_id = self.cancelled[type(order)]
        return order.is_cancelled or bool(status_id and order.status_id == status_id)

    def _figures(self, key: str, order: SalesOrder) -> dict[Figure, Decimal]:
        agreed = self.agreed.get(key, AgreedOrder())
        refs = {row.row_id: ref for ref, row in agreed.rows.items()}
        nets = sides.nets_of(
            (row.external_ref or refs.get(row.id, ""), row.net)
            for row in order.rows
            if not row.is_bundle_child
        )
        nets[Figure.GOODS] = order.total.net - nets[Figure.SHIPPED] - nets[Figure.ROUNDING]
        taxed, total = order.total.tax, order.total.gross
        return sides.cents(
            {Figure.ORDERS: Decimal(1), **nets, Figure.TAXED: taxed, Figure.TOTAL: total}
        )

    def _credits(
        self, order_ids: Mapping[str, str]
    ) -> tuple[list[BookedCredit], dict[str, Decimal]]:
        """Credits under the day's orders, of the refunds at hand, and those entered on the day.

        Out: also what the credits that undo whole orders are worth, by BigCommerce's order id.
        One search for all that is new or changed since the day's start, then whole credits, and
        their payments.
        """
        refunds = [(one.order_id, one.refund_id) for one in self.store.refunds]
        by_link = {link_key(*one): one for one in refunds}
        links = self.links.get(self.pair.name, REFUNDS, list(by_link))
        linked = {link.id_bp: by_link[key] for key, link in links.items()}
        refs = {credit_ref(*one) for one in refunds}
        since = self.day.starts_at - CLOCK_SKEW
        rows = with_retries(lambda: list(self.brightpearl.list_credit_refs(updated_since=since)))
        unknown = [row.parent_id for row in rows if row.parent_id not in {"", *order_ids}]
        parents = self.links.get(self.pair.name, ORDERS, unknown, by="id_bp")
        owners = {**{id_: link.key_bc for id_, link in parents.items()}, **order_ids}
        ids = {
            row.order_id
            for row in rows
            if row.external_ref in refs
            or row.parent_id in order_ids
            or (
                (row.parent_id in owners or _OF_REFUND.fullmatch(row.external_ref))
                and self.day.holds(row.created_on)
            )
        } | linked.keys()
        documents = with_retries(lambda: self.brightpearl.get_sales_credits(ids))
        broken = {one.order_id for one in documents if isinstance(one, Unreadable)}
        self.broken |= {linked[one][0] for one in broken & linked.keys()}
        live = [
            one for one in documents if isinstance(one, SalesCredit) and not self._is_cancelled(one)
        ]
        undoing = [one for one in live if one.external_ref.endswith(UNDONE)]
        refunding = sorted((one for one in live if one not in undoing), key=lambda one: int(one.id))
        undone = {order_id_of(one.external_ref): two_places(one.total.gross) for one in undoing}
        return self._booked_credits(refunding, linked, owners), undone

    def _booked_credits(
        self,
        documents: Sequence[SalesCredit],
        linked: Mapping[str, tuple[str, str]],
        owners: Mapping[str, str],
    ) -> list[BookedCredit]:
        """Credits with what left by each, in its own currency.

        In: ids of order and refund by those of linked credits, BigCommerce's order id by parent.
        """
        currencies = {one.id: one.currency_code for one in documents}
        paid: dict[str, dict[str, Decimal]] = {key: {} for key in currencies}
        for row in with_retries(lambda: list(self.brightpearl.list_payments(currencies))):
            if row.currency_code in {"", currencies[row.order_id]}:
                amount = PAID_OUT.get(row.payment_type, 0) * two_places(row.amount)
                known = paid[row.order_id].get(row.method_code, ZERO)
                paid[row.order_id][row.method_code] = known + amount
        booked: list[BookedCredit] = []
        for one in documents:
            named = _OF_REFUND.fullmatch(one.external_ref)
            order_id, refund_id = linked.get(one.id) or (named.groups() if named else ("", ""))
            figures = {
                Figure.REFUNDS: Decimal(1),
                Figure.REFUNDED: one.total.gross,
                Figure.REFUNDED_TAX: one.total.tax,
                Figure.PAID_BACK: sum(paid[one.id].values(), ZERO),
            }
            booked.append(
                BookedCredit(
                    order_id=order_id or owners.get(one.parent_id, ""),
                    credit_id=one.id,
                    currency_code=one.currency_code,
                    figures=sides.cents(figures),
                    refund_id=refund_id,
                    tenders=paid[one.id],
                    made_at=one.created_on,
                )
            )
        return booked
