"""What `causeway mappings suggest` finds: fields for fields, and values for values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

from cli.display import table
from cli.installation import Installation, has_database
from cli.mapping_versions import in_force
from connectors.bigcommerce.client import BigCommerce
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.errors import ConfigError
from core.ids import sku_key
from intelligence.lookups import LEAST_SCORE, ValueSuggestion, suggest_skus, suggest_value
from intelligence.mapping import Confirmed, Source, Suggested, limits, suggest
from intelligence.products import Item
from store.quarantine import Quarantine
from store.verdicts import Verdicts

FIELDS, VALUES = "mapping", "values"
"""Features under which verdicts are kept."""
SKUS = "skus"
"""The table whose values are SKUs: candidates come from both catalogues."""
LIVE = "LIVE"
ENTITIES = ("order", "contact", "product")

# Lookup table → how the account names what it may give.
NAMED: Mapping[str, Callable[[Brightpearl], Iterator[tuple[str, str]]]] = {
    "order_status": lambda bp: ((s.status_id, s.name) for s in bp.list_order_statuses()),
    "pickup_status": lambda bp: ((s.status_id, s.name) for s in bp.list_order_statuses()),
    "payment_methods": lambda bp: ((m.code, m.name) for m in bp.list_payment_methods()),
    "shipping_methods": lambda bp: ((m.id, m.name) for m in bp.list_shipping_methods()),
    "channels": lambda bp: ((c.id, c.name) for c in bp.list_channels()),
    "warehouses": lambda bp: ((w.id, w.name) for w in bp.list_warehouses()),
    "price_lists": lambda bp: ((p.id, p.name) for p in bp.list_price_lists()),
}


def field_suggestions(
    installed: Installation, entity: str, fields: Sequence[str]
) -> tuple[list[dict[str, Any]], str]:
    """Suggestions for fields such as `billing_address.city`, and the same as text.

    Raises: ConfigError for an entity that has no list of fields.
    """
    if entity not in ENTITIES:
        raise ConfigError(
            f"There are no suggestions for {entity!r}.",
            remedy=f"Name one of {', '.join(ENTITIES)}.",
        )
    library = [
        Confirmed(one.entity, one.subject, one.verdict)
        for one in _verdicts(installed, FIELDS)
        if one.entity == entity
    ]
    found = suggest(entity, [Source(field) for field in fields], library=library)
    rows = [row for one in found for row in _field_rows(one)]
    text = table(["field", "becomes", "score", "because"], rows)
    note = limits()
    return [_document(one) for one in found], f"{text}\n{note}".strip()


def value_suggestions(
    installed: Installation, table_name: str, values: Sequence[str], options: Mapping[str, str]
) -> tuple[list[dict[str, Any]], str]:
    """Suggestions for values of a lookup table, and the same as text.

    Without `values`, for those that records in quarantine wait for.
    """
    asked = list(values) or waiting_values(installed, table_name)
    confirmed = {
        one.subject: one.verdict for one in _verdicts(installed, VALUES) if one.entity == table_name
    }
    skus = _sku_suggestions(installed, asked, confirmed) if asked and table_name == SKUS else {}
    documents, rows = [], []
    for value in asked:
        if table_name == SKUS:
            found = skus[value]
        else:
            found = suggest_value(table_name, value, options, confirmed=confirmed)
        documents.append({"value": value, "suggestions": [asdict(one) for one in found]})
        rows += [(value, f"{s.value} {s.label}".strip(), f"{s.score:.2f}", s.reason) for s in found]
        if not found:
            rows.append((value, "", "", f"nothing scores {LEAST_SCORE:g} or more"))
    text = table(["value", "becomes", "score", "because"], rows)
    if not asked:
        text = f"Nothing in quarantine waits for a row of {table_name}; name values to ask for."
    return documents, text


def options_of(installed: Installation, table_name: str) -> dict[str, str]:
    """Values that the table may give, with their names: of the account, else of the table itself.

    Raises: ConfigError for a table that the mappings lack; what the account raises.
    """
    if table_name == SKUS:
        return {}  # both catalogues are read for them
    if named := NAMED.get(table_name):
        with closing(Brightpearl(installed.pair.brightpearl)) as account:
            return {str(value): name for value, name in named(account)}
    tables = in_force(installed.settings, installed.name).tables
    if table_name not in tables:
        raise ConfigError(
            f"The mappings have no table {table_name!r}.",
            remedy=f"Name one of {', '.join(sorted(tables))}.",
        )
    return {row.becomes: row.note or row.becomes for row in tables[table_name].rows if row.becomes}


def _sku_suggestions(
    installed: Installation, skus: Sequence[str], confirmed: Mapping[str, str]
) -> Mapping[str, list[ValueSuggestion]]:
    """Brightpearl's SKUs for those of the store, by both catalogues as they are now.

    Raises: what either system raises.
    """
    with (
        closing(BigCommerce(installed.pair.bigcommerce).at(Priority.CATALOGUE)) as store,
        closing(Brightpearl(installed.pair.brightpearl).at(Priority.CATALOGUE)) as account,
    ):
        here = [
            Item(variant.id, product.name, variant.sku, variant.gtin or variant.upc, variant.mpn,
                 price=variant.price)
            for product in store.list_catalog()
            for variant in product.variants
        ]  # fmt: skip
        over = [
            Item(one.id, one.name, own.sku, own.ean or own.upc, own.mpn)
            for one in account.list_catalogue(account.list_product_ids())
            if one.status == LIVE and (own := one.identity)
        ]
    by_sku = {sku_key(one.sku): one for one in here if one.sku}
    # A SKU of an order may be of a product that the store has no longer.
    wanted = {sku: by_sku.get(sku_key(sku)) or Item(f"sku {sku}", sku=sku) for sku in skus}
    found = suggest_skus(list(wanted.values()), here, over, confirmed=confirmed)
    return {sku: found[item.key] for sku, item in wanted.items()}


def _verdicts(installed: Installation, feature: str) -> list[Any]:
    if not has_database(installed.settings):
        return []
    return list(Verdicts(installed.existing_database()).newest(installed.name, feature))


def waiting_values(installed: Installation, table_name: str) -> list[str]:
    """Values of open cases whose reason or remedy names the file of a lookup table."""
    if not has_database(installed.settings):
        return []
    file = f"tables/{table_name}.csv"
    entries = Quarantine(installed.existing_database()).list(pair=installed.name)
    return sorted(
        {one.value for one in entries if one.value and file in f"{one.reason} {one.remedy}"}
    )


def _field_rows(one: Suggested) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [
        (one.source, s.target, f"{s.score:.2f}", s.reason) for s in one.suggestions
    ]
    if one.abstains:
        return [(one.source, "", f"{one.confidence:.2f}", "probably nothing corresponds to it")]
    return rows


def _document(one: Suggested) -> dict[str, Any]:
    return {
        "field": one.source,
        "confidence": one.confidence,
        "abstains": one.abstains,
        "suggestions": [asdict(s) for s in one.suggestions],
    }
