"""Checks of `causeway doctor` about mappings: do the tables name what exists on both sides?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from cli.checks import Finding, fail, ok, warn
from cli.mapping_versions import from_folder, in_force, said_of_files
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.inventory_models import StockChange
from connectors.brightpearl.client import Brightpearl
from core.errors import ConfigError, RejectedError
from core.products import category_paths
from core.settings import Pair, Settings, StockSettings
from core.words import counted
from mappings.stock_places import Places, read_places
from mappings.tables import ANY, Table

Tables = Mapping[str, Table]
Check = Callable[[Tables], Iterator[Finding]]
PUBLISHES = "The files are right, but not in force: causeway mappings publish"
EVERYTHING = ""
"""What files that cannot be used are wrong in."""
TABLE = "table stock_locations"
CORRECT = "Correct mappings/tables/stock_locations.csv"
NO_SUCH_PRODUCT = "2147483647"
"""An id that no store reaches: adding nothing to it changes nothing."""
WHEN_PLACED = "order_placed"
OF_METHODS = ("carriers", "shipping_providers", "shipment_methods")
"""Tables by Brightpearl's shipping method."""
QUARANTINES = "quarantine_locations"
NO_TAX_CLASS = "0"
"""The default class, which the store may not list."""
BY_CHANNEL = ("channels", "warehouses", "price_lists", "default_contacts")
"""Tables by the store's channel."""


def mapping_checks(settings: Settings, pair: Pair) -> Iterator[Finding]:
    """The mappings in force load.

    Raises: MappingError when they do not.
    """
    bundle = in_force(settings, pair.name)
    if problems := (*bundle.problems, *bundle.cell_problems):
        yield fail("mappings", str(problems[0]), "causeway mappings validate")
        return
    if differs := said_of_files(bundle, from_folder(settings, None, check=False)):
        said, _, remedy = differs.partition(". ")
        yield warn("mappings", said, remedy)
    else:
        yield ok(
            "mappings",
            f"version {bundle.version} is in force, {counted(len(bundle.files), 'file')}",
        )


def in_use(settings: Settings, pair: Pair, check: Check) -> Iterator[Finding]:
    """What a check finds in the tables in force.

    Where it finds nothing in the files, the remedy is to publish them.

    Raises: MappingError when the tables in force do not load; what the check raises.
    """
    current = in_force(settings, pair.name)
    wrong_in_files: Collection[str] | None = None
    for finding in check(current.tables):
        if finding.state == "ok" or not current.version.isdecimal():
            yield finding
            continue
        if wrong_in_files is None:
            wrong_in_files = _wrong_in_files(settings, check)
        is_left = finding.what in wrong_in_files or EVERYTHING in wrong_in_files
        yield finding if is_left else replace(finding, remedy=PUBLISHES)


def _wrong_in_files(settings: Settings, check: Check) -> set[str]:
    """Where the check finds anything wrong in the files; everywhere if they cannot be used."""
    try:
        files = from_folder(settings, None).tables
        return {one.what for one in check(files) if one.state != "ok"}
    except ConfigError:
        return {EVERYTHING}


def table_checks(tables: Tables, account: Brightpearl) -> Iterator[Finding]:
    """Every value that a table gives exists in the account.

    Raises: what the system raises.
    """
    for name, actual in account_values(account):
        if name not in tables:  # a version that was published before there was such a table
            continue
        rows = tables[name].rows
        gives = {value for row in rows for value in (row.becomes, *row.more.values()) if value}
        yield compared(name, gives, actual)
    methods = _texts(method.id for method in account.list_shipping_methods())
    warehouses = _texts(warehouse.id for warehouse in account.list_warehouses())
    for name, actual in (*((one, methods) for one in OF_METHODS), (QUARANTINES, warehouses)):
        if name in tables:
            yield compared(name, set(tables[name].values) - {ANY}, actual, "names")


def channel_checks(tables: Tables, store: BigCommerce) -> Iterator[Finding]:
    """Every channel of the store is mapped.

    Raises: what the system raises.
    """
    listed = [(c.id, c.name) for c in store.list_channels()]
    yield unmapped_channels(listed, set(tables["channels"].values))
    actual = {number for number, _ in listed}
    for name in BY_CHANNEL:
        if unknown := sorted(set(tables[name].values) - actual - {ANY} if name in tables else ()):
            yield warn(
                f"table {name}",
                f"names {', '.join(unknown)}, which the store lacks as a channel",
                f"Correct mappings/tables/{name}.csv (it has: {', '.join(sorted(actual))}).",
            )


