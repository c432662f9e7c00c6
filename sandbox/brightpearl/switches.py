"""Every uncertain fact about the vendor as a switch, set to what was observed."""

from dataclasses import dataclass, field, fields
from typing import Literal


@dataclass
class BrightpearlSwitches:
    """Settable at construction and over `PUT /_sandbox/switches`; `GET` shows the meanings."""

    limits: Literal["documented", "off"] = field(
        default="documented",
        metadata={"meaning": "`documented` enforces requests_per_minute; `off` never throttles"},
    )
    requests_per_minute: int = field(
        default=200, metadata={"meaning": "size of the throttle window's quota"}
    )
    rolling_window: bool = field(
        default=False,
        metadata={
            "meaning": "documentation says rolling minute; recordings show wall-clock minutes"
        },
    )
    rejected_calls_count: bool = field(
        default=True,
        metadata={"meaning": "throttled calls use up quota (only visible when rolling)"},
    )
    foreign_calls_per_minute: int = field(
        default=0,
        metadata={"meaning": "quota that other apps of the same pool use in every window"},
    )
    longest_url: int = field(
        default=8000,
        metadata={"meaning": "longer paths with query answer 414 (bytes; our reading)"},
    )
    shuffle_columns: bool = field(
        default=False, metadata={"meaning": "search columns come in a new order on every request"}
    )
    shuffle_rows: bool = field(
        default=True,
        metadata={
            "meaning": "rows of a sales order come in any order, as documented; off keeps theirs"
        },
    )
    unknown_filter: Literal["ignore", "refuse"] = field(
        default="ignore", metadata={"meaning": "a search filter nobody knows: ignored, or 400"}
    )
    search_lag_s: float = field(
        default=0.0, metadata={"meaning": "searches do not see records younger than this"}
    )
    duplicate_order_answer: Literal["existing_id", "empty"] = field(
        default="existing_id",
        metadata={"meaning": "body of the 200 for a repeated externalRef + instance"},
    )
    deleted_order_keeps_key: bool = field(
        default=False,
        metadata={"meaning": "a deleted order still answers for its externalRef + instance"},
    )
    second_reservation: Literal["refuse", "add"] = field(
        default="refuse",
        metadata={
            "meaning": "POST of a reservation for an order that has one: 400, or quantities add"
        },
    )
    reservation_cap: int = field(
        default=-1,
        metadata={"meaning": "most units a reservation gets per row, silently; -1 for no cap"},
    )
    availability_bad_id: Literal["ignore", "refuse"] = field(
        default="refuse",
        metadata={
            "meaning": "an id that is not stock tracked in an availability call: ignored, or 400"
        },
    )
    negative_stock_correction: Literal["refuse", "allow_to_zero"] = field(
        default="refuse",
        metadata={
            "meaning": "a correction below what is on hand: refused, or taken down to zero stock"
        },
    )
    custom_fields_bump_updated_on: bool = field(
        default=False, metadata={"meaning": "custom field writes change updatedOn"}
    )
    order_modified_on_creation: bool = field(
        default=True, metadata={"meaning": "`order.modified` fires when an order is created"}
    )
    product_destroyed_subscribable: bool = field(
        default=True, metadata={"meaning": "`product.destroyed` may be subscribed to"}
    )
    invoicing_delay_s: float = field(
        default=2.0, metadata={"meaning": "how long an order stays `invoice pending` after close"}
    )
    multi_message_patch: bool = field(
        default=True, metadata={"meaning": "PATCH is accepted inside a multi-message"}
    )
    parallel_in_any_order: bool = field(
        default=False, metadata={"meaning": "messages of a PARALLEL multi-message run in any order"}
    )
    goods_out_answer: Literal["array", "auto", "integer"] = field(
        default="auto",
        metadata={
            "meaning": "ids of new goods-out notes: `auto` is one integer, or an array for several"
        },
    )
    price_breaks_kept: bool = field(
        default=False, metadata={"meaning": "price breaks left out of a price PUT stay"}
    )
    deleted_note_restores_reservation: bool = field(
        default=False,
        metadata={"meaning": "deleting an unshipped note gives its units back to the reservation"},
    )
    quarantined_is_on_hand: bool = field(
        default=False,
        metadata={
            "meaning": "units received into a quarantine location count as on hand at once, as if "
            "the location were like any other"
        },
    )
    row_edit_below_reserved: Literal["release", "refuse"] = field(
        default="release",
        metadata={
            "meaning": "fewer units on a row than are reserved for it: the surplus goes back on "
            "sale (our reading), or 400 (what the vendor's page on row PATCH says)"
        },
    )
    bundle_rows_follow: bool = field(
        default=True,
        metadata={"meaning": "a bundle row's new quantity changes its components' quantities too"},
    )
    cancelling_refused_for: Literal["invoiced", "documented"] = field(
        default="invoiced",
        metadata={
            "meaning": "orders that cannot get a cancelled status: invoiced ones, or also those "
            "with goods notes or payments (what the vendor's help says of its screens)"
        },
    )
    cancelled_status_is_set: bool = field(
        default=True,
        metadata={"meaning": "a cancelled status is configured; without one isCanceled is absent"},
    )
    back_order_rows: Literal["keep_ref", "cloned", "bare"] = field(
        default="keep_ref",
        metadata={
            "meaning": "rows moved to a back order keep their externalRef, or lose it and name the "
            "old row in clonedFromId, or neither"
        },
    )
    back_order_of_reserved: Literal["follow", "refuse"] = field(
        default="follow",
        metadata={
            "meaning": "reserved units may move to a back order and stay reserved (our reading), "
            "or only unallocated ones may move (what the vendor's help says)"
        },
    )
    unshipping: Literal["reopen", "remake"] = field(
        default="reopen",
        metadata={
            "meaning": "staff un-ship a note: it is open again, or it is destroyed and another "
            "one made (the vendor's help knows of no way at all)"
        },
    )
    shipped_tracking_editable: bool = field(
        default=True,
        metadata={"meaning": "staff may enter tracking on a note that has left; the API never may"},
    )
    payment_on_sales_order: Literal["refuse", "accept"] = field(
        default="refuse",
        metadata={"meaning": "a PAYMENT (money out) over the API on a sales order, not a credit"},
    )
    payment_in_other_currency: Literal["convert", "refuse"] = field(
        default="convert",
        metadata={"meaning": "a payment in another currency than the order: by its rate, or 400"},
    )
    drop_ship_needs_purchase_order: bool = field(
        default=True,
        metadata={"meaning": "a drop-ship note names a purchase order with the supplier, or 400"},
    )
    automatic_allocation_s: float = field(
        default=-1.0,
        metadata={"meaning": "the account reserves a new sales order so long after it; -1 never"},
    )
    automatic_fulfilment_s: float = field(
        default=-1.0,
        metadata={"meaning": "it makes a printed note of what there is, so long after; -1 never"},
    )
    automatic_shipping_s: float = field(
        default=-1.0, metadata={"meaning": "it ships the order's notes, so long after; -1 never"}
    )
    automatic_invoicing_s: float = field(
        default=-1.0, metadata={"meaning": "it starts invoicing, so long after; -1 never"}
    )
    webhook_coalesce_s: float = field(
        default=0.0,
        metadata={"meaning": "events of one kind within this time share a call when idSetAccepted"},
    )

    def meanings(self) -> dict[str, str]:
        """One line for each switch."""
        return {item.name: item.metadata["meaning"] for item in fields(self)}
