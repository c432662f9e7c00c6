"""How the store writes values down: V2 money as text and RFC-2822 dates, V3 numbers and ISO."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import format_datetime, parsedate_to_datetime

RATE = Decimal("0.0000000001")
ZERO = Decimal(0)


def money(amount: Decimal) -> str:
    """Four places, as text."""
    return f"{amount:.4f}"


def rate(amount: Decimal) -> str:
    """Ten places, as text."""
    return str(amount.quantize(RATE))


def number(amount: Decimal) -> float | int:
    """A JSON number."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def rfc2822(moment: datetime | None) -> str:
    """UTC; empty when not set."""
    return "" if moment is None else format_datetime(moment.astimezone(UTC))


def iso(moment: datetime) -> str:
    """UTC with an offset, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def iso_z(moment: datetime) -> str:
    """UTC with a `Z`, to the second, as customers have it."""
    return iso(moment).replace("+00:00", "Z")


def read_moment(text: str) -> datetime | None:
    """A date in ISO-8601 or RFC-2822; UTC without a zone. None when it is neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_money(value: object) -> Decimal | None:
    """An amount as text or number; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
