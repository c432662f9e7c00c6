"""The store itself: information, time, channels, settings."""

from operator import itemgetter
from typing import Any

from sandbox.bigcommerce import filters, reference
from sandbox.bigcommerce.api import OK, Call, Routes, first_or_404, v3_page
from sandbox.bigcommerce.formats import iso, read_moment
from sandbox.bigcommerce.store import Store
from sandbox.kit.routing import Reply

routes = Routes()
Channel = dict[str, Any]
CHANNEL_FILTERS: dict[str, filters.Filter[Channel]] = {
    "available": filters.flag(lambda row: row["status"] in {"active", "connected", "prelaunch"}),
    **{
        name: filters.text(itemgetter(name), filters.LISTS[0])
        for name in ("status", "type", "platform")
    },
    "date_created": filters.moment(lambda row: read_moment(row["date_created"])),
    "date_modified": filters.moment(lambda row: read_moment(row["date_modified"])),
}
DOMAIN = "causeway-sandbox.example.com"


@routes("GET", "/v2/store")
def get_store(store: Store, _call: Call) -> Reply:
    """What the store says of itself; `id` is the hash, `store_id` the number."""
    return Reply(
        OK,
        {
            "id": reference.STORE_HASH,
            "store_id": reference.STORE_ID,
            "account_uuid": reference.ACCOUNT_UUID,
            "domain": DOMAIN,
            "secure_url": f"https://{DOMAIN}",
            "control_panel_base_url": f"https://store-{reference.STORE_HASH}.example.com",
            "status": "live",
            "name": "Causeway sandbox store",
            "first_name": "Store",
            "last_name": "Owner",
            "address": "1 High Street, Bath",
            "country": "United Kingdom",
            "country_code": reference.HOME,
            "phone": "+44 1225 555010",
            "admin_email": "owner@example.com",
            "order_email": "orders@example.com",
            "timezone": {
                "name": reference.TIME_ZONE,
                "raw_offset": 0,
                "dst_offset": 3600,
                "dst_correction": True,
                "date_format": {
                    "display": "jS M Y",
                    "export": "M jS Y",
                    "extended_display": "M jS Y @ g:i A",
                },
            },
            "language": "en",
            "currency": reference.CURRENCY,
            "currency_symbol": "£",
            "decimal_separator": ".",
            "thousands_separator": ",",
            "decimal_places": 2,
            "currency_symbol_location": "left",
            "weight_units": "KGS",
            "dimension_units": "Centimeters",
            "dimension_decimal_places": 2,
            "dimension_decimal_token": ".",
            "dimension_thousands_token": ",",
            "plan_name": store.switches.plan.capitalize(),
            "plan_level": store.switches.plan.capitalize(),
            "plan_is_trial": False,
            "industry": "gifts",
            "logo": [],
            "is_price_entered_with_tax": store.switches.tax_inclusive,
            "default_channel_id": 1,
            "default_site_id": 1000,
            "active_comparison_modules": [],
            "features": {
                "stencil_enabled": True,
                "sitewidehttps_enabled": True,
                "facebook_catalog_id": "",
                "checkout_type": "optimized",
                "wishlists_enabled": True,
                "graphql_storefront_api_enabled": True,
                "shopper_consent_tracking_enabled": False,
                "multi_storefront_enabled": True,
                "storefront_limits": {"active": 3, "total_including_inactive": 10},
            },
        },
    )


@routes("GET", "/v2/time")
def get_time(store: Store, _call: Call) -> Reply:
    """The store's clock."""
    return Reply(OK, {"time": int(store.now().timestamp())})


def _channel(store: Store, item: dict[str, Any]) -> dict[str, Any]:
    opened = iso(store.opened_at)
    return item | {
        "external_id": "",
        "is_listable_from_ui": True,
        "is_enabled": True,
        "is_visible": True,
        "status": "connected" if item["type"] == "marketplace" else "active",
        "icon_url": "",
        "date_created": opened,
        "date_modified": opened,
    }


@routes("GET", "/v3/channels")
def list_channels(store: Store, call: Call) -> Reply:
    """All sales channels, or those that the filters leave."""
    rows = [_channel(store, dict(item)) for item in reference.CHANNELS]
    rows = filters.select(call, rows, CHANNEL_FILTERS, {*filters.PAGING, "include"})
    return v3_page(store, call, rows, lambda row: row | _currencies(call))


@routes("GET", "/v3/channels/{id}")
def get_channel(store: Store, call: Call) -> Reply:
    """One sales channel."""
    wanted = call.id()
    found = first_or_404(item for item in reference.CHANNELS if item["id"] == wanted)
    return Reply(OK, {"data": _channel(store, dict(found)) | _currencies(call), "meta": {}})


def _currencies(call: Call) -> dict[str, Any]:
    """What a channel trades in, where `include` asks for it."""
    if not filters.includes(call, ("currencies",)):
        return {}
    enabled = list(reference.CURRENCIES)
    currencies = {"enabled_currencies": enabled, "default_currency": reference.CURRENCY}
    return {"currencies": currencies}


@routes("GET", "/v3/settings/inventory")
def inventory_settings(store: Store, call: Call) -> Reply:
    """When orders take stock. A channel overrides nothing here: all null."""
    settings: dict[str, Any] = {
        "product_out_of_stock_behavior": "do_nothing",
        "option_out_of_stock_behavior": "do_nothing",
        "update_stock_behavior": store.switches.update_stock_behavior,
        "edit_order_stock_adjustment": True,
        "refund_order_stock_adjustment": store.switches.cancel_returns_stock,
        "stock_level_display": "dont_show",
        "default_out_of_stock_message": "Out of stock",
        "hide_in_product_filtering": False,
        "show_pre_order_stock_levels": False,
        "show_out_of_stock_message": True,
    }
    if "channel_id" in call.query:
        settings = dict.fromkeys(settings)
    return Reply(OK, {"data": settings, "meta": {}})
