"""A shipment as V2 writes it."""

from sandbox.bigcommerce import carriers, line_documents
from sandbox.bigcommerce.aftersales import Shipment
from sandbox.bigcommerce.formats import money, rfc2822
from sandbox.bigcommerce.line_documents import NOTHING, Document
from sandbox.bigcommerce.records import Order
from sandbox.bigcommerce.switches import BigCommerceSwitches


def document(switches: BigCommerceSwitches, order: Order, shipment: Shipment) -> Document:
    """The whole shipment, with the addresses as the order has them now."""
    place = next((row for row in order.addresses if row.id == shipment.address_id), None)
    provider = shipment.shipping_provider
    if provider is None and switches.omitted_provider == "custom":
        provider = carriers.CUSTOM
    unset = None if switches.unset_shipment_fields == "null" else ""
    cost = shipment.merchant_shipping_cost

    def told(text: str | None) -> str | None:
        return unset if text is None else text

    return {
        "id": shipment.id,
        "order_id": order.id,
        "customer_id": order.customer_id,
        "order_address_id": shipment.address_id,
        "date_created": rfc2822(shipment.created_at),
        "tracking_number": told(shipment.tracking_number),
        "merchant_shipping_cost": NOTHING if cost is None else money(cost),
        "shipping_method": told(shipment.shipping_method),
        "comments": told(shipment.comments),
        "shipping_provider": told(provider),
        "shipping_provider_display_name": carriers.provider_name(provider or ""),
        "tracking_carrier": told(shipment.tracking_carrier),
        "tracking_link": told(shipment.tracking_link),
        "generated_tracking_link": carriers.generated_link(
            shipment, by_carrier=switches.link_by_carrier
        ),
        "billing_address": line_documents.address(order.billing, order.email),
        "shipping_address": line_documents.address(place.address, place.email) if place else {},
        "items": [
            {
                "order_product_id": item.line_id,
                "product_id": item.product_id,
                "quantity": item.quantity,
            }
            for item in shipment.items
        ],
    }
