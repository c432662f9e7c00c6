"""A new paid order of one line as it should be in Brightpearl, to plan with."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from connectors.brightpearl.models import Address
from tasks.brightpearl.contacts import Person
from tasks.brightpearl.sales_orders import Payment, Row
from tasks.orders.frames import DesiredOrder, StoreOrder

PLACED = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Address(
    full_name="Ann Lee",
    line_1="1 High St",
    line_3="Leeds",
    post_code="LS1 1AA",
    country_iso3="GBR",
    email="a@example.com",
)
HOME = ("1 High St", "", "Leeds", "", "LS1 1AA", "GBR")
PERSON = Person("a@example.com", "a@example.com", "Ann", "Lee", "", "", *HOME, *HOME)
LINE = Row("1", "product", "1001", "Shirt", 2, "T20", Decimal("10.00"), Decimal("2.00"), "4000", 1)
PAID = Payment("BC-1-7", "BC", "RECEIPT", Decimal("12.00"), "GBP", PLACED)
NEW = DesiredOrder(
    order_id="1",
    external_ref="BC-1",
    ref="1",
    placed_at=PLACED,
    tax_on="2026-03-01",
    status_id="2",
    channel_id="3",
    warehouse_id="2",
    price_list_id="4",
    price_mode_code="EXC",
    currency_code="GBP",
    exchange_rate=None,
    shipping_method_id="6",
    status_id_after="9",
    email_key="a@example.com",
    total_inc_tax=Decimal("12.00"),
    person=PERSON,
    billing=ANN,
    delivery=ANN,
    rows=(LINE,),
    payments=(PAID,),
    store=StoreOrder("11", "", 0),
    units={"1": ("1001", 2)},
    address_ids={"1": "50"},
)
