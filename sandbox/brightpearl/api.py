"""The whole API as one router."""

from sandbox.brightpearl import (
    availability,
    contacts,
    custom_fields,
    drop_ship,
    drop_ship_reads,
    goods_in,
    goods_out,
    goods_out_documents,
    invoicing,
    order_edits,
    order_patch,
    orders,
    payments,
    postal_addresses,
    prices,
    products,
    quarantine,
    reference_routes,
    reservations,
    sales_orders,
    searches_orders,
    searches_other,
    stock_corrections,
    webhooks,
)
from sandbox.brightpearl.routing import Router

ROUTER = Router(
    module.routes
    for module in (
        availability,
        contacts,
        custom_fields,
        drop_ship,
        drop_ship_reads,
        goods_in,
        goods_out,
        goods_out_documents,
        invoicing,
        order_edits,
        order_patch,
        orders,
        payments,
        postal_addresses,
        prices,
        products,
        quarantine,
        reference_routes,
        reservations,
        sales_orders,
        searches_orders,
        searches_other,
        stock_corrections,
        webhooks,
    )
)
