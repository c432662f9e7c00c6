"""Tax zones: which rates apply to a tax class where.

Out of the box only the United Kingdom is taxed and everything else is an export without tax. A
switch makes the store charge tax in every zone here, and an order may be placed in one of them
whatever its destination.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sandbox.bigcommerce.formats import ZERO
from sandbox.bigcommerce.reference import HOME, TAX_CLASSES
from sandbox.catalogue.model import Address

UNTAXED = "No tax"
"""What a tax row is called where no zone applies."""


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate as the merchant set it up."""

    name: str
    percent: Decimal


Rates = tuple[TaxRate, ...]
NOT_TAXED: Rates = (TaxRate(UNTAXED, ZERO),)


@dataclass(frozen=True, slots=True)
class TaxZone:
    """A country, or some states of it, with the rates of each tax class by its id."""

    country_iso2: str
    states: frozenset[str]
    """Names in lower case; empty for the whole country."""
    by_class: tuple[Rates, ...]

    def covers(self, address: Address) -> bool:
        """Whether an address lies in it."""
        is_state = not self.states or address.state.casefold() in self.states
        return is_state and address.country_iso2 == self.country_iso2


def _zone(country_iso2: str, states: Iterable[str], name: str, *percents: str | Decimal) -> TaxZone:
    """A zone with one rate for each class: standard, reduced, zero."""
    rates = tuple((TaxRate(name, Decimal(percent)),) for percent in percents)
    return TaxZone(country_iso2, frozenset(states), rates)


_GST, _QST = TaxRate("GST", Decimal(5)), TaxRate("QST", Decimal("9.975"))
_QUEBEC = frozenset({"qc", "quebec", "québec"})
ZONES: Mapping[str, TaxZone] = {
    HOME: _zone(HOME, (), "VAT", *(tax.rate_percent for tax in TAX_CLASSES)),
    "FR": _zone("FR", (), "TVA", "20", "5.5", "0"),
    "US-NY": _zone("US", ("ny", "new york"), "New York sales tax", "8.875", "4.5", "0"),
    "US-CT": _zone("US", ("ct", "connecticut"), "Connecticut sales tax", "6.35", "1", "0"),
    "CA-QC": TaxZone("CA", _QUEBEC, ((_GST, _QST), (_GST,), (TaxRate("GST", ZERO),))),
}
"""By code. Quebec takes two taxes on the same amount."""


def rates_at(tax_class_id: int, address: Address, code: str, *, abroad: bool) -> Rates:
    """The rates on a tax class for a destination.

    In: the `code` of a zone that applies wherever it goes, `none` for no tax, or empty for the zone
    of the address; `abroad` for zones besides the United Kingdom.
    """
    if code:
        return ZONES[code].by_class[tax_class_id] if code in ZONES else NOT_TAXED
    for name, zone in ZONES.items():
        if (abroad or name == HOME) and zone.covers(address):
            return zone.by_class[tax_class_id]
    return NOT_TAXED


def percent(rates: Iterable[TaxRate]) -> Decimal:
    """What the rates come to together."""
    return sum((rate.percent for rate in rates), ZERO)
