"""Where people find a record on each system's own screens; nothing of a sandbox, which has none."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.settings import BigCommerceSettings, BrightpearlSettings

VENDORS_API = "api.bigcommerce.com"
VENDORS_ACCOUNTS = ".brightpearlconnect.com"
SCREENS = ".brightpearlapp.com"


def store_order(store: BigCommerceSettings, order_id: str) -> str:
    """The order in BigCommerce's control panel; empty where there is none."""
    if urlsplit(store.api_url).hostname != VENDORS_API or not order_id.isdecimal():
        return ""
    return f"https://store-{store.store_hash}.mybigcommerce.com/manage/orders/{order_id}"


def account_order(account: BrightpearlSettings, order_id: str) -> str:
    """The sales order or credit in Brightpearl; empty where there is none."""
    host = urlsplit(account.api_url).hostname or ""
    if not host.endswith(VENDORS_ACCOUNTS) or not order_id.isdecimal():
        return ""
    screens = host.removesuffix(VENDORS_ACCOUNTS) + SCREENS
    return f"https://{screens}/patt-op.php?scode=invoice&oID={order_id}"
