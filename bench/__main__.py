"""`python -m bench`, which is what `make bench` runs."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from bench.environment import FOLDER, Bench, real_days
from bench.figures import Figure, machine, missed, to_json, to_text, write
from bench.registry import Measurement, chosen
from cli.display import Progress
from cli.output import say, warn
from core.engines import leave_out_costly_imports, silence_telemetry
from core.errors import CausewayError, ConfigError
from core.times import utc_now
from demo.installation import exclusive

DOCUMENT = Path("var/bench.json")
BUSY_LOAD = 0.7
"""Average of a minute from which on a benchmark is not alone."""


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Only these measurements.")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Smaller and shorter.")] = False,
    orders: Annotated[
        list[Path] | None, typer.Option(help="Online Retail CSV file; may be repeated.")
    ] = None,
    shared: Annotated[
        Path | None,
        typer.Option(envvar="CAUSEWAY_SHARED", help="Folder that holds data/online-retail/*.csv."),
    ] = None,
    seed: Annotated[
        str, typer.Option(envvar="SEED", help="Draw other random lives than usual.")
    ] = "",
) -> None:
    """Measure, print a table, write var/bench.json; exit code 0 if every bar is met."""
    signal.signal(signal.SIGTERM, _interrupt)
    silence_telemetry()
    leave_out_costly_imports()
    files = real_days(orders or [], shared)
    for file in files:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is not a file", param_hint="--orders")
    try:
        with exclusive(FOLDER, "benchmark"):
            is_good = _run(Bench(Progress(), quick, files, seed=seed), chosen(names or []))
    except ConfigError as error:
        warn(str(error))
        raise typer.Exit(2) from None
    except CausewayError as error:
        warn(str(error))
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        warn("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if is_good else 1)


def _run(plan: Bench, measurements: list[Measurement]) -> bool:
    """Measure one after the other; what one of them cannot do does not stop the rest."""
    began_at, where = utc_now(), machine()
    figures: dict[str, list[Figure]] = {}
    stopped: dict[str, str] = {}
    if (load := where["load_before"]) > BUSY_LOAD:
        warn(f"The machine is busy (load {load:.1f}): figures of speed will be worse than its own.")
    for measurement in measurements:
        say(f"\n{measurement.name}: {measurement.title}")
        try:
            with plan.progress:
                figures[measurement.name] = measurement.measure(plan)
        except CausewayError as error:
            stopped[measurement.name] = str(error)
            say(f"  stopped: {error}")
            continue
        say(to_text(figures[measurement.name]))
    document = to_json(figures, at=began_at, where=where, is_quick=plan.is_quick, stopped=stopped)
    write(document, DOCUMENT)
    for group in figures.values():
        for figure in missed(group):
            say(f"\nMISSED {figure.name}: {figure.how}")
    say(f"\nHow each figure was measured is in {DOCUMENT}; docs/performance.md explains them.")
    return bool(document["all_met"])


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(bench)
    app()
