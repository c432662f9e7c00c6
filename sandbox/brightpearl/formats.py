"""How the vendor writes money, quantities and times, and reads dates."""

from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from sandbox.brightpearl.refusals import refuse

CENT = Decimal("0.01")
FOUR_PLACES = Decimal("0.0001")
SIX_PLACES = Decimal("0.000001")


def money(value: Decimal, step: Decimal = CENT) -> Decimal:
    """`value` rounded half up to `step`."""
    return value.quantize(step, rounding=ROUND_HALF_UP)


def two(value: Decimal) -> str:
    """Money with two places, as text."""
    return f"{money(value):f}"


def four(value: Decimal) -> str:
    """Money or quantity with four places, as text."""
    return f"{money(value, FOUR_PLACES):f}"


def six(value: Decimal) -> str:
    """An exchange rate, as text."""
    return f"{money(value, SIX_PLACES):f}"


def plain(value: Decimal) -> str:
    """A quantity without needless zeroes: `2`, `0.5`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_places(value: Decimal) -> int:
    """Places used after the point, without trailing zeroes."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def stamp(moment: datetime, zone: ZoneInfo) -> str:
    """ISO 8601 with milliseconds and the numeric offset of the account's zone."""
    return moment.astimezone(zone).isoformat(timespec="milliseconds")


def parse_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """Aware UTC from a date (then account-local midnight) or date-time. None when neither."""
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
    return parsed.astimezone(UTC)


def local_midnight(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the day of `moment` began in the account's zone, as aware UTC."""
    return datetime.combine(moment.astimezone(zone).date(), time(), zone).astimezone(UTC)


def require_moment(text: str, field: str, zone: ZoneInfo) -> datetime:
    """`parse_moment` for a body field.

    Raises: Refusal 400 naming the field.
    """
    parsed = parse_moment(text, zone)
    if parsed is None:
        refuse("CMNC-903", f"{field} is not an ISO 8601 date or date-time")
    return parsed
