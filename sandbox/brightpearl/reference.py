"""Reference data of the sandbox account: what an administrator set up before any order came."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import pycountry

ACCOUNT_CODE = "sandbox"
APP_REF = "causeway_app"
ACCOUNT_TOKEN = "sandbox-account-token"  # noqa: S105 - the sandbox's well-known credential
STAFF_TOKEN = "sandbox-staff-token"  # noqa: S105 - the sandbox's well-known credential
OAUTH_TOKEN = "sandbox-oauth-token"  # noqa: S105 - the sandbox's well-known credential
OAUTH_INSTANCE_ID = 11
BASE_CURRENCY = "GBP"
TIME_ZONE = "Europe/London"
API_USER_ID = 4
DEFAULT_WAREHOUSE = 2
DEFAULT_LOCATION = 2
TRACKING_LENGTH = 64
VERSION = "4.95.2647"

ORDER_TYPE_IDS = {"SO": 1, "PO": 2, "SC": 3, "PC": 4}
ORDER_TYPE_NAMES = {
    "1": "SALES_ORDER",
    "2": "PURCHASE_ORDER",
    "3": "SALES_CREDIT",
    "4": "PURCHASE_CREDIT",
}


@dataclass(frozen=True, slots=True)
class Status:
    """An order status; ids are unique over all order types."""

    id: int
    name: str
    order_type: str
    state: str


STATUSES = {
    status.id: status
    for status in (
        Status(1, "Draft / Quote", "SO", "draft"),
        Status(2, "New web order", "SO", "sales"),
        Status(3, "Awaiting payment", "SO", "sales"),
        Status(4, "Invoiced", "SO", "invoiced"),
        Status(5, "Cancelled", "SO", "cancelled"),
        Status(6, "Pending PO", "PO", "draft"),
        Status(7, "Placed with supplier", "PO", "placed"),
        Status(8, "Received", "PO", "placed"),
        Status(9, "New sales credit", "SC", "draft"),
        Status(10, "Credit completed", "SC", "sales"),
        Status(11, "New purchase credit", "PC", "draft"),
        Status(17, "Ready to pick", "SO", "sales"),
        Status(18, "Shipped", "SO", "sales"),
        Status(19, "Completed", "SO", "sales"),
        Status(20, "On hold", "SO", "sales"),
        Status(21, "Credit cancelled", "SC", "cancelled"),
        Status(22, "Back order", "SO", "sales"),
    )
}
CANCELLED_STATUS = {"SO": 5, "SC": 21}
INVOICED_STATUS = {"SO": 4, "SC": 10}
HOLD_STATUS = 20
BACK_ORDER_STATUS = 22
DEFAULT_STATUS = {"SO": 2, "PO": 6, "SC": 9, "PC": 11}


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax code; rate in percent, None where the vendor leaves it out."""

    id: int
    code: str
    description: str
    rate: Decimal | None = None


TAX_CODES = {
    tax.code: tax
    for tax in (
        TaxCode(1, "T20", "Standard rate", Decimal(20)),
        TaxCode(2, "T5", "Reduced rate", Decimal(5)),
        TaxCode(3, "T0", "Zero rate"),
        TaxCode(4, "T9", "Outside the scope of VAT"),
    )
}
WAREHOUSES = {2: "Main warehouse", 3: "Overflow warehouse"}
QUARANTINE_LOCATIONS = {2: 3, 3: 4}
"""By warehouse: where units wait that may not be sold."""
CHANNELS = {1: "Brightpearl", 2: "BigCommerce UK", 3: "BigCommerce Wholesale"}


@dataclass(frozen=True, slots=True)
class PriceList:
    """A price list; `gross` says how orders show its prices, stored values are net."""

    id: int
    code: str
    name: str
    type_code: str
    gross: bool


