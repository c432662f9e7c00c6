"""What the store received for an order, by its own state."""

from __future__ import annotations

from decimal import Decimal

import pytest
from both_states import store_order

from agreement.money import paid_in

DEPOSIT = {"paid": "0", "payment_status": "", "payment_method": "Bank deposit"}


@pytest.mark.parametrize(
    ("status_id", "paid"), [(7, "0"), (11, "12.00"), (9, "12.00"), (2, "12.00"), (5, "0")]
)
def test_a_deposit_has_come_in_once_staff_let_its_order_go_on(status_id: int, paid: str) -> None:
    assert paid_in(store_order(status_id=status_id, **DEPOSIT)) == Decimal(paid)


def test_what_a_gateway_reports_is_what_came_in() -> None:
    order = store_order(status_id=11, payment_method="Credit card", paid="0", payment_status="")

    assert paid_in(order) == 0
    assert paid_in(store_order(paid="7.50", payment_status="captured")) == Decimal("7.50")
