"""`python -m demo`, which is what `make demo` runs."""

from __future__ import annotations

import shlex
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.display import Progress
from cli.output import say, warn
from core.errors import CausewayError
from demo.play import perform
from demo.stage import Options, Stage, set_up
from demo.summary import to_text

DOCUMENT = Path("var/demo.json")


class Limits(StrEnum):
    """Whether the sandboxes hold callers to the documented request limits."""

    DOCUMENTED = "documented"
    OFF = "off"


def demo(
    *,
    orders: Annotated[
        list[Path] | None, typer.Option(help="Online Retail CSV file; may be repeated.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running.")] = False,
    limits: Annotated[Limits, typer.Option(help="Request limits.")] = Limits.DOCUMENTED,
    seed: Annotated[int, typer.Option(help="For everything that is random.")] = 1,
) -> None:
    """Watch orders go all the way, on this machine; exit code 0 if both systems agree."""
    options = Options(tuple(orders or ()), keep, limits.value, seed)
    for file in options.orders:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is not a file", param_hint="--orders")
    signal.signal(signal.SIGTERM, _stop)
    try:
        agrees = _show(options)
    except CausewayError as error:
        warn(f"The demo stopped. {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        warn("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if agrees else 1)


def _show(options: Options) -> bool:
    progress = Progress()
    with set_up(options, progress) as stage:
        with progress:
            document = perform(stage, progress, DOCUMENT)
        say()
        say(to_text(document))
        say(f"The figures are in {DOCUMENT}, the logs in {stage.services.folder / 'log'}.")
        if options.keep:
            _linger(stage)
    return bool(document["agrees"])


def _linger(stage: Stage) -> None:
    """Say where to look, and stay until interrupted."""
    ports = stage.services.ports
    told = stage.services.environment
    file = stage.services.folder / "environment"
    file.write_text("".join(f"export {k}={shlex.quote(v)}\n" for k, v in sorted(told.items())))
    say()
    say("Everything is still running. Ctrl-C stops it.")
    say(f"  Prefect      {stage.services.prefect_api_url.removesuffix('/api')}")
    say(f"  BigCommerce  http://127.0.0.1:{ports.bigcommerce}/_sandbox/state")
    say(f"  Brightpearl  http://127.0.0.1:{ports.brightpearl}/_sandbox/state")
    say(f"  In another terminal: source {file}; .venv/bin/causeway status")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("stopping")


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(demo)
    app()
