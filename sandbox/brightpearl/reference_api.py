"""Reference data over the API."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Routes, answer
from sandbox.brightpearl.refusals import not_found
from sandbox.brightpearl.search import Column, Search
from sandbox.kit.routing import Reply

routes = Routes()
Row = tuple[Any, ...]


def _chosen(call: Call, listed: dict[int, dict[str, Any]]) -> Reply:
    if "ids" not in call.params:
        return answer(list(listed.values()))
    return answer([listed[number] for number in call.id_set().among(listed, listed)])


@routes("GET", "/order-service/order-status", "/order-service/order-status/{ids}")
def order_statuses(_account: Account, call: Call) -> Reply:
    """Of every order type."""
    listed = {
        status.id: {
            "statusId": status.id,
            "name": status.name,
            "orderTypeCode": status.order_type,
            "sortOrder": position,
            "disabled": False,
            "visible": True,
            "color": "#E7E6E4",
            "remindAfterDays": 0,
            "alertEmails": [],
            "emailContent": "",
            "batchProcess": False,
            "state": status.state,
        }
        for position, status in enumerate(reference.STATUSES.values())
    }
    return _chosen(call, listed)


@routes("GET", "/order-service/order-type")
def order_types(_account: Account, _call: Call) -> Reply:
    """The four types."""
    return answer(
        [
            {"id": number, "code": code, "name": reference.ORDER_TYPE_NAMES[str(number)]}
            for code, number in reference.ORDER_TYPE_IDS.items()
        ]
    )


@routes("GET", "/order-service/order-shipping-status")
def shipping_statuses(_account: Account, _call: Call) -> Reply:
    """The four shipping statuses."""
    return answer(
        [
            {"id": number, "code": code, "description": text}
            for code, (number, text) in reference.SHIPPING_STATUSES.items()
        ]
    )


@routes("GET", "/order-service/order-stock-status")
def stock_statuses(_account: Account, _call: Call) -> Reply:
    """Fulfilment statuses with their numbers in searches (13 is observed, the others are ours)."""
    return answer(
        [{"id": number, "code": code} for code, number in reference.STOCK_STATUS_IDS.items()]
    )


@routes("GET", "/warehouse-service/warehouse", "/warehouse-service/warehouse/{ids}")
def warehouses(_account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    entry = reference.countries()["GB"]
    listed = {
        number: {
            "id": number,
            "name": name,
            "address": {
                "addressId": 2000 + number,
                "streetAddress": f"{number} Dock Road",
                "postcode": "BS1 4DJ",
                "city": "Bristol",
                "state": "",
                "countryId": entry[0],
                "countryIsoCode2": entry[1],
            },
        }
        for number, name in reference.WAREHOUSES.items()
    }
    return _chosen(call, listed)


@routes("GET", "/warehouse-service/warehouse/{id}/location/default")
def default_location(account: Account, call: Call) -> Reply:
    """Its id."""
    if call.number("id") not in reference.WAREHOUSES:
        not_found("No warehouse found")
    if call.number("id") in account.without_default_location:
        not_found("No default location found")
    return answer(reference.DEFAULT_LOCATION)


@routes("GET", "/warehouse-service/shipping-method", "/warehouse-service/shipping-method/{ids}")
def shipping_methods(_account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    listed = {
        number: {"id": number, "code": code, "name": name}
        for number, (code, name) in reference.SHIPPING_METHODS.items()
    }
    return _chosen(call, listed)


@routes("GET", "/accounting-service/tax-code", "/accounting-service/tax-code/{ids}")
def tax_codes(_account: Account, call: Call) -> Reply:
    """All, or those of a set; the rate is left out where it is nought."""
    listed = {}
    for tax in reference.TAX_CODES.values():
        document: dict[str, Any] = {"id": tax.id, "code": tax.code, "description": tax.description}
        if tax.rate is not None:
            document["rate"] = float(tax.rate)
        listed[tax.id] = document
    return _chosen(call, listed)


@routes("GET", "/product-service/channel", "/product-service/channel/{ids}")
def channels(_account: Account, call: Call) -> Reply:
    """All, or those of a set."""
    listed = {
        number: {
            "id": number,
            "name": name,
            "channelTypeId": 1,
            "defaultWarehouseId": reference.DEFAULT_WAREHOUSE,
            "defaultPriceListId": reference.DEFAULT_PRICE_LIST,
            "channelBrandId": 1,
            "warehouseIds": list(reference.WAREHOUSES),
            "showInChannelMenu": True,
        }
        for number, name in reference.CHANNELS.items()
    }
    return _chosen(call, listed)


@routes("GET", "/accounting-service/payment-method", "/accounting-service/payment-method/{ids}")
def payment_methods(_account: Account, call: Call) -> Reply:
    """All, or those of a set; each with a bank account for every currency."""
    listed = {
        number: {
            "id": number,
            "name": name,
            "code": code,
            "isActive": True,
            "bankAccounts": [
                {
                    "paymentMethodId": number,
                    "currencyIsoCode": currency,
                    "bankAccountNominalCode": "1200",
                }
                for currency in reference.CURRENCIES
            ],
            "installedIntegrationId": "0",
        }
        for number, (code, name) in reference.PAYMENT_METHODS.items()
    }
    return _chosen(call, listed)


@routes("GET", "/integration-service/account-configuration")
def account_configuration(_account: Account, _call: Call) -> Reply:
    """Base currency, time zone and defaults (field names are our reading)."""
    return answer(reference.configuration())


def _table(path: str, names: str, types: str, rows: Sequence[Row]) -> Search[Row]:
    """A search over fixed reference data; the first column is the id."""
    columns = [
        Column[Row](name, type_name, lambda row, index=index: row[index])  # type: ignore[misc] # mypy cannot infer a lambda with a default
        for index, (name, type_name) in enumerate(zip(names.split(), types.split(), strict=True))
    ]
    return Search[Row](path=path, columns=columns, records=lambda _: rows)


TABLES = (
    _table(
        "/warehouse-service/warehouse-search",
        "id name typeDescription addressId",
        "IDSET SEARCH_STRING STRING INTEGER",
        [
            (number, name, "Warehouse", 2000 + number)
            for number, name in reference.WAREHOUSES.items()
        ],
    ),
    _table(
        "/warehouse-service/shipping-method-search",
        "id code name",
        "IDSET STRING SEARCH_STRING",
        [(number, code, name) for number, (code, name) in reference.SHIPPING_METHODS.items()],
    ),
    _table(
        "/accounting-service/payment-method-search",
        "id code name isActive",
        "IDSET STRING SEARCH_STRING BOOLEAN",
        [(number, code, name, True) for number, (code, name) in reference.PAYMENT_METHODS.items()],
    ),
    _table(
        "/accounting-service/currency-search",
        "id name code symbol exchangeRate isDefault",
        "IDSET STRING STRING STRING STRING BOOLEAN",
        [
            (number, code, code, symbol, f"{rate:.6f}", rate == Decimal(1))
            for code, (number, symbol, rate) in reference.CURRENCIES.items()
        ],
    ),
    _table(
        "/accounting-service/nominal-code-search",
        "id code name",
        "IDSET STRING SEARCH_STRING",
        [(int(code), code, name) for code, name in reference.NOMINAL_CODES.items()],
    ),
)
for _search in TABLES:
    _search.register(routes)
