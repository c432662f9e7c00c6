"""The store's fixed facts: credentials, statuses, channels, tax classes, shipping, currencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

STORE_HASH = "sandbox"
STORE_ID = 1025646
ACCESS_TOKEN = "sandbox-access-token"  # noqa: S105 - the sandbox's well-known credential
CLIENT_ID = "sandbox-client-id"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - the sandbox's well-known credential
ACCOUNT_UUID = "6f2e1d4c-9a54-4c1f-8f6d-2b7a90c3e511"
STAFF_ID = 24654
"""Whoever works in the control panel."""
TIME_ZONE = "Europe/London"
CURRENCY = "GBP"
LOCATION = 1

INCOMPLETE, PENDING, SHIPPED, PARTIALLY_SHIPPED, REFUNDED, CANCELLED, DECLINED = range(7)
AWAITING_PAYMENT, AWAITING_PICKUP, AWAITING_SHIPMENT, COMPLETED = range(7, 11)
AWAITING_FULFILLMENT, _, DISPUTED, PARTIALLY_REFUNDED = range(11, 15)


@dataclass(frozen=True, slots=True)
class Status:
    """An order status. `place` is its position in lists."""

    id: int
    name: str
    label: str
    description: str
    place: int


_STATUSES = (
    (0, "Incomplete", "The shopper never finished paying.", 0),
    (1, "Pending", "Placed; payment is not finished.", 1),
    (2, "Shipped", "Sent; receipt is not confirmed.", 8),
    (3, "Partially Shipped", "Some of it is sent.", 6),
    (4, "Refunded", "All of it is paid back.", 11),
    (5, "Cancelled", "Cancelled by the seller or the shopper.", 9),
    (6, "Declined", "Turned down by the seller or the payment.", 10),
    (7, "Awaiting Payment", "Placed; the payment is to come.", 2),
    (8, "Awaiting Pickup", "Packed; waits for the customer.", 5),
    (9, "Awaiting Shipment", "Packed; waits for the carrier.", 4),
    (10, "Completed", "Received, or downloaded.", 7),
    (11, "Awaiting Fulfillment", "Paid; to be picked.", 3),
    (12, "Manual Verification Required", "Held for a check by hand.", 13),
    (13, "Disputed", "The payment is disputed.", 12),
    (14, "Partially Refunded", "Some of it is paid back.", 14),
)
STATUSES: Mapping[int, Status] = {
    number: Status(number, name, name, text, place) for number, name, text, place in _STATUSES
}

CHANNELS = (
    {"id": 1, "name": "UK web", "type": "storefront", "platform": "bigcommerce"},
    {"id": 2, "name": "Wholesale", "type": "storefront", "platform": "bigcommerce"},
    {"id": 3, "name": "Marketplace", "type": "marketplace", "platform": "custom"},
)
CHANNEL_IDS = (1, 2, 3)
"""What the catalogue holds is sold on every channel."""
DEFAULT_CHANNEL = 1


@dataclass(frozen=True, slots=True)
class TaxClass:
    """A tax class with its rate in the United Kingdom; abroad nothing is taxed."""

    id: int
    name: str
    rate_percent: Decimal


STANDARD = TaxClass(0, "Standard rate", Decimal(20))
REDUCED = TaxClass(1, "Reduced rate", Decimal(5))
ZERO_RATE = TaxClass(2, "Zero rate", Decimal(0))
TAX_CLASSES = (STANDARD, REDUCED, ZERO_RATE)
HOME = "GB"
"""Orders that go anywhere else carry no tax."""

SHIPPING: Mapping[str, Decimal] = {
    "Royal Mail 2nd Class": Decimal("3.95"),
    "Next day courier": Decimal("7.50"),
    "International tracked": Decimal("12.80"),
    "Collection": Decimal("0.00"),
}
"""Methods at checkout with their usual price ex tax."""


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay at checkout. `provider` is the order's payment_provider_id."""

    name: str
    gateway: str
    transaction_method: str
    provider: str
    is_offline: bool = False


PAYMENT_METHODS: Mapping[str, PaymentMethod] = {
    method.name: method
    for method in (
        PaymentMethod("Credit card", "stripe", "credit_card", "stripe"),
        PaymentMethod("PayPal", "paypalcommerce", "electronic_wallet", "paypalcommerce"),
        PaymentMethod("Bank deposit", "offline", "offline", "bankdeposit", is_offline=True),
        PaymentMethod("Cash", "offline", "offline", "instore", is_offline=True),
    )
}
GIFT_CERTIFICATE = PaymentMethod("Gift Certificate", "giftcertificate", "gift_certificate", "")
STORE_CREDIT = PaymentMethod("Store Credit", "storecredit", "store_credit", "")

CURRENCIES: Mapping[str, tuple[int, Decimal]] = {
    "GBP": (1, Decimal(1)),
    "EUR": (2, Decimal("1.1723000000")),
    "USD": (3, Decimal("1.2914000000")),
}
"""Id, and how much of it the store's currency buys."""
QUOTAS: Mapping[str, int] = {"standard": 150, "plus": 150, "pro": 450, "enterprise": 10_000}
WINDOW_S = 30


def tax_class_for(rate_percent: Decimal) -> TaxClass:
    """The class whose rate in the United Kingdom this is; the standard one for any other."""
    return next((tax for tax in TAX_CLASSES if tax.rate_percent == rate_percent), STANDARD)


GROUPS: Mapping[int, str] = {1: "VIP", 2: "Trade"}
"""Customer groups; 0 is none."""
GROUPS_MADE = "2018-09-05T13:43:54+00:00"
