"""The `causeway` command: which sub-commands there are, and how every one of them ends.

Exit codes: 0 done, 1 something needs a person, 2 wrong usage or settings. An error that we know is
one or two lines on stderr, never a traceback; with `--json` it is also the document on stdout.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Annotated

import typer

from cli.output import error_document, warn
from cli.progress import busy
from core.engines import collect_rarely, leave_out_costly_imports, silence_telemetry
from core.errors import CausewayError, ConfigError

COMMANDS = {
    "up": "cli.run",
    "receiver": "cli.run",
    "worker": "cli.run",
    "deploy": "cli.run",
    "sandbox": "cli.sandbox",
    "sync": "cli.sync",
    "sweep": "cli.sync",
    "audit": "cli.sync",
    "reconcile": "cli.sync",
    "stock": "cli.stock",
    "backfill": "cli.sync",
    "quarantine": "cli.quarantine",
    "mappings": "cli.mappings",
    "webhooks": "cli.webhooks",
    "doctor": "cli.doctor",
    "status": "cli.status",
    "show": "cli.show",
    "check": "cli.check",
    "privacy": "cli.privacy",
    "customers": "cli.merges",
    "db": "cli.run",
}
"""The module that declares each sub-command: only the one that is asked for is imported, so that
the receiver does not carry what the others need."""

OWN_LINES = frozenset({"up", "receiver", "worker", "sandbox", "backfill"})
"""Commands that show by themselves what they are at."""

STAYING = frozenset({"up", "receiver", "worker", "sandbox"})
"""Commands that run until they are stopped."""


def main() -> None:
    """Entry point of the installed command."""
    silence_telemetry()
    leave_out_costly_imports()
    if STAYING.isdisjoint(sys.argv[1:2]):
        collect_rarely()
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; gives the exit code."""
    try:
        with busy(_shown(arguments)):
            build(arguments)(args=list(arguments), prog_name="causeway")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except CausewayError as error:
        if "--json" in arguments:
            error_document(error)
        warn(f"{type(error).__name__}: {error.message}")
        if error.remedy:
            warn(error.remedy)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


def _shown(arguments: Sequence[str]) -> str:
    """What is said to be at work when it takes its time; nothing of what has its own lines."""
    words = [word for word in arguments if not word.startswith("-")][:2]
    return "" if not words or words[0] in OWN_LINES else f"causeway {' '.join(words)}"


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command line with the sub-command that `arguments` name, or with all of them."""
    app = typer.Typer(
        name="causeway",
        help="Keeps a BigCommerce store and a Brightpearl account in agreement.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_root)
    asked = next((word for word in arguments if not word.startswith("-")), "")
    wanted = {asked: COMMANDS[asked]} if asked in COMMANDS else COMMANDS
    for module in dict.fromkeys(wanted.values()):
        import_module(module).register(app)
    return app


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(metadata.version("causeway"))
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Print the version and stop.",
            is_eager=True,
            callback=lambda asked: _print_version(asked=asked),
        ),
    ] = False,
) -> None:
    """Options before every sub-command."""


if __name__ == "__main__":
    main()
