"""Every uncertain fact about the vendor as a switch, set to what was observed."""

from dataclasses import dataclass
from typing import Literal

from sandbox.kit.switches import Switches, switch


@dataclass
class BrightpearlSwitches(Switches):
    """Settable at construction and over `PUT /_sandbox/switches`; `GET` shows the meanings."""

    limits: Literal["documented", "off"] = switch(
        "documented", "`documented` enforces requests_per_minute; `off` never throttles"
    )
    requests_per_minute: int = switch(200, "size of the throttle window's quota")
    rolling_window: bool = switch(
        default=False,
        meaning="documentation says rolling minute; recordings show wall-clock minutes",
    )
    rejected_calls_count: bool = switch(
        default=True, meaning="throttled calls use up quota (only visible when rolling)"
    )
    foreign_calls_per_minute: int = switch(
        0, "quota that other apps of the same pool use in every window"
    )
    date_header: bool = switch(
        default=True, meaning="answers carry a Date header, as every recorded one does"
    )
    api_domain: str = switch(
        "ws-eu1.brightpearl.com", "the host for API calls that the token endpoint answers"
    )
    numbers_for_texts: Literal["accept", "refuse"] = switch(
        "accept", "numbers in bodies where texts belong: taken as texts, as recorded, or 400"
    )
    double_slashes: Literal["accept", "refuse"] = switch(
        "accept", "`//` in a path: taken as one, as recorded, or 404"
    )
    availability_limit: int = switch(
        -1, "most ids of an availability call, else 400; no limit is documented: -1 for none"
    )
    unchanged_contact_updated_on: Literal["now", "created"] = switch(
        "now",
        "updatedOn of a contact that was never changed, in reads: the moment of the read (what "
        "the recordings show), or its creation (what searches show)",
    )
    merged_contact_gives_orders: bool = switch(
        default=True, meaning="orders of a contact that staff merge name the one it is merged into"
    )
    longest_url: int = switch(8000, "longer paths with query answer 414 (bytes; our reading)")
    shuffle_columns: bool = switch(
        default=False, meaning="search columns come in a new order on every request"
    )
    shuffle_rows: bool = switch(
        default=True,
        meaning="rows of a sales order come in any order, as documented; off keeps theirs",
    )
    unknown_filter: Literal["ignore", "refuse"] = switch(
        "ignore", "an unknown search filter: ignored, or 400"
    )
    search_lag_s: float = switch(0.0, "searches do not see records younger than this")
    duplicate_order_answer: Literal["existing_id", "empty"] = switch(
        "existing_id", "body of the 200 for a repeated externalRef + instance"
    )
    deleted_order_keeps_key: bool = switch(
        default=False, meaning="a deleted order still answers for its externalRef + instance"
    )
    second_reservation: Literal["refuse", "add"] = switch(
        "refuse", "POST of a reservation for an order that has one: 400, or quantities add"
    )
    reservation_cap: int = switch(
        -1, "most units a reservation gets per row, silently; -1 for no cap"
    )
    availability_bad_id: Literal["ignore", "refuse"] = switch(
        "refuse", "an id that is not stock tracked in an availability call: ignored, or 400"
    )
    negative_stock_correction: Literal["refuse", "allow_to_zero"] = switch(
        "refuse", "a correction below what is on hand: refused, or taken down to zero stock"
    )
    custom_fields_bump_updated_on: bool = switch(
        default=False, meaning="custom field writes change updatedOn"
    )
    order_modified_on_creation: bool = switch(
        default=True, meaning="`order.modified` fires when an order is created"
    )
    product_destroyed_subscribable: bool = switch(
        default=True, meaning="`product.destroyed` may be subscribed to"
    )
    invoicing_delay_s: float = switch(2.0, "how long an order stays `invoice pending` after close")
    multi_message_patch: bool = switch(
        default=True, meaning="PATCH is accepted inside a multi-message"
    )
    parallel_in_any_order: bool = switch(
        default=False, meaning="messages of a PARALLEL multi-message run in any order"
    )
    goods_out_answer: Literal["array", "auto", "integer"] = switch(
        "auto", "ids of new goods-out notes: `auto` is one integer, or an array for several"
    )
    price_breaks_kept: bool = switch(
        default=False, meaning="price breaks left out of a price PUT stay"
    )
    deleted_note_restores_reservation: bool = switch(
        default=False, meaning="deleting an unshipped note gives its units back to the reservation"
    )
    quarantined_is_on_hand: bool = switch(
        default=False,
        meaning="units received into a quarantine location count as on hand at once, as if the "
        "location were like any other",
    )
    row_edit_below_reserved: Literal["release", "refuse"] = switch(
        "release",
        "fewer units on a row than are reserved for it: the surplus goes back on sale (our "
        "reading), or 400 (what the vendor's page on row PATCH says)",
    )
    bundle_rows_follow: bool = switch(
        default=True, meaning="a bundle row's new quantity changes its components' quantities too"
    )
    cancelling_refused_for: Literal["invoiced", "documented"] = switch(
        "invoiced",
        "orders that cannot get a cancelled status: invoiced ones, or also those with goods "
        "notes or payments (what the vendor's help says of its screens)",
    )
    cancelled_status_is_set: bool = switch(
        default=True, meaning="a cancelled status is configured; without one isCanceled is absent"
    )
    back_order_rows: Literal["keep_ref", "cloned", "bare"] = switch(
        "keep_ref",
        "rows moved to a back order keep their externalRef, or lose it and name the old row "
        "in clonedFromId, or neither",
    )
    back_order_of_reserved: Literal["follow", "refuse"] = switch(
        "follow",
        "reserved units may move to a back order and stay reserved (our reading), or only "
        "unallocated ones may move (what the vendor's help says)",
    )
    unshipping: Literal["reopen", "remake"] = switch(
        "reopen",
        "staff un-ship a note: it is open again, or it is destroyed and another one made (the "
        "vendor's help knows of no way at all)",
    )
    shipped_tracking_editable: bool = switch(
        default=True, meaning="staff may enter tracking on a note that has left; the API never may"
    )
    payment_on_sales_order: Literal["refuse", "accept"] = switch(
        "refuse", "a PAYMENT (money out) over the API on a sales order, not a credit"
    )
    payment_in_other_currency: Literal["convert", "refuse"] = switch(
        "convert", "a payment in another currency than the order: by its rate, or 400"
    )
    drop_ship_needs_purchase_order: bool = switch(
        default=True, meaning="a drop-ship note names a purchase order with the supplier, or 400"
    )
    automatic_allocation_s: float = switch(
        -1.0, "the account reserves a new sales order so long after it; -1 never"
    )
    automatic_fulfilment_s: float = switch(
        -1.0, "it makes a printed note of what there is, so long after; -1 never"
    )
    automatic_shipping_s: float = switch(
        -1.0, "it ships the order's notes, so long after; -1 never"
    )
    automatic_invoicing_s: float = switch(-1.0, "it starts invoicing, so long after; -1 never")
    webhook_coalesce_s: float = switch(
        0.0, "events of one kind within this time share a call when idSetAccepted"
    )
