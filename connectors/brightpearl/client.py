"""Brightpearl over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from connectors.brightpearl.account import Contacts, Payments, Products, Reference, Webhooks
from connectors.brightpearl.goods_notes import GoodsNotes
from connectors.brightpearl.orders import Credits, Orders
from connectors.brightpearl.stock import Stock


class Brightpearl(
    Orders, Credits, GoodsNotes, Payments, Contacts, Products, Reference, Stock, Webhooks
):
    """One account. Thread-safe.

    Every method raises TransientError, ConfigError or ContractError besides what it names; writes
    also OutcomeUnknownError and RejectedError.
    """
