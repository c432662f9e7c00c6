"""From the store's words to Brightpearl's: the mapping files applied, the money made to re-sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from core.frames import concat, frame
from core.money import ZERO
from core.orders import TRANSACTIONS
from core.refusals import REFUSALS
from core.settings import OrderSettings
from mappings.bundle import Bundle
from mappings.engine import Context, apply
from mappings.rows import order_rows
from tasks.orders.desired import Desired, Found
from tasks.policy import PURE, step
from tasks.reference import Known

MONEY_IN = ("purchase", "capture", "settled")
"""Transaction events that are money received; an authorisation is not."""
PAID = ("paid", "captured", "partially refunded", "refunded")
"""Payment statuses of an order whose money is in although no gateway reports a transaction."""


@dataclass(frozen=True)
class Transformed:
    """Desired frames, and what may not travel on (REFUSALS)."""

    desired: Desired
    refused: pd.DataFrame
    rounded: int
    """Orders that carry a rounding row."""


@step("transform-orders", PURE)
def transform_orders(
    found: Found, known: Known, bundle: Bundle, settings: OrderSettings
) -> Transformed:
    """Desired sales orders, rows, contacts and payments of a validated batch. Pure."""
    context = Context(
        zone=known.zone,
        tables=bundle.tables,
        known={"products": known.products},
        account_currency=known.account_currency,
    )
    rows = order_rows(
        found.orders,
        found.lines,
        found.charges,
        found.taxes,
        cap=settings.rounding_cap,
        rounding_nominal_code=settings.rounding_nominal_code,
        rates=tax_rates(bundle),
    )
    headers = apply(bundle.mapping("orders"), found.orders, context)
    finished = apply(bundle.mapping("order_rows"), rows.rows, context)
    accepted = found.orders[found.orders["order_id"].isin(headers.frame["order_id"])]
    contacts = apply(bundle.mapping("contacts"), _latest_per_person(accepted), context)
    payments = apply(bundle.mapping("payments"), settled(found.orders, found.transactions), context)
    desired = Desired(
        orders=found.orders,
        lines=found.lines,
        sales_orders=headers.frame,
        rows=finished.frame,
        contacts=contacts.frame,
        payments=payments.frame,
        stock_tracked=known.stock_tracked,
    )
    refused = concat(
        [
            rows.refusals,
            headers.refusals,
            finished.refusals,
            _of_orders(contacts.refusals, found.orders),
            payments.refusals,
            known.unknown_ids(desired),
        ],
        REFUSALS,
    )
    return Transformed(desired.without(set(refused["key"])), refused, rows.rounded)


def tax_rates(bundle: Bundle) -> list[Decimal]:
    """The tax rates, in percent, that the table of tax codes knows."""
    table = bundle.table("tax_codes")
    return [Decimal(value) for value in table.values]  # noqa: PD011 - a table, not a frame


def settled(orders: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """Money that came in: TRANSACTIONS rows, one per receipt, beside the order's `payment_method`.

    A capture and its settlement are one receipt (both name the same earlier transaction); several
    captures of one authorisation are several. An order
    that is paid although no gateway tells of it (cash, bank deposit, a settled manual payment)
    gets one receipt for what is not covered by store credit or gift certificates.
    """
    came_in = transactions[
        (transactions["status"] == "ok") & transactions["event"].isin(MONEY_IN)
    ].sort_values(["order_id", "transaction_id"], kind="stable")
    earlier = came_in["order_id"] + "/" + came_in["reference_transaction_id"]
    captured = set(earlier[came_in["event"] == "capture"])
    came_in = came_in[(came_in["event"] != "settled") | ~earlier.isin(captured)]
    told = concat([came_in, _offline(orders, transactions)], TRANSACTIONS)
    methods = orders.set_index("order_id")["payment_method"]
    return told.assign(payment_method=told["order_id"].map(methods).astype("str"))


def _offline(orders: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    silent = orders[
        orders["payment_status"].isin(PAID) & ~orders["order_id"].isin(transactions["order_id"])
    ]
    rows: list[dict[str, Any]] = []
    for order in silent.to_dict("records"):
        parts = {
            "offline": order["total_inc_tax"]
            - order["store_credit_amount"]
            - order["gift_certificate_amount"],
            "store_credit": order["store_credit_amount"],
            "gift_certificate": order["gift_certificate_amount"],
        }
        rows.extend(
            {
                "order_id": order["order_id"],
                "transaction_id": method,
                "event": "settled",
                "method": method,
                "gateway": "",
                "status": "ok",
                "amount": amount,
                "currency_code": order["currency_code"],
                "created_at": order["placed_at"],
            }
            for method, amount in parts.items()
            if amount > ZERO
        )
    return frame(rows, TRANSACTIONS)


def _latest_per_person(orders: pd.DataFrame) -> pd.DataFrame:
    """One order per e-mail, the newest: its addresses are the person's."""
    newest = orders.sort_values("placed_at", kind="stable").drop_duplicates(
        "email_key", keep="last"
    )
    return newest.reset_index(drop=True)


def _of_orders(refusals: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """A person who cannot become a contact holds up every order of that person."""
    if refusals.empty:
        return refusals
    people = orders.set_index("order_id")["email_key"]
    held = refusals.assign(email_key=refusals["key"].map(people)).drop(columns="key")
    named = orders[["order_id", "email_key"]].rename(columns={"order_id": "key"})
    return held.merge(named, on="email_key")[list(REFUSALS)]