def account_values(account: Brightpearl) -> Iterator[tuple[str, set[str]]]:
    """By table: the values that exist in the account."""
    statuses = _texts(status.status_id for status in account.list_order_statuses())
    yield from (("order_status", statuses), ("pickup_status", statuses))
    yield "channels", _texts(channel.id for channel in account.list_channels())
    warehouses = _texts(warehouse.id for warehouse in account.list_warehouses())
    yield from (("warehouses", warehouses), ("pickup_locations", warehouses))
    yield "price_lists", _texts(price_list.id for price_list in account.list_price_lists())
    yield "shipping_methods", _texts(method.id for method in account.list_shipping_methods())
    yield "currencies", _texts(currency.code for currency in account.list_currencies())
    yield "tax_codes", _texts(code.code for code in account.list_tax_codes())
    yield (
        "payment_methods",
        _texts(method.code for method in account.list_payment_methods() if method.is_active),
    )


def compared(name: str, gives: set[str], actual: set[str], does: str = "gives") -> Finding:
    """Whether everything that a table gives, or names, exists. Pure."""
    if unknown := sorted(gives - actual):
        return fail(
            f"table {name}",
            f"{does} {', '.join(unknown)}, which the account lacks",
            f"Correct mappings/tables/{name}.csv, or create it in Brightpearl "
            f"(it has: {', '.join(sorted(actual))}).",
        )
    count = f"{counted(len(gives), 'value exists', 'values exist')} in the account"
    return ok(f"table {name}", count if does == "gives" else f"{does} what exists: {count}")


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


def customer_checks(tables: Tables, store: BigCommerce, account: Brightpearl) -> Iterator[Finding]:
    """Every customer group has a row, and the tags and price lists of the tables exist.

    Raises: what the systems raise.
    """
    if "customer_groups" not in tables:
        text = "the mappings in force are of an earlier release, which synced no customers"
        yield warn("customers", text, "causeway mappings publish, with the shipped customers.yaml.")
        return
    groups = {one.id: one.name for one in store.list_customer_groups()}
    known = {row.value for row in tables["customer_groups"].rows}
    if left := [f"{one} {name}".strip() for one, name in groups.items() if one not in known]:
        yield warn(
            "customer groups",
            f"not in the table, so their customers wait in quarantine: {', '.join(left)}",
            "Add a row to mappings/tables/customer_groups.csv for each; a blank means no tag.",
        )
    given = {row.becomes for row in tables["customer_groups"].rows if row.becomes}
    yield compared("customer_groups", given, set(account.list_tags()))
    lists = {row.becomes for row in tables["group_price_lists"].rows}
    yield compared("group_price_lists", lists, {one.id for one in account.list_price_lists()})


def product_checks(tables: Tables, store: BigCommerce, account: Brightpearl) -> Iterator[Finding]:
    """The brands, categories, types and tax codes that the tables of products name exist.

    Brands and categories of the store are not asked for: those that it lacks are created.
    Raises: what the systems raise.
    """
    if "account_brands" not in tables:
        text = "the mappings in force are of an earlier release, which synced no products"
        yield warn("products", text, "causeway mappings publish, with the shipped products.yaml.")
        return
    brands = {one.name for one in account.list_brands()}
    paths = {one.id: (one.name, one.parent_id) for one in account.list_categories()}
    categories = set(category_paths(paths).values())
    codes = {one.code for one in account.list_tax_codes()}
    types = {one.id for one in account.list_product_types()}
    for name, actual in (
        ("account_brands", brands),
        ("account_categories", categories),
        ("account_tax_codes", codes),
        ("product_types", types),
    ):
        given = {row.becomes for row in tables[name].rows if row.becomes}
        yield compared(name, *_in_any_case(given, actual))
    for name, actual in (("brands", brands), ("categories", categories), ("tax_classes", codes)):
        named = set(tables[name].values) - {ANY}
        yield compared(name, *_in_any_case(named, actual), "names")
    classes = {row.becomes for row in tables["tax_classes"].rows if row.becomes}
    classes |= set(tables["account_tax_codes"].values) - {ANY, NO_TAX_CLASS}
    if unknown := sorted(classes - {NO_TAX_CLASS, *store.list_tax_classes()}):
        yield fail(
            "tax classes",
            f"tables of products name {', '.join(unknown)}, which the store lacks",
            "Correct mappings/tables/tax_classes.csv and account_tax_codes.csv, by the ids of "
            "BigCommerce's tax classes.",
        )
    else:
        yield ok("tax classes", "those of the tables of products exist in the store")


def _in_any_case(given: Iterable[str], actual: Collection[str]) -> tuple[set[str], set[str]]:
    """What is given as the account writes it, where only its case differs; and what exists."""
    known = {one.casefold(): one for one in actual}
    return {known.get(one.casefold(), one) for one in given}, set(actual)


