"""Brightpearl over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from connectors.brightpearl.credits import Credits
from connectors.brightpearl.goods import Goods
from connectors.brightpearl.orders import Orders
from connectors.brightpearl.payments import Payments
from connectors.brightpearl.prices import Prices
from connectors.brightpearl.records import Records
from connectors.brightpearl.reference import Reference
from connectors.brightpearl.stock import Stock
from connectors.brightpearl.webhooks import Webhooks


class Brightpearl(Orders, Credits, Goods, Payments, Prices, Records, Reference, Stock, Webhooks):
    """One account. Thread-safe.

    Every method raises TransientError, ConfigError or ContractError besides what it names; writes
    also OutcomeUnknownError and RejectedError.
    """
