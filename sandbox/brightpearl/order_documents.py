"""Orders in the two shapes the API answers with."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.addresses import flat_document, party_document
from sandbox.brightpearl.formats import four, money, plain, six, stamp, two
from sandbox.brightpearl.order_state import is_cancelled
from sandbox.brightpearl.records import ZERO, Order, OrderRow

COST_PRICE_LIST = 1


def base_value(order: Order, value: Decimal) -> Decimal:
    """`value` in the base currency; a rate is order currency for one of the base (our reading)."""
    return money(value) if order.exchange_rate == 1 else money(value / order.exchange_rate)


def flat_order(account: Account, order: Order) -> dict[str, Any]:
    """`sales-order` and `sales-credit`: rows in no promised order, unset fields left out."""
    rows = [_flat_row(row) for row in order.rows.values()]
    if account.switches.shuffle_rows:
        account.random.shuffle(rows)
    document: dict[str, Any] = {
        "id": order.id,
        "customer": {"id": order.contact_id, "address": flat_document(order.customer_address)},
        "billing": {
            "contactId": order.billing_contact_id,
            "address": flat_document(order.billing_address),
        },
        "delivery": _flat_delivery(account, order),
        "ref": order.ref,
        "externalRef": order.external_ref,
        "installedIntegrationInstanceId": order.instance_id,
        "placedOn": stamp(order.placed_on, account.zone),
        "taxDate": stamp(order.tax_date, account.zone),
        "parentId": order.parent_id or None,
        "statusId": order.status_id,
        "warehouseId": order.warehouse_id,
        "channelId": order.channel_id,
        "staffOwnerId": order.staff_owner_id or None,
        "projectId": order.project_id or None,
        "leadSourceId": order.lead_source_id or None,
        "teamId": order.team_id or None,
        "priceListId": order.price_list_id,
        "priceModeCode": order.price_mode,
        "currency": {
            "code": order.currency_code,
            "fixedExchangeRate": order.fixed_exchange_rate,
            "exchangeRate": six(order.exchange_rate),
        },
        "rows": rows,
        "total": _flat_total(order),
        "isCanceled": is_cancelled(order) if account.switches.cancelled_status_is_set else None,
        "orderPaymentStatus": order.payment_status,
        "allocationStatusCode": order.allocation_status,
        "shippingStatusCode": order.shipping_status,
        "stockStatusCode": order.stock_status,
        "invoice": _invoice(account, order),
        "createdOn": stamp(order.created_on, account.zone),
        "createdBy": reference.API_USER_ID,
        "updatedOn": _stamp(account, order.updated_on),
        "costPriceListId": COST_PRICE_LIST,
        "orderWeighting": 0,
    }
    return {name: value for name, value in document.items() if value is not None}


def _stamp(account: Account, moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment, account.zone)


def _flat_delivery(account: Account, order: Order) -> dict[str, Any]:
    delivery: dict[str, Any] = {"address": flat_document(order.delivery_address)}
    if order.delivery_on is not None:
        delivery["date"] = stamp(order.delivery_on, account.zone)
    if order.shipping_method_id:
        delivery["shippingMethodId"] = order.shipping_method_id
    return delivery


def _flat_total(order: Order) -> dict[str, str]:
    net, tax = order.net, order.tax
    return {
        "net": two(net),
        "tax": two(tax),
        "gross": two(money(net) + money(tax)),
        "baseNet": two(base_value(order, net)),
        "baseTax": two(base_value(order, tax)),
        "baseGross": two(base_value(order, net) + base_value(order, tax)),
    }


def _flat_row(row: OrderRow) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "quantity": plain(row.quantity),
        "taxCode": row.tax_code,
        "net": four(row.net),
        "tax": four(row.tax),
        "nominalCode": row.nominal_code,
        "sequence": row.sequence,
        "productPrice": four(row.net / row.quantity),
        "discountPercentage": "0.00",
        "bundleChild": row.parent_row_id is not None,
        "bundleParent": row.bundle_parent,
        "taxClassId": reference.TAX_CODES[row.tax_code].id,
        "taxCalculator": "brightpearl",
        "clonedFromId": row.cloned_from,
    }
    if row.product_id is not None:
        document |= {"productId": row.product_id, "sku": row.sku}
    if row.external_ref is not None:
        document["externalRef"] = row.external_ref
    if row.parent_row_id is not None:
        document["parentRowId"] = row.parent_row_id
    return document


def _invoice(account: Account, order: Order) -> dict[str, str]:
    invoice = {"taxDate": stamp(order.tax_date, account.zone)}
    if order.invoice_reference is not None:
        invoice["invoiceReference"] = order.invoice_reference
        invoice["dueDate"] = stamp(order.tax_date, account.zone)
    return invoice


def party_order(
    account: Account, order: Order, options: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """`order`: parties, rows as a map by row id, all four order types."""
    document: dict[str, Any] = {
        "id": order.id,
        "parentOrderId": order.parent_id,
        "orderTypeCode": order.type_code,
        "reference": order.ref,
        "version": order.version,
        "state": {"tax": "INVOICED" if order.invoice_reference else "READY"},
        "orderStatus": {
            "orderStatusId": order.status_id,
            "name": reference.STATUSES[order.status_id].name,
        },
        "orderPaymentStatus": order.payment_status,
        "stockStatusCode": order.stock_status,
        "allocationStatusCode": order.allocation_status,
        "shippingStatusCode": order.shipping_status,
        "placedOn": stamp(order.placed_on, account.zone),
        "createdOn": stamp(order.created_on, account.zone),
        "createdById": reference.API_USER_ID,
        "priceListId": order.price_list_id,
        "priceModeCode": order.price_mode,
        "delivery": {"shippingMethodId": order.shipping_method_id},
        "invoices": [_invoice(account, order)],
        "currency": _party_currency(order),
        "totalValue": _party_total(order),
        "assignment": {"current": _assignment(order)},
        "parties": _parties(order),
        "orderRows": {str(row.id): _party_row(account, order, row) for row in order.rows.values()},
        "warehouseId": order.warehouse_id,
        "acknowledged": 0,
        "costPriceListId": COST_PRICE_LIST,
        "historicalOrder": False,
    }
    for name, moment in (("updatedOn", order.updated_on), ("closedOn", order.closed_on)):
        if moment is not None:
            document[name] = stamp(moment, account.zone)
    if order.delivery_on is not None:
        document["delivery"]["deliveryDate"] = stamp(order.delivery_on, account.zone)
    if "customFields" in options:
        document["customFields"] = order.custom_fields
    if "nullCustomFields" in options:
        codes = [entry[1] for entry in reference.CUSTOM_FIELDS["order"]]
        document["nullCustomFields"] = [code for code in codes if code not in order.custom_fields]
    return document


def _party_currency(order: Order) -> dict[str, Any]:
    return {
        "accountingCurrencyCode": reference.BASE_CURRENCY,
        "orderCurrencyCode": order.currency_code,
        "exchangeRate": six(order.exchange_rate),
        "fixedExchangeRate": order.fixed_exchange_rate,
    }


def _party_total(order: Order) -> dict[str, str]:
    total = _flat_total(order)
    return {
        "net": total["net"],
        "taxAmount": total["tax"],
        "baseNet": total["baseNet"],
        "baseTaxAmount": total["baseTax"],
        "baseTotal": total["baseGross"],
        "total": total["gross"],
    }


def _assignment(order: Order) -> dict[str, int]:
    return {
        "staffOwnerContactId": order.staff_owner_id,
        "projectId": order.project_id,
        "channelId": order.channel_id,
        "leadSourceId": order.lead_source_id,
        "teamId": order.team_id,
    }


def _parties(order: Order) -> dict[str, Any]:
    main = "supplier" if order.type_code in {"PO", "PC"} else "customer"
    return {
        main: party_document(order.customer_address, order.contact_id),
        "delivery": party_document(order.delivery_address),
        "billing": party_document(order.billing_address, order.billing_contact_id),
    }


def _party_row(account: Account, order: Order, row: OrderRow) -> dict[str, Any]:
    product = account.products.get(row.product_id or 0)
    cost = product.prices.get(COST_PRICE_LIST, {}).get("1", ZERO) if product is not None else ZERO
    tax = reference.TAX_CODES[row.tax_code]
    return {
        "orderRowSequence": str(row.sequence),
        "productId": row.product_id or 0,
        "productName": row.name,
        "productSku": row.sku,
        "quantity": {"magnitude": four(row.quantity)},
        "itemCost": {"currencyCode": reference.BASE_CURRENCY, "value": four(cost)},
        "productPrice": {
            "currencyCode": order.currency_code,
            "value": four(row.net / row.quantity),
        },
        "discountPercentage": "0.00",
        "rowValue": {
            "taxRate": four(tax.rate or ZERO),
            "taxCode": row.tax_code,
            "taxCalculator": "brightpearl",
            "rowNet": {"currencyCode": order.currency_code, "value": four(row.net)},
            "rowTax": {"currencyCode": order.currency_code, "value": two(row.tax)},
            "taxClassId": tax.id,
        },
        "nominalCode": row.nominal_code,
        "composition": {
            "bundleParent": row.bundle_parent,
            "bundleChild": row.parent_row_id is not None,
            "parentOrderRowId": row.parent_row_id or 0,
        },
        "clonedFromId": row.cloned_from,
    }
