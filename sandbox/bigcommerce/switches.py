"""Every uncertain or adjustable fact about the vendor as a switch, set to what is documented."""

from dataclasses import dataclass
from typing import Literal

from sandbox.kit.switches import Switches, switch


@dataclass
class BigCommerceSwitches(Switches):
    """Settable at construction and over `PUT /_sandbox/switches`; `GET` shows the meanings."""

    limits: Literal["documented", "off"] = switch(
        "documented", "`documented` enforces the plan's quota; `off` shows a huge one"
    )
    plan: Literal["standard", "plus", "pro", "enterprise"] = switch(
        "standard", "quota for 30 s: 150, 150, 450, or 10000"
    )
    has_price_lists: bool = switch(
        default=True, meaning="the plan has price lists; else everything about them is 403"
    )
    foreign_requests: int = switch(0, "requests that other apps use up in every window")
    latency_ms: int = switch(0, "how long every answer takes")
    concurrent_requests: int = switch(
        0, "more requests at once get 429 (documented as 3 until 2023); 0 for no cap"
    )
    retry_after: bool = switch(
        default=True,
        meaning="429 for want of quota carries `X-Retry-After`, as documented; often it does not",
    )
    per_order_pagination: bool = switch(
        default=True, meaning="lists of an order's transactions and refunds have meta.pagination"
    )
    gzip: bool = switch(default=True, meaning="answers are compressed for callers that accept it")
    scopes: str = switch("", "scopes of the token, by spaces; empty for all that exist")
    page_limit: Literal["clamp", "refuse"] = switch(
        "clamp", "a `limit` above the maximum: clamped, or 413"
    )
    bad_date_filter: Literal["ignore", "refuse"] = switch(
        "ignore", "a malformed date in a V2 filter: ignored as observed, or 400"
    )
    created_order_status: int = switch(201, "answer of POST /v2/orders: 201, or 200 as in spec")
    lists_show_archived: bool = switch(
        default=False, meaning="archived orders appear in lists (undocumented)"
    )
    consignment_money: Literal["number", "string"] = switch(
        "number", "money inside consignments: numbers as in spec, or text as elsewhere"
    )
    lines_per_consignment: int = switch(50, "more lines are cut from an embedded list")
    cut_warning: Literal["item", "sibling"] = switch(
        "item", "`__warning__` of a cut list: its last item, or a field next to it"
    )
    fees_shape: Literal["array", "object"] = switch(
        "array", "GET fees: a list, or one object as the spec types it"
    )
    tax_rounding: Literal["line", "total"] = switch(
        "line", "tax is rounded to cents for each line, or only in the order's total"
    )
    taxed_destinations: Literal["home", "zones"] = switch(
        "home",
        "what carries tax: the United Kingdom alone, or also France, New York, Connecticut and "
        "Quebec, each at its own rates",
    )
    untaxed_rows: Literal["shown", "absent"] = switch(
        "shown", "tax rows of what no tax zone covers: at a rate of zero, or none (undocumented)"
    )
    free_shipping: Literal["cost", "discount"] = switch(
        "cost",
        "what a coupon for free shipping (type 4) does: the shipping costs nothing, or it keeps "
        "its price and the coupon takes it off (undocumented)",
    )
    tax_inclusive: bool = switch(
        default=False, meaning="the store's prices contain tax, for orders placed from now on"
    )
    negative_quantities: bool = switch(
        default=False, meaning="staff and shoppers may enter quantities below zero"
    )
    refuse_oversell: bool = switch(
        default=False, meaning="shoppers cannot buy more than is available"
    )
    update_stock_behavior: Literal["order_placed", "order_completed_or_shipped"] = switch(
        "order_placed", "when an order takes stock"
    )
    shoppers_buy_from: Literal["default", "aggregated"] = switch(
        "default", "shoppers buy what the default location has, or what all enabled ones have"
    )
    inventory_delay_s: tuple[float, float] = switch(
        (0.0, 0.0),
        "inventory writes land after so many seconds, drawn between these two for each request: "
        "absolute ones and settings become real then, relative ones are real at once and are "
        "read then",
    )
    adjustments_over_limit: Literal["422", "413"] = switch(
        "422", "an inventory write of more than 2000 items: 422 as described, or 413 as elsewhere"
    )
    simple_product_identity: Literal["product_id", "any"] = switch(
        "product_id",
        "products tracked by product are adjusted by `product_id` alone, or a simple one by `sku` "
        "and `variant_id` of its base variant as well",
    )
    shared_stock_identity: Literal["absent", "null", "base"] = switch(
        "absent",
        "`sku` and `variant_id` of several variants tracked by product, which have one row: left "
        "out, null, or those of the first",
    )
    uncounted_locations: Literal["zero", "hidden"] = switch(
        "zero", "where an item was never counted, its stock reads as zero, or is not listed"
    )
    backorder_fields: bool = switch(
        default=False,
        meaning="every item shows `qty_backordered` and `backorder_limit`; off: only those that "
        "may be back-ordered (newer than the description)",
    )
    disabled_locations: Literal["accept", "refuse"] = switch(
        "accept", "an adjustment at a disabled location (undocumented); refused as not found"
    )
    partial_adjustments: bool = switch(
        default=False,
        meaning="of a refused adjustment the good items are carried out all the same; off: "
        "all or nothing, as observed",
    )
    cancel_returns_stock: bool = switch(
        default=True, meaning="cancelling gives stock back (refund_order_stock_adjustment)"
    )
    partial_capture_pays: bool = switch(
        default=False,
        meaning="the first capture of a part makes an order paid; off: only the last part does",
    )
    capture_delay_s: float = switch(
        0.0, "capture and void over the API take this long; `... pending` until then"
    )
    refund_payment_delay_s: float = switch(
        0.0, "the gateway answers a refund's payments after this long; 0 for at once"
    )
    refund_payments: Literal["ok", "declined"] = switch(
        "ok", "what the gateway answers when a refund is to be paid"
    )
    declined_refund: Literal["stays", "given_up"] = switch(
        "stays",
        "a refund whose payments were all declined: its pieces and the order's status stay as "
        "they are, only its money may be refunded again; or they go back too",
    )
    second_refund: Literal["422", "409", "accept"] = switch(
        "422", "a refund while another one of the order is under way or its payment pending"
    )
    refund_split: Literal["in_order", "proportional"] = switch(
        "in_order",
        "an order paid in several ways gets its refund from the gateway first, then from store "
        "credit and gift certificate; or from each by what is left of it",
    )
    gateway_refunds: bool = switch(
        default=True, meaning="gateways can refund; off: quotes offer their part offline only"
    )
    refund_amounts: Literal["price_terms", "inc_tax"] = switch(
        "price_terms",
        "amounts asked for shipping, handling and fees: in the order's price terms (ex tax, or "
        "with tax where its prices contain it), or always with tax",
    )
    refund_over_limit: Literal["refuse", "clamp"] = switch(
        "refuse",
        "a quote for more than is left to refund: 422, or cut to what is left with an "
        "`adjustment` below zero",
    )
    quote_tax_inclusive: bool = switch(
        default=True, meaning="`total_refund_amount` of a quote contains tax, as its payments do"
    )
    refunds_show_tax_items: bool = switch(
        default=False, meaning="refunds list items of type TAX, which their description lacks"
    )
    refund_moves_status: bool = switch(
        default=True, meaning="a refund makes its order (Partially) Refunded (implied only)"
    )
    refund_order_stock_adjustment: bool = switch(
        default=False, meaning="a refund gives stock back (the guide says it does not)"
    )
    refund_settling_touches_order: bool = switch(
        default=False, meaning="the gateway's answer to a refund changes `date_modified` as well"
    )
    tax_service_down: bool = switch(
        default=False, meaning="creating a refund fails with 503, the tax service being gone"
    )
    shipment_mails: bool = switch(
        default=True, meaning="a new shipment mails the shopper; a changed one never does"
    )
    shipment_moves_status: Literal["always", "open", "never"] = switch(
        "always",
        "a new shipment makes its order (Partially) Shipped: whatever its status, as observed; "
        "only where it is not refunded, cancelled, declined, completed or disputed; or never",
    )
    shipments_of_closed: Literal["accept", "refuse"] = switch(
        "accept", "a shipment for an incomplete, cancelled or declined order (undocumented)"
    )
    tracking_carriers: Literal["any", "known"] = switch(
        "any", "`tracking_carrier`: any slug, or only those of couriers the sandbox knows"
    )
    omitted_provider: Literal["custom", "empty"] = switch(
        "custom", "a `shipping_provider` that was left out: shown as `custom`, or as unset"
    )
    link_by_carrier: bool = switch(
        default=True,
        meaning="number and `tracking_carrier` make a link, as documented; off: only together "
        "with a `shipping_provider`, as observed",
    )
    unset_shipment_fields: Literal["empty", "null"] = switch(
        "empty", "texts of a shipment that were not set: empty as typed, or null as is common"
    )
    strict_destinations: bool = switch(
        default=False, meaning="webhooks go to https on port 443 only, as documented"
    )
    hook_live_after_s: float = switch(0.0, "a new or changed webhook is silent for this long")
    webhook_signatures: bool = switch(
        default=True, meaning="webhooks carry Standard-Webhooks signatures (since January 2025)"
    )
    capture_settles: bool = switch(
        default=False,
        meaning="the gateway adds a `settled` row after each capture, for the same money",
    )
    catalog_saves_partly: bool = switch(
        default=False,
        meaning="products are saved, and the answer is 207: a part such as the URL was not",
    )
    sku_substring_conflict: bool = switch(
        default=False,
        meaning="a batch of variants with a SKU that is part of another one answers 409, as seen",
    )
