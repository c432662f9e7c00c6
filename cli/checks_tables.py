"""Checks of `causeway doctor` about mappings: do the tables name what exists on both sides?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cli.bundles import in_force
from cli.findings import Finding, fail, ok, warn
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from core.settings import Pair, Settings


def table_checks(
    settings: Settings, pair: Pair, store: BigCommerce, account: Brightpearl
) -> Iterator[Finding]:
    """The mappings load, and every value that a table gives exists in the account.

    Raises: MappingError when they do not load; what the systems raise.
    """
    bundle = in_force(settings, pair.name)
    if problems := bundle.validate():
        yield fail("mappings", str(problems[0]), "causeway mappings validate")
        return
    yield ok("mappings", f"version {bundle.version} loads, {len(bundle.files)} files")
    for name, there in account_values(account):
        gives = {row.becomes for row in bundle.table(name).rows if row.becomes}
        yield compared(name, gives, there)
    known = set(bundle.table("channels").values)
    yield unmapped_channels([(c.id, c.name) for c in store.list_channels()], known)


def account_values(account: Brightpearl) -> Iterator[tuple[str, set[str]]]:
    """By table: the values that exist in the account."""
    yield "order_status", _texts(status.status_id for status in account.list_order_statuses())
    yield "channels", _texts(channel.id for channel in account.list_channels())
    yield "warehouses", _texts(warehouse.id for warehouse in account.list_warehouses())
    yield "price_lists", _texts(price_list.id for price_list in account.list_price_lists())
    yield "shipping_methods", _texts(method.id for method in account.list_shipping_methods())
    yield "currencies", _texts(currency.code for currency in account.list_currencies())
    yield "tax_codes", _texts(code.code for code in account.list_tax_codes())
    yield (
        "payment_methods",
        _texts(method.code for method in account.list_payment_methods() if method.is_active),
    )


def compared(name: str, gives: set[str], there: set[str]) -> Finding:
    """Whether everything that a table gives exists. Pure."""
    if strange := sorted(gives - there):
        return fail(
            f"table {name}",
            f"gives {', '.join(strange)}, which the account lacks",
            f"Correct mappings/tables/{name}.csv, or create it in Brightpearl "
            f"(it has: {', '.join(sorted(there))}).",
        )
    return ok(f"table {name}", f"{len(gives)} values exist in the account")


def unmapped_channels(channels: Iterable[tuple[str, str]], known: set[str]) -> Finding:
    """Channels of the store whose orders would go to quarantine. Pure."""
    left = [f"{number} {name}".strip() for number, name in channels if number not in known]
    if left:
        return warn(
            "channels",
            f"not in the table, so their orders wait in quarantine: {', '.join(left)}",
            "Add a row to mappings/tables/channels.csv for each that is to be synced.",
        )
    return ok("channels", "every channel of the store is mapped")


def _texts(values: Iterable[object]) -> set[str]:
    return {str(value) for value in values}
