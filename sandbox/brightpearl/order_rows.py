"""Rows of orders: reading them from bodies, checking them, adding what bundles bring along."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydantic import Field

from sandbox.brightpearl import reference
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.formats import decimal_places
from sandbox.brightpearl.records import ZERO, OrderRow, Product
from sandbox.brightpearl.refusals import refuse
from sandbox.brightpearl.routing import Incoming

ROW_PLACES = 4
MOST = 10**12
"""No row of a shop is larger; beyond it, sums would lose cents."""


class RowIn(Incoming):
    """A row of a sales order or credit; net and tax are row totals, up to four places."""

    product_id: int | None = None
    name: str | None = None
    quantity: Decimal = Field(le=MOST)
    tax_code: str
    net: Decimal = Field(ge=-MOST, le=MOST)
    tax: Decimal = Field(ge=-MOST, le=MOST)
    nominal_code: str | None = None
    external_ref: str | None = None
    sequence: int | None = None


def new_rows(account: Account, rows: Sequence[RowIn]) -> Iterator[OrderRow]:
    """The rows with ids, each bundle followed by its components (value nought).

    Raises: Refusal 400 at the first row the vendor would not take.
    """
    checked = [(row, check_row(account, row)) for row in rows]
    for number, (row, product) in enumerate(checked, start=1):
        parent = make_row(account, row, product, row.sequence or number * 10)
        yield parent
        if product is not None and product.is_bundle:
            yield from components(account, parent, product)


def check_row(account: Account, row: RowIn) -> Product | None:
    """The row's product, None for free text.

    Raises: Refusal 400.
    """
    product = None
    if row.product_id:
        product = account.products.get(row.product_id)
        if product is None:
            refuse("ORDC-904", f"Product {row.product_id} does not exist")
    elif not row.name:
        refuse("ORDC-026", "A product name is required for a row without a product id")
    whole = product is not None and (product.stock_tracked or product.is_bundle)
    if row.quantity <= 0 or decimal_places(row.quantity) > (0 if whole else ROW_PLACES):
        refuse("ORDC-024", f"Quantity {row.quantity} is not valid")
    if row.tax_code not in reference.TAX_CODES:
        refuse("ORDC-905", f"Tax code {row.tax_code[:20]} does not exist")
    if max(decimal_places(row.net), decimal_places(row.tax)) > ROW_PLACES:
        refuse("ORDC-906", "Row net and tax take at most four decimal places")
    if row.nominal_code is not None and row.nominal_code not in reference.NOMINAL_CODES:
        refuse("ORDC-907", f"Nominal code {row.nominal_code[:20]} does not exist")
    return product


def make_row(account: Account, row: RowIn, product: Product | None, sequence: int) -> OrderRow:
    """The row as it will be kept."""
    own = product.document.get("nominalCodeSales") if product is not None else None
    return OrderRow(
        id=account.sequences.next("row"),
        product_id=None if product is None else product.id,
        name=row.name or (product.name if product is not None else ""),
        sku="" if product is None else product.sku,
        quantity=row.quantity,
        tax_code=row.tax_code,
        net=row.net,
        tax=row.tax,
        nominal_code=row.nominal_code or own or reference.DEFAULT_NOMINAL_CODE,
        sequence=sequence,
        external_ref=row.external_ref,
        bundle_parent=product is not None and product.is_bundle,
    )


def components(account: Account, parent: OrderRow, bundle: Product) -> Iterator[OrderRow]:
    """Rows for what a bundle is made of; its value stays on the bundle's own row."""
    for product_id, units in bundle.components:
        component = account.products.get(product_id)
        if component is None:
            continue
        yield OrderRow(
            id=account.sequences.next("row"),
            product_id=product_id,
            name=component.name,
            sku=component.sku,
            quantity=units * parent.quantity,
            tax_code=parent.tax_code,
            net=ZERO,
            tax=ZERO,
            nominal_code=parent.nominal_code,
            sequence=parent.sequence,
            parent_row_id=parent.id,
        )
