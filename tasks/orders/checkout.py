"""What the checks of an order read of its documents: addresses, and what came with the checkout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.models import Address as StoreAddress
from connectors.bigcommerce.models import Order, Transaction
from intelligence.addresses import Address
from intelligence.risk import Checkout, Party

NO_TIME = timedelta()
NOBODY = frozenset({"", "0"})
"""The customer of a guest's order."""
FAILED = frozenset({"error", "declined", "failed"})
"""What gateways call a payment that came to nothing."""


def written(address: StoreAddress) -> Address:
    """An address of the store's order, as it is checked."""
    street = ", ".join(part for part in (address.street_1, address.street_2) if part.strip())
    return Address(street, address.city, address.state, address.zip, address.country_iso2)


def delivery_addresses(order: Order) -> list[StoreAddress]:
    """Where goods go, each once; none of an order that is collected or has nothing to send."""
    return list({written(one): one for one in order.consignments.shipping}.values())


def checkout_of(
    order: Order,
    transactions: Sequence[Transaction] = (),
    *,
    account_made_at: datetime | None = None,
) -> Checkout:
    """What is known of an order when it comes in.

    AVS, CVV and card are only known where the gateway passes them on. An account that the checkout
    itself makes may be a little younger than its order.
    """
    age = None if account_made_at is None else max(order.date_created - account_made_at, NO_TIME)
    sent = next(iter(delivery_addresses(order)), order.billing_address)
    cards = [one for one in transactions if one.avs_result.code or one.cvv_result.code]
    used = cards[-1] if cards else None
    return Checkout(
        order_id=order.id,
        placed_at=order.date_created,
        email=order.billing_address.email,
        total=order.total_inc_tax,
        billing=_party(order.billing_address),
        shipping=_party(sent),
        currency_code=order.default_currency_code,
        ip=order.ip_address,
        ip_country="" if order.ip_address else order.geoip_country_iso2,
        card=next((one.credit_card.key for one in transactions if one.credit_card.key), ""),
        avs=used.avs_result.code.upper() if used else "",
        cvv=used.cvv_result.code.upper() if used else "",
        account_age_min=None if age is None else age.total_seconds() / 60,
        failed_payments=sum(one.status.casefold() in FAILED for one in transactions),
    )


def accounts_made_at(store: BigCommerce, orders: Sequence[Order]) -> dict[str, datetime]:
    """When the accounts were made that orders belong to, by customer; guests have none.

    Raises: TransientError, ConfigError, ContractError.
    """
    customers = {order.customer_id for order in orders} - NOBODY
    return {one.id: one.date_created for one in store.list_accounts(customers)}


def _party(address: StoreAddress) -> Party:
    return Party(
        name=f"{address.first_name} {address.last_name}".strip(),
        street=written(address).street,
        city=address.city,
        postcode=address.zip,
        country=address.country_iso2.upper(),
    )
