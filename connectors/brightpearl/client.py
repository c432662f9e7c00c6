"""Brightpearl over HTTP: models in and out. Each request is sent once; tasks decide on retries."""

from __future__ import annotations

from connectors.brightpearl.account import Contacts, Payments, Products, Reference, Webhooks
from connectors.brightpearl.catalogue import Catalogue
from connectors.brightpearl.goods_notes import GoodsNotes
from connectors.brightpearl.messages import Messages
from connectors.brightpearl.orders import Credits, Orders
from connectors.brightpearl.stock import Stock


class Brightpearl(
    Messages,
    Orders,
    Credits,
    GoodsNotes,
    Payments,
    Contacts,
    Products,
    Catalogue,
    Reference,
    Stock,
    Webhooks,
):
    """One account. Thread-safe.

    Every method raises TransientError, ConfigError or ContractError besides what it names; writes
    also OutcomeUnknownError and RejectedError.
    """
