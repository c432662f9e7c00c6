"""Product prices and price lists. Stored values are net."""

from decimal import Decimal
from typing import Any

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.api import Call, Incoming, Routes, answer, done, options_answer
from sandbox.brightpearl.formats import four
from sandbox.brightpearl.id_sets import require_id_set
from sandbox.brightpearl.products import READ_LIMIT
from sandbox.brightpearl.records import Product
from sandbox.brightpearl.refusals import not_found, refuse
from sandbox.kit.routing import Reply

routes = Routes()


class ListPricesIn(Incoming):
    """Prices of one list by break quantity."""

    price_list_id: int
    quantity_price: dict[str, Decimal]


class PricesIn(Incoming):
    """Body of a price PUT."""

    price_lists: list[ListPricesIn] = Field(min_length=1)


@routes(
    "GET",
    "/product-service/product-price/{ids}",
    "/product-service/product-price/{ids}/price-list/{lists}",
)
def read_prices(account: Account, call: Call) -> Reply:
    """Up to 200 products; a list without a price shows `{}`; 404 when no product is found."""
    ids = call.id_set(limit=READ_LIMIT).among(account.products, account.products)
    lists = sorted(reference.PRICE_LISTS)
    if "lists" in call.params:
        lists = require_id_set(call.params["lists"]).among(lists, reference.PRICE_LISTS)
    if not ids or not lists:
        not_found("No Product Prices Found")
    return answer([_document(account, account.products[number], lists) for number in ids])


@routes("OPTIONS", "/product-service/product-price", "/product-service/product-price/{ids}")
def price_options(account: Account, call: Call) -> Reply:
    """GET paths that name existing products only."""
    return options_answer(account.products, call, "product-price")


def _document(account: Account, product: Product, lists: list[int]) -> dict[str, Any]:
    return {
        "productId": product.id,
        "priceLists": [
            {
                "priceListId": number,
                "currencyCode": _currency(account, number),
                "currencyId": reference.CURRENCIES[_currency(account, number)][0],
                "quantityPrice": {
                    quantity: four(value)
                    for quantity, value in product.prices.get(number, {}).items()
                },
            }
            for number in lists
        ],
    }


def _currency(account: Account, price_list_id: int) -> str:
    return account.list_currencies.get(price_list_id, reference.BASE_CURRENCY)


@routes("PUT", "/product-service/product-price/{id}/price-list")
def write_prices(account: Account, call: Call) -> Reply:
    """One product at a time; other lists keep their prices."""
    product = account.products.get(call.number("id"))
    if product is None:
        not_found("No product found")
    body = call.read(PricesIn)
    for listed in body.price_lists:
        if listed.price_list_id not in reference.PRICE_LISTS:
            refuse("PRDC-903", f"Price list {listed.price_list_id} does not exist")
    for listed in body.price_lists:
        kept = (
            product.prices.get(listed.price_list_id, {})
            if account.switches.price_breaks_kept
            else {}
        )
        product.prices[listed.price_list_id] = kept | listed.quantity_price
    account.touch_product(product)
    account.emit("product", product.id, "modified")
    return done()


@routes("GET", "/product-service/price-list", "/product-service/price-list/{ids}")
def read_price_lists(account: Account, call: Call) -> Reply:
    """All price lists, or those of a set."""
    wanted = call.id_set() if "ids" in call.params else None
    listed_in = {
        one: reference.CURRENCIES[_currency(account, one)] for one in reference.PRICE_LISTS
    }
    return answer(
        [
            {
                "id": listed.id,
                "name": {"languageCode": "en", "text": listed.name, "format": "PLAINTEXT"},
                "code": listed.code,
                "currencyCode": _currency(account, listed.id),
                "currencySymbol": listed_in[listed.id][1],
                "currencyId": listed_in[listed.id][0],
                "priceListTypeCode": listed.type_code,
                "gross": listed.gross,
            }
            for listed in reference.PRICE_LISTS.values()
            if wanted is None or listed.id in wanted
        ]
    )