PRICE_LISTS = {
    listed.id: listed
    for listed in (
        PriceList(1, "COST", "Cost price", "BUY", gross=False),
        PriceList(2, "RETAIL", "Retail", "SELL", gross=True),
        PriceList(3, "WHOLESALE", "Wholesale", "SELL", gross=False),
    )
}
DEFAULT_PRICE_LIST = 2
CONTACT_TAGS = {
    9: ("Web shop", "#00ff00"),
    16: ("VIP", "#ff0000"),
    17: ("Trade", "#0000ff"),
}
SHIPPING_METHODS = {
    1: ("NONE", "No shipping"),
    2: ("RM2", "Royal Mail 2nd Class"),
    3: ("COU24", "Courier next day"),
    4: ("INTTRK", "International tracked"),
    5: ("COLLECT", "Customer collection"),
}
PAYMENT_METHODS = {
    1: ("CARD", "Credit or debit card"),
    2: ("PAYPAL", "PayPal"),
    3: ("BANK", "Bank transfer"),
    4: ("GIFTCERT", "Gift certificate"),
    5: ("STORECREDIT", "Store credit"),
    6: ("CASH", "Cash"),
}
CURRENCIES = {
    "GBP": (1, "£", Decimal(1)),
    "EUR": (2, "€", Decimal("1.15")),
    "USD": (3, "$", Decimal("1.25")),
}
NOMINAL_CODES = {
    "2110": "Gift certificates",
    "4000": "Sales",
    "4910": "Carriage",
    "4920": "Gift wrapping",
    "7900": "Rounding",
}
DEFAULT_NOMINAL_CODE = "4000"
STOCK_STATUS_IDS = {
    "SON": 1,
    "SOP": 2,
    "SOA": 3,
    "SCN": 4,
    "SCP": 5,
    "SCA": 6,
    "PON": 7,
    "POP": 8,
    "POA": 9,
    "PCN": 10,
    "PCP": 11,
    "PCA": 12,
    "NON": 13,
}
STOCK_STATUS_NAMES = {
    "NON": "Unset",
    **{
        f"{code}{suffix}": f"{what} {text}"
        for code, what in (
            ("SO", "Sales order"),
            ("SC", "Sales credit"),
            ("PO", "Purchase order"),
            ("PC", "Purchase credit"),
        )
        for suffix, text in (("N", "not fulfilled"), ("P", "part fulfilled"), ("A", "fulfilled"))
    },
}
"""`Unset` is recorded, the others are our reading."""
SHIPPING_STATUSES = {
    "NST": (1, "No stock tracked products on order"),
    "SNS": (2, "Stock not shipped"),
    "SPS": (3, "Stock part shipped"),
    "ASS": (4, "All stock shipped"),
}
PAYMENT_STATUS_IDS = {"UNPAID": 1, "PARTIALLY_PAID": 2, "PAID": 3, "NOT_APPLICABLE": 5}
CUSTOM_FIELDS = {
    "order": (
        (101, "PCF_BCORDER", "Web order number", "TEXT", {}),
        (102, "PCF_GIFTMSG", "Gift message", "TEXT_AREA", {}),
        (103, "PCF_TEAM", "Team", "SELECT", {137: "Team A", 138: "Team B"}),
    ),
    "product": (
        (111, "PCF_WIDTH", "Width", "INTEGER", {}),
        (112, "PCF_CARE", "Care", "TEXT", {}),
        (113, "PCF_IMAGE", "Image", "TEXT", {}),
        (114, "PCF_SEASON", "Season", "SELECT", {141: "Summer", 142: "Winter"}),
    ),
    "contact": ((121, "PCF_WEBID", "Web customer number", "TEXT", {}),),
}
BRAND, CATEGORY = (74, "Other"), (296, "Other")
"""What every account has from the start."""
PRODUCT_TYPES = {1: "None", 2: "Clothing"}
OPTIONS = {1: "Size", 2: "Colour", 3: "Material", 4: "Length", 5: "Finish"}
MOST_OPTIONS = 4
"""Of a product in a group."""


@cache
def countries() -> dict[str, tuple[int, str, str, str]]:
    """By alpha-2 and alpha-3 code: (id, alpha-2, alpha-3, name). Ids are this account's own."""
    listed = sorted(pycountry.countries, key=lambda country: str(country.name))
    found = {}
    for number, country in enumerate(listed, start=1):
        entry = (number, str(country.alpha_2), str(country.alpha_3), str(country.name))
        found[entry[1]] = found[entry[2]] = entry
    found["XK"] = found["XKX"] = (len(listed) + 1, "XK", "XKX", "Kosovo")
    return found


@cache
def country_by_id(country_id: int) -> tuple[int, str, str, str] | None:
    """The same entry by country id, or None."""
    return next((entry for entry in countries().values() if entry[0] == country_id), None)


def configuration() -> dict[str, Any]:
    """Account configuration; the resource exists, its field names are our reading."""
    return {
        "configuration": {
            "baseCurrencyCode": BASE_CURRENCY,
            "timeZone": TIME_ZONE,
            "defaultWarehouseId": DEFAULT_WAREHOUSE,
            "defaultPriceListId": DEFAULT_PRICE_LIST,
            "accountCode": ACCOUNT_CODE,
        }
    }
