"""`python -m evaluation [--data FOLDER] [FEATURE…]`: figures of each feature, and their bars."""

import importlib
import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluation.figures import Figure
from evaluation.reading import DataError

# Feature → the sub-folders of the data it is measured on; any one of them is enough.
FEATURES = {
    "addresses": ("address",),
    "customers": ("customers",),
    "products": ("products_*",),
    "mapping": ("mapping",),
    "anomalies": ("anomaly_orders", "nab"),
    "risk": ("fraud_scenarios", "fraud_public"),
    "errors": ("errors",),
}


MALFORMED = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
"""What a value of another form than expected ends with."""


def main(
    features: Annotated[list[str] | None, typer.Argument(help="which ones; all by default")] = None,
    data: Annotated[Path | None, typer.Option(help="folder laid out as the reference data")] = None,
) -> None:
    """Measure, print a table, and write var/evaluate.json."""
    folder = data or Path(os.environ.get("CAUSEWAY_SHARED", "../shared")) / "data"
    console = Console()
    if not folder.is_dir():
        console.print(f"There is no folder {folder}. Name one: make evaluate DATA=folder")
        raise typer.Exit(2)
    if unknown := sorted(set(features or ()) - set(FEATURES)):
        console.print(f"There is no feature {unknown[0]!r}; there are {', '.join(FEATURES)}.")
        raise typer.Exit(2)
    unread: list[str] = []
    results: dict[str, dict[str, float]] = {}
    table = Table("feature", "figure", "measured", "bar", "")
    for feature in features or FEATURES:
        if not any(any(folder.glob(name)) for name in FEATURES[feature]):
            console.print(f"{feature}: left out, {folder} has no {' or '.join(FEATURES[feature])}")
            continue
        started = time.monotonic()
        try:
            figures: list[Figure] = importlib.import_module(f"evaluation.{feature}").evaluate(
                folder
            )
        except DataError as error:
            console.print(f"{feature}: not measured. {error} The formats: docs/intelligence.md.")
            unread.append(feature)
            continue
        except MALFORMED as error:
            console.print(
                f"{feature}: not measured. A value in {folder} has another form than it should: "
                f"{type(error).__name__} {error}. The formats: docs/intelligence.md."
            )
            unread.append(feature)
            continue
        console.print(f"{feature}: measured in {time.monotonic() - started:.1f} s")
        results[feature] = {figure.name: figure.value for figure in figures}
        for figure in figures:
            bar = "" if figure.bar is None else f"{figure.reached_if} {figure.bar:g}"
            verdict = "" if figure.bar is None else "reached" if figure.is_reached else "MISSED"
            table.add_row(feature, figure.name, f"{figure.value:.4g}", bar, verdict)
    if results:
        console.print(table)
    target = Path("var/evaluate.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    console.print(f"written to {target}")
    if unread or not results:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
