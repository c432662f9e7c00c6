"""What must be true of shipped goods notes before they are mapped, and of shipments before they go.

Limits of BigCommerce's fields are from its fact sheet (shipment POST).
"""

from __future__ import annotations

from core.shipments import CARRIER_REGEX, PROVIDER_REGEX, PROVIDERS
from expectations.rows import (
    ExpectTimesNotToBeLater,
    ExpectValueLengthsToBeBetween,
    ExpectValuesToBeBetween,
    ExpectValuesToBeUnique,
    ExpectValuesToMatchRegex,
    suite,
)
from expectations.rules import MOST, NUMBER, note, refuse, stop

PART = r"(?:note|drop)-[1-9][0-9]*/[0-9]*"
LONGEST_TRACKING = 50
LONGEST_COMMENTS = 65_535
IN_BRIGHTPEARL = "Correct the goods note in Brightpearl"

notes_in = suite(
    "notes_in",
    ExpectValuesToBeUnique(
        columns=["order_id", "part_ref"],
        meta=stop("the same part of a goods note is there twice"),
    ),
    ExpectValuesToMatchRegex(
        column="order_id", regex=NUMBER, meta=stop("an order's id is not a number")
    ),
    ExpectValuesToMatchRegex(
        column="part_ref", regex=PART, meta=stop("a part has no name to find it by")
    ),
    ExpectTimesNotToBeLater(
        column="shipped_at",
        days_from_now=1,
        meta=note("a goods note left more than a day from now"),
    ),
)
"""In: NOTES."""

units_in = suite(
    "units_in",
    ExpectValuesToBeBetween(
        column="qty",
        min_value=1,
        max_value=MOST,
        meta=refuse(
            "document",
            "a goods note sends an impossible quantity",
            IN_BRIGHTPEARL,
            field="qty",
        ),
    ),
)
"""In: UNITS."""

shipments_out = suite(
    "shipments_out",
    ExpectValuesToBeUnique(
        columns=["order_id", "part_ref"],
        meta=stop("the same part would be sent twice"),
    ),
    ExpectValueLengthsToBeBetween(
        column="tracking_number",
        max_value=LONGEST_TRACKING,
        meta=refuse(
            "tracking",
            f"the tracking number is longer than the {LONGEST_TRACKING} characters that "
            "BigCommerce takes",
            "Correct the reference of the goods note in Brightpearl; or enter the shipment in "
            "BigCommerce by hand and discard this entry: both sides are left as they are",
            field="tracking_number",
        ),
    ),
    ExpectValueLengthsToBeBetween(
        column="comments",
        max_value=LONGEST_COMMENTS,
        meta=refuse(
            "tracking",
            "the goods note lists more tracking numbers than BigCommerce takes",
            IN_BRIGHTPEARL,
            field="comments",
            value_from="",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="tracking_carrier",
        regex=CARRIER_REGEX,
        meta=refuse(
            "carrier",
            "the carrier is not a courier's slug as AfterShip writes them",
            "Correct the right column of mappings/tables/carriers.csv",
            field="tracking_carrier",
        ),
    ),
    ExpectValuesToMatchRegex(
        column="shipping_provider",
        regex=PROVIDER_REGEX,
        meta=refuse(
            "provider",
            f"the shipping provider is none of BigCommerce's own ({', '.join(PROVIDERS)})",
            "Correct the right column of mappings/tables/shipping_providers.csv, or leave it blank "
            "and name the courier in carriers.csv",
            field="shipping_provider",
        ),
    ),
    ExpectValueLengthsToBeBetween(
        column="tracking_carrier",
        min_value=1,
        unless={"tracking_number": [""]},
        meta=note(
            "a tracking number goes out without a carrier, so the shopper gets no link: add "
            "the shipping method to mappings/tables/carriers.csv"
        ),
    ),
)
"""In: SHIPMENTS."""

SUITES = {one.name: one for one in (notes_in, units_in, shipments_out)}