def stock_checks(
    tables: Tables, settings: StockSettings, store: BigCommerce, account: Brightpearl
) -> Iterator[Finding]:
    """Both tables can be read, their places exist, and the token may do what is needed.

    Raises: MappingError, ConfigError for tables that cannot be read; what the systems raise.
    """
    places = read_places(
        tables["stock_locations"], tables["stock_buffers"], settings.sales_location
    )
    may_all = True
    for finding in _permissions(store):
        may_all = may_all and finding.state != "fail"
        yield finding
    if not may_all:
        return
    warehouses = {str(one.id) for one in account.list_warehouses()}
    locations = {one.id: one.enabled for one in store.list_locations()}
    yield from placed(places, warehouses, locations)
    yield from settled(places, settings)
    yield from _behaviour(store)


def placed(
    places: Places, warehouses: Collection[str], locations: Mapping[str, bool]
) -> Iterator[Finding]:
    """Whether what `stock_locations` names exists, and is named once. Pure."""
    if not places.pairs:
        yield warn(TABLE, "no warehouse feeds any location: no stock is kept right", CORRECT)
        return
    wrong = False
    for finding in _unknown_places(places, warehouses, locations):
        wrong = wrong or finding.state == "fail"
        yield finding
    if not wrong:
        feeding = counted(len(places.warehouses), "warehouse")
        feed = "feeds" if len(places.warehouses) == 1 else "feed"
        yield ok(TABLE, f"{feeding} {feed} {counted(len(places.locations), 'location')}")


def _unknown_places(
    places: Places, warehouses: Collection[str], locations: Mapping[str, bool]
) -> Iterator[Finding]:
    if missing := [one for one in places.warehouses if one not in warehouses]:
        actual = ", ".join(sorted(warehouses, key=int))
        text = f"names the warehouses {', '.join(missing)}, which the account lacks"
        yield fail(TABLE, text, f"{CORRECT} (the account has: {actual}).")
    if missing := [one for one in places.locations if one not in locations]:
        actual = ", ".join(sorted(locations, key=int))
        text = f"names the locations {', '.join(missing)}, which the store lacks"
        yield fail(TABLE, text, f"{CORRECT} (the store has: {actual}).")
    if closed := [one for one in places.locations if not locations.get(one, True)]:
        yield warn(
            TABLE,
            f"locations {', '.join(closed)} are disabled in the store: nothing is sent to them",
            f"Enable them in BigCommerce, or take them out of the table. {CORRECT}.",
        )
    fed: Counter[str] = Counter(warehouse for warehouse, _ in dict.fromkeys(places.pairs))
    if shared := [warehouse for warehouse, count in fed.items() if count > 1]:
        yield warn(
            TABLE,
            f"warehouses {', '.join(shared)} feed several locations: their units are offered at "
            "each, so they can be sold more than once",
            "Let a warehouse feed one location, or keep units back by stock_buffers.csv.",
        )


def settled(places: Places, settings: StockSettings) -> Iterator[Finding]:
    """Whether the settings name locations that are fed. Pure."""
    named = {
        "CAUSEWAY_STOCK__SALES_LOCATION": (settings.sales_location,),
        "CAUSEWAY_STOCK__BIGCOMMERCE_OWNED_LOCATIONS": settings.bigcommerce_owned_locations,
    }
    for name, wanted in named.items():
        left = [one for one in wanted if one not in places.locations]
        if left and places.pairs:
            text = f"{name} names {', '.join(left)}, which no warehouse feeds"
            yield warn("stock settings", text, f"{CORRECT}, or the setting.")


def _permissions(store: BigCommerce) -> Iterator[Finding]:
    """What the token may do."""
    asked: dict[str, tuple[str, Callable[[], object]]] = {
        "inventory": ("read", lambda: list(store.list_inventory_of_variants([NO_SUCH_PRODUCT]))),
        "inventory, modify": ("written", lambda: _add_nothing(store)),
        "locations": ("read", store.list_locations),
    }
    for name, (done, ask) in asked.items():
        try:
            ask()
        except ConfigError as error:
            yield fail(f"BigCommerce scope {name}", error.message, error.remedy)
        else:
            yield ok(f"BigCommerce scope {name}", f"may be {done}")


def _add_nothing(store: BigCommerce) -> None:
    """Add no unit to a product that does not exist: refused for its id, or for want of a scope.

    Raises: ConfigError without the scope.
    """
    nothing = StockChange("1", "product_id", NO_SUCH_PRODUCT, 0)
    with suppress(RejectedError):
        store.adjust_stock([nothing], kind="relative", reason="Causeway: may stock be written?")


def _behaviour(store: BigCommerce) -> Iterator[Finding]:
    found = store.get_inventory_settings()
    if found.update_stock_behavior == WHEN_PLACED:
        yield ok("BigCommerce inventory settings", "an order takes its stock when it is placed")
        return
    yield warn(
        "BigCommerce inventory settings",
        f"an order takes its stock late ({found.update_stock_behavior}): until then shoppers can "
        "buy what is sold, as far as no sync has taken it off",
        "In BigCommerce's inventory settings let stock go down when an order is placed.",
    )


def _texts(values: Iterable[object]) -> set[str]:
    return {str(value) for value in values}
