"""`python -m demo`, which is what `make demo` runs."""

from __future__ import annotations

import shlex
import shutil
import signal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.display import Progress
from cli.output import say, warn
from core.errors import CausewayError
from demo.installation import Installation, Options, exclusive, start_installation
from demo.play import perform
from demo.summary import to_text

FOLDER = Path("var/demo")
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
    options = Options(tuple(orders or ()), limits.value, seed, wants_usual_ports=keep)
    for file in options.orders:
        if not file.is_file():
            raise typer.BadParameter(f"{file} is not a file", param_hint="--orders")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        agrees = _run(options, keep=keep)
    except CausewayError as error:
        warn(f"The demo stopped. {error}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        warn("stopped")
        raise typer.Exit(130) from None
    raise typer.Exit(0 if agrees else 1)


def _run(options: Options, *, keep: bool) -> bool:
    progress = Progress()
    with exclusive(FOLDER, "demo"):
        shutil.rmtree(FOLDER / "prefect", ignore_errors=True)
        progress.step("starting both sandboxes, Prefect, the receiver and the worker")
        with start_installation(FOLDER, options, progress) as installation:
            progress.step("all are up, and subscribed to both systems' webhooks")
            with progress:
                document = perform(installation, DOCUMENT)
            say()
            say(to_text(document))
            say(f"The figures are in {DOCUMENT}, the logs in {FOLDER / 'log'}.")
            if keep:
                _stay(installation)
    return bool(document["agrees"])


def _stay(installation: Installation) -> None:
    """Say what can be opened, and stay until interrupted."""
    services = installation.services
    file = services.folder / "environment"
    variables = sorted(services.environment.items())
    file.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables))
    say()
    say("Everything is still running. Ctrl-C stops it.")
    say(f"  Prefect      {services.prefect_api_url.removesuffix('/api')}")
    say(f"  BigCommerce  http://127.0.0.1:{services.ports.bigcommerce}/_sandbox/state")
    say(f"  Brightpearl  http://127.0.0.1:{services.ports.brightpearl}/_sandbox/state")
    say(f"  In another terminal: source {file}; .venv/bin/causeway status")
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("stopping")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(demo)
    app()
