"""Patterns, limits and refusals that the suites on both sides share."""

from __future__ import annotations

from expectations.rules import refuse

NUMBER = r"^[1-9][0-9]*$"
CURRENCY = r"^[A-Z]{3}$"
COUNTRY = r"^(?:[A-Z]{3})?$"
"""May be blank: what is downloaded needs no address."""
DAY = r"^\d{4}-\d{2}-\d{2}$"
EMAIL = r"^[^@\s]+@[^@\s]+$"
MOST = 10**9
"""No amount, quantity or total of a real order reaches this."""
USUAL_BATCH = 2000
"""Orders in one batch; more means that somebody asked for more keys than the settings allow."""

CORRECT = "Correct the order in BigCommerce"
NO_CURRENCY = refuse(
    "currency",
    "the currency is not a three-letter code",
    "Add the currency to mappings/tables/currencies.csv and to Brightpearl",
    field="currency_code",
)
NO_EMAIL = refuse(
    "document",
    "there is no usable e-mail address",
    "Enter the shopper's e-mail in the order's billing address in BigCommerce",
    field="billing_email",
    tell="",
)
