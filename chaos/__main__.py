"""`python -m chaos`, which is what `make chaos` runs."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from chaos.run import NO_GRACE, SHORT, Chaos, Size
from cli.display import Progress
from cli.output import say, warn
from core.errors import CausewayError
from demo.installation import Options, exclusive, start_installation
from demo.postgresql import PostgresServer, postgres_server
from demo.summary import write

FOLDER = Path("var/chaos")
DOCUMENT = Path("var/chaos.json")
REAL_DAYS = "data/online-retail"
GENERATED = 120
"""Orders that are drawn where there are no files."""


def chaos(
    *,
    orders: Annotated[
        list[Path] | None, typer.Option(help="Online Retail CSV file; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="For everything that is random.")] = 1,
    short: Annotated[bool, typer.Option("--short", help="A minute instead of all days.")] = False,
    count: Annotated[int | None, typer.Option("--count", help="So many orders at most.")] = None,
    postgresql: Annotated[
        bool, typer.Option("--postgresql", help="On a PostgreSQL server, which is killed as well.")
    ] = False,
) -> None:
    """Let everything fail while real orders come; exit code 0 if both systems agree after it."""
    files = tuple(orders or real_days())
    for file in files:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is not a file", param_hint="--orders")
    size = SHORT if short else Size(orders=count if files else count or GENERATED)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with postgres_server() if postgresql else nullcontext() as server:
            is_good = _run(files[:1] if short else files, size, seed, server)
    except CausewayError as error:
        warn(f"The chaos run stopped (SEED={seed}). {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        warn("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if is_good else 1)


def real_days() -> list[Path]:
    """The days of real orders in the reference material, or where CAUSEWAY_SHARED says."""
    shared = Path(os.environ.get("CAUSEWAY_SHARED", "../shared"))
    return sorted((shared / REAL_DAYS).glob("*.csv"))


def _run(files: tuple[Path, ...], size: Size, seed: int, postgresql: PostgresServer | None) -> bool:
    progress = Progress()
    with exclusive(FOLDER, "chaos run"):
        for name in ("prefect", "log"):
            shutil.rmtree(FOLDER / name, ignore_errors=True)
        progress.step(f"SEED={seed}: starting both sandboxes, Prefect, the receiver and the worker")
        environment = dict(NO_GRACE)
        if postgresql is not None:
            environment["CAUSEWAY_DATABASE_URL"] = postgresql.create("causeway")
        options = Options(files, "off", seed, environment=environment)
        with start_installation(FOLDER, options, progress) as installation, progress:
            outcome = Chaos(installation, seed, size, postgresql).perform()
    write(outcome.to_json(), DOCUMENT)
    say(outcome.to_text())
    say(f"The figures are in {DOCUMENT}, the logs in {FOLDER / 'log'}.")
    return outcome.is_good


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(chaos)
    app()
