"""`causeway show`: where one record is, on one page. It reads, and starts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from cli import record_sides
from cli.display import table
from cli.installation import Installation, installation
from cli.next_steps import SYSTEMS, Asked, next_step
from cli.options import JsonOption, PairOption, known_keys, stock_key
from cli.output import finish
from cli.record_sides import ABSENT, Sides, both
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.inventory_models import StockItem
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.errors import ConfigError
from core.ids import PRODUCT, VARIANT, credit_ref, external_ref, note_of, order_id_of, sku_key
from core.times import to_iso, utc_now
from core.words import counted
from store.database import Database
from store.links import Links
from store.records import Address, Records
from store.stock import Catalogue
from store.versions import Versions

ORDERS, REFUNDS, SHIPMENTS, STOCK = "orders", "refunds", "shipments", "stock"
GOODS_NOTES = "goods-notes"
"""Entity of links from parts of an order's shipments to goods notes."""
WRITES_SHOWN = 15
"""The newest writes of a page; the document has all."""

show = typer.Typer(
    help="Where one record is on both sides, and what to do next.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(show, name="show")


@dataclass(frozen=True)
class Opened:
    """An installation, opened to read: its database is neither made nor brought up to date."""

    installed: Installation
    database: Database
    store: BigCommerce
    account: Brightpearl

    @property
    def pair(self) -> str:
        """The name of the pair."""
        return self.installed.name

    def linked(self, entity: str, key: str) -> list[str]:
        """Brightpearl's id of a record, where a link has one."""
        return [link.id_bp for link in Links(self.database).get(self.pair, entity, [key]).values()]


@contextmanager
def _opened(pair: str | None) -> Iterator[Opened]:
    installed = installation(pair)
    installed.require_database()
    settings = installed.settings
    database = Database(settings.database_url, settings.encryption_keys)
    store = BigCommerce(installed.pair.bigcommerce).at(Priority.ORDERS)
    account = Brightpearl(installed.pair.brightpearl).at(Priority.ORDERS)
    try:
        yield Opened(installed, database, store, account)
    finally:
        store.close()
        account.close()
        database.close()


@show.command()
def order(
    order_id: Annotated[str, typer.Argument(metavar="ID", help="BigCommerce's id, or BC-250.")],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an order of the store and its sales order."""
    (key,) = known_keys(ORDERS, [order_id_of(order_id) or order_id])
    asked = Asked("order", key, ORDERS, key, pair or "")
    with _opened(pair) as opened:
        linked = opened.linked(ORDERS, key)
        sides = both(
            lambda: record_sides.store_order(opened.store, key),
            lambda: record_sides.account_order(opened.account, key, linked),
        )
        named = [(entity, key) for entity in (ORDERS, REFUNDS, SHIPMENTS)]
        parts = [(REFUNDS, key), (GOODS_NOTES, key)]
        _finish(opened, asked, sides, named, parts, as_json=as_json)


@show.command()
def refund(
    refund_id: Annotated[str, typer.Argument(metavar="ID", help="12, 250/12 or BC-250-R12.")],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a refund of the store and its sales credit."""
    order_id, number = _refund_named(refund_id)
    with _opened(pair) as opened:
        found = record_sides.readable(lambda: record_sides.store_refund(opened.store, number))
        if found["found"] and order_id and found["order_id"] != order_id:
            found = ABSENT
        known = Records(opened.database).parts_named(opened.pair, REFUNDS, number)
        owner = order_id or str(found.get("order_id") or "")
        owner = owner or next((key.partition("/")[0] for key in known), "")
        key = f"{owner}/{number}"
        linked = opened.linked(REFUNDS, key)
        sides = both(
            lambda: found,
            lambda: (
                record_sides.account_credit(opened.account, credit_ref(owner, number), linked)
                if owner
                else ABSENT
            ),
        )
        asked = Asked("refund", key if owner else number, REFUNDS, owner, pair or "")
        named = [(REFUNDS, owner), (REFUNDS, key), (ORDERS, owner)]
        _finish(opened, asked, sides, named, (), as_json=as_json)


@show.command()
def shipment(
    name: Annotated[
        str,
        typer.Argument(metavar="ID", help="An order's id, or a goods note: note-17, drop-17."),
    ],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what left of an order: goods notes, and shipments of the store."""
    (key,) = known_keys(SHIPMENTS, [order_id_of(name) or name])
    with _opened(pair) as opened:
        order_id, note = _order_of_note(opened, key)
        sides = Sides(ABSENT, note or ABSENT)
        if order_id:
            linked = opened.linked(ORDERS, order_id)
            sides = both(
                lambda: _shipped(record_sides.store_order(opened.store, order_id)),
                lambda: _left(record_sides.account_order(opened.account, order_id, linked)),
            )
        asked = Asked("shipment", key, SHIPMENTS, order_id or key, pair or "")
        named = [(SHIPMENTS, order_id), (SHIPMENTS, key), (ORDERS, order_id)]
        _finish(opened, asked, sides, named, [(GOODS_NOTES, order_id)], as_json=as_json)


@show.command()
def sku(
    name: Annotated[
        str, typer.Argument(metavar="SKU", help="In any case; or product:1007, variant:77.")
    ],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a SKU of the store and the products that carry it."""
    key = stock_key(name)
    with _opened(pair) as opened:
        named = _sku_named(opened, key)
        sides = Sides(ABSENT, ABSENT)
        if named is not None:
            key = sku_key(named.sku)
            found = record_sides.readable(lambda: record_sides.store_stock(opened.store, key))
            renamed = [named.in_account] if named.in_account else []
            stored = [one["sku"] for one in found.get("locations", ())]
            spellings = renamed or [named.catalogued, *stored, name.strip()]
            sides = Sides(
                found,
                record_sides.readable(
                    lambda: record_sides.account_stock(opened.account, spellings)
                ),
            )
        asked = Asked("sku", key, STOCK, key, pair or "")
        _finish(opened, asked, sides, [(STOCK, key)], (), as_json=as_json)


def _refund_named(text: str) -> tuple[str, str]:
    """Order and refund of `250/12`, `BC-250-R12`, or "" and the refund of `12`.

    Raises: ConfigError for anything else.
    """
    order_id = order_id_of(text)
    number = text.removeprefix(f"{external_ref(order_id)}-R") if order_id else text
    if "/" in text:
        order_id, _, number = text.partition("/")
    if not number.isdecimal() or (order_id and not order_id.isdecimal()):
        raise ConfigError(
            f"{text!r} is not the id of a BigCommerce refund.",
            remedy="Give it as in 12, 250/12 (order and refund) or BC-250-R12.",
        )
    return order_id, number


def _order_of_note(opened: Opened, key: str) -> tuple[str, dict[str, Any] | None]:
    """The order that a key of shipments is about, and the note if the key names one."""
    kind_and_id = note_of(key)
    if kind_and_id is None:
        return key, None
    note = record_sides.account_note(opened.account, *kind_and_id)
    links = Links(opened.database)
    by_note = links.get(opened.pair, GOODS_NOTES, [key], by="id_bp")
    if not note["found"]:
        return next((one.key_bc.partition("/")[0] for one in by_note.values()), ""), None
    sales_order = str(note["order_id"])
    by_order = links.get(opened.pair, ORDERS, [sales_order], by="id_bp")
    for link in by_order.values():
        return link.key_bc, note
    reference = record_sides.order_of_sales_order(opened.account, sales_order)
    return order_id_of(reference), note


@dataclass(frozen=True)
class SkuNames:
    """How a SKU is called."""

    sku: str
    """In the store."""
    in_account: str
    """In Brightpearl, by the table `skus`; "" where the table has no row."""
    catalogued: str
    """As Brightpearl spelt it when products were last read; "" before that."""


def _sku_named(opened: Opened, key: str) -> SkuNames | None:
    """The SKU that a key of stock names; None for a product or variant without one."""
    # Tables bring frames along, which take a second to import: only SKUs pay for them.
    from mappings.bundle import Bundle, load_bundle  # noqa: PLC0415 - see above

    versions, catalogue = Versions(opened.database), Catalogue(opened.database)
    published = versions.get(opened.pair, versions.newest(opened.pair))
    path = opened.installed.settings.mappings_path
    skus = (Bundle.from_files(published.files) if published else load_bundle(path)).tables["skus"]
    if key.startswith(PRODUCT):
        product_id = key.removeprefix(PRODUCT)
        product = catalogue.by_id(opened.pair, [product_id]).get(product_id)
        own = sku_key(product.sku) if product else ""
        key = next((row.value for row in skus.rows if sku_key(row.becomes) == own), own)
    elif key.startswith(VARIANT):
        items = opened.store.list_inventory_of_variants([key.removeprefix(VARIANT)])
        key = next((item.sku for item in items if isinstance(item, StockItem)), "")
    if not key:
        return None
    in_account = skus.get(sku_key(key)) or ""
    own = sku_key(in_account or key)
    product = catalogue.find(opened.pair, [own]).get(own)
    return SkuNames(key, in_account, product.sku if product else "")


def _shipped(document: dict[str, Any]) -> dict[str, Any]:
    """What the store says of shipping an order."""
    kept = ("found", "problem", "status", "modified_at", "lines", "shipments")
    return {name: document[name] for name in kept if name in document}


def _left(document: dict[str, Any]) -> dict[str, Any]:
    """What Brightpearl says of shipping an order."""
    kept = ("found", "problem", "id", "external_ref", "status", "allocation", "shipping")
    return {name: document[name] for name in (*kept, "notes", "back_orders") if name in document}


def _finish(  # noqa: PLR0913 - a page's parts
    opened: Opened,
    asked: Asked,
    sides: Sides,
    named: Sequence[Address],
    parts: Sequence[Address],
    *,
    as_json: bool,
) -> None:
    """Print the page, or one line for a record that no system has."""
    records, now = Records(opened.database), utc_now()
    rank = {address: place for place, address in reversed(list(enumerate(named)))}
    keys = sorted(records.keys(opened.pair, named), key=lambda one: rank[one.entity, one.key])
    cases = sorted(
        records.cases(opened.pair, named), key=lambda one: (rank[one.entity, one.key], one.id)
    )
    written = records.history(opened.pair, named)
    run_ids = [*(one.run_id for one in written), *(one.run_id for one in cases)]
    flows = records.flows(opened.pair, run_ids)
    step = next_step(asked, sides, keys, cases, now)
    document = {
        "kind": asked.kind,
        "id": asked.name,
        "pair": opened.pair,
        "at": now,
        "bigcommerce": sides.bigcommerce,
        "brightpearl": sides.brightpearl,
        "links": [asdict(one) for one in records.links(opened.pair, named, parts)],
        "inbox": [asdict(one) for one in keys],
        "cases": [
            {
                "id": one.id,
                "entity": one.entity,
                "key": one.key,
                "class": one.class_,
                "value": one.value,
                "reason": one.reason,
                "remedy": one.remedy,
                "proposes": one.detail.get("kind", "") if one.detail.get("proposal") else "",
                "opened_at": one.opened_at,
                "flow": flows.get(one.run_id, ""),
            }
            for one in cases
        ],
        "history": [
            {
                "at": one.intent_at,
                "entity": one.entity,
                "action": one.action,
                "natural_key": one.natural_key,
                "outcome": one.outcome or "unknown",
                "written_id": one.written_id,
                "error": one.error,
                "mapping_version": one.mapping_version,
                "flow": flows.get(one.run_id, ""),
                "run_id": one.run_id,
            }
            for one in written
        ],
        "next": asdict(step),
    }
    if not sides.is_nowhere:
        finish(document, as_json=as_json, text=to_text(document))
        return
    problem = f"Neither BigCommerce nor Brightpearl has {_named(asked.kind)} {asked.name}."
    if written:
        problem += f" --json lists {counted(len(written), 'write')} of Causeway for it."
    finish(document, as_json=as_json, problem=problem)


def to_text(found: Mapping[str, Any]) -> str:
    """The page for people."""
    parts = [f"{_named(found['kind'], is_first=True)} {found['id']}, pair {found['pair']}"]
    parts += [_side_text(name, found[system]) for system, name in SYSTEMS.items()]
    linked = [(one["entity"], one["key_bc"], one["id_bp"]) for one in found["links"]]
    parts += _section("Links", ["entity", "BigCommerce", "Brightpearl"], linked, "Not linked.")
    keys = [
        (
            one["entity"],
            one["key"],
            one["state"],
            one["reason"],
            " ".join(one["waits_for"]),
            one["ready_at"],
            one["updated_at"],
        )
        for one in found["inbox"]
    ]
    columns = ["entity", "key", "state", "why", "waits for", "ready at", "since"]
    parts += _section("Inbox", columns, keys, "No key of it is, or was, in the inbox.")
    cases = [
        (one["id"], one["entity"], one["class"], one["value"], one["reason"], one["opened_at"])
        for one in found["cases"]
    ]
    if cases:
        columns = ["id", "entity", "class", "value", "reason", "since"]
        parts += _section("Waits for a person", columns, cases, "")
        parts += [f"{one['id']}: {one['remedy']}" for one in found["cases"] if one["remedy"]]
    history = found["history"]
    writes = [
        (
            one["at"],
            one["action"],
            one["natural_key"],
            " ".join([one["outcome"], one["error"]]).strip(),
            one["written_id"],
            one["flow"],
            one["mapping_version"],
        )
        for one in history[-WRITES_SHOWN:]
    ]
    columns = ["at", "action", "of", "outcome", "id", "flow", "mappings"]
    parts += _section("History", columns, writes, "Causeway wrote nothing for it.")
    if len(history) > WRITES_SHOWN:
        parts.append(f"… and {len(history) - WRITES_SHOWN} earlier ones (--json names all)")
    return "\n".join([*parts, "", f"Next: {found['next']['why']}", f"  {found['next']['command']}"])


def _named(kind: str, *, is_first: bool = False) -> str:
    """A kind of record in a sentence, or as its first word."""
    if kind == "sku":
        return "SKU"
    return kind.capitalize() if is_first else kind


def _side_text(name: str, side: Mapping[str, Any]) -> str:
    if side["found"] is None:
        return f"\n{name} could not be read: {side['problem']}"
    if not side["found"]:
        return f"\n{name} does not have it."
    plain = [
        (field.replace("_", " "), to_iso(value) if hasattr(value, "tzinfo") else value)
        for field, value in side.items()
        if field != "found" and not isinstance(value, list | dict) and value not in ("", None)
    ]
    parts = [f"\n{name}", table(["field", "value"], plain)] if plain else [f"\n{name}"]
    for field, rows in side.items():
        if isinstance(rows, list) and rows:
            parts.append(_rows_text(field.replace("_", " "), rows))
    return "\n".join(parts)


def _rows_text(title: str, rows: Sequence[Any]) -> str:
    if not isinstance(rows[0], dict):
        return f"{title}: {' '.join(map(str, rows))}"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    return f"{title}\n{table([column.replace('_', ' ') for column in columns], cells)}"


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(str(_cell(each)) for each in value)
    return value


def _section(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str
) -> list[str]:
    return [f"\n{title}", table(columns, rows) if rows else empty]
