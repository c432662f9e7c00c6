"""`causeway stock`: one SKU explained, and what was sold above stock. Reads only."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from cli.installation import installation
from cli.options import JsonOption, PairOption, stock_key
from cli.output import finish
from core.words import counted
from mappings.files import with_paths

stock = typer.Typer(
    help="Why this much of a SKU is on sale; what was oversold.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(stock, name="stock")


@stock.command()
def explain(
    sku: Annotated[
        str, typer.Argument(metavar="SKU", help="In any case; or product:1007, variant:77.")
    ],
    *,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every term of what may be sold of a SKU, and where it came from."""
    key = stock_key(sku)
    installed = installation(pair)
    installed.require_database()
    name = installed.name
    # Frames take a second to import: only a command that reads stock pays for them.
    from cli.stock_report import explained, explanation_text  # noqa: PLC0415 - see above

    folder = installed.settings.mappings_path
    found = explained(name, key)
    found = replace(found, remedy=with_paths(found.remedy, folder))
    problem = f"{found.problem} {found.remedy}".rstrip()
    finish(
        asdict(found),
        as_json=as_json,
        text=with_paths(explanation_text(found), folder),
        problem=problem,
    )


@stock.command()
def oversold(*, pair: PairOption = None, as_json: JsonOption = False) -> None:
    """Show the units sold above stock, by cause, with the orders concerned."""
    installed = installation(pair)
    installed.require_database()
    name = installed.name
    from cli.stock_report import oversold_text, sold_above  # noqa: PLC0415 - as above

    found = sold_above(name)
    units = found["units"]
    are = counted(units, "unit is", "units are")
    problem = f"{are} sold above stock; see docs/stock.md." if units else ""
    finish(found, as_json=as_json, text=oversold_text(found), problem=problem)
