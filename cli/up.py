"""What `causeway up` does: everything on this machine, in the foreground, until interrupted."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import say, warn
from cli.processes import Processes
from cli.services import VAR, Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import CausewayError
from core.settings import Settings, load_settings, prefect_api_url

PREFECT_PORT = 4200
SANDBOX_PORTS = (8101, 8102)
FOLLOWED = ("receiver", "worker", "deploy")
"""Whose lines are shown; the others' are in their logs."""
CHECK_EVERY_S = 0.5


def up(settings: Settings, *, with_sandboxes: bool) -> None:
    """Start all parts, see that they run, stop them in order on SIGINT or SIGTERM.

    With `PREFECT_API_URL` set that server is used, else one is started. With sandboxes they are the
    pair, whatever the settings say.

    Raises: ConfigError; ProcessError when a part ends by itself.
    """
    folder = settings.folder / VAR
    folder = folder / "sandbox" if with_sandboxes else folder
    ports = Ports.free(
        prefect=PREFECT_PORT,
        receiver=settings.receiver.port,
        bigcommerce=SANDBOX_PORTS[0],
        brightpearl=SANDBOX_PORTS[1],
    )
    # The receiver's port may differ from the wanted one, when that is taken.
    environment = (
        sandbox_environment(folder, ports)
        if with_sandboxes
        else {"CAUSEWAY_RECEIVER__PORT": str(ports.receiver)}
    )
    with _interruptible(), Processes(folder / "log", follow=FOLLOWED) as processes:
        services = Services.of(
            processes, folder, ports, environment, prefect_api_url=prefect_api_url()
        )
        services.start_all(with_sandboxes=with_sandboxes)
        _subscribe(load_settings(environment) if with_sandboxes else settings)
        say(_addresses(services, with_sandboxes=with_sandboxes))
        while True:
            processes.check()
            time.sleep(CHECK_EVERY_S)


def _subscribe(settings: Settings) -> None:
    for pair in settings.pairs:
        try:
            ensure_webhooks(settings, pair)
        except CausewayError as error:
            warn(f"No webhooks for {pair}: {error}")
            warn("Sweeps find changed orders every five minutes.")


def _addresses(services: Services, *, with_sandboxes: bool) -> str:
    ports = services.ports
    lines = [
        "",
        "Causeway is up. Ctrl-C stops it.",
        f"  Prefect      {services.prefect_api_url.removesuffix('/api')}",
        f"  webhooks to  http://127.0.0.1:{ports.receiver}",
        f"  logs in      {services.folder / 'log'}",
    ]
    if with_sandboxes:
        lines += [
            f"  BigCommerce  http://127.0.0.1:{ports.bigcommerce}/_sandbox/state",
            f"  Brightpearl  http://127.0.0.1:{ports.brightpearl}/_sandbox/state",
        ]
    return "\n".join(lines)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block; once it ends, children are stopped in order."""
    before = {
        number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    except KeyboardInterrupt:
        say("stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
