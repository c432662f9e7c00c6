"""What `causeway up` does: everything on this machine, in the foreground, until interrupted."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.output import say, warn
from cli.processes import Processes
from cli.services import VAR, Ports, Services, remove_database, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import CausewayError
from core.settings import Settings, load_settings, prefect_api_url

PREFECT_PORT = 4200
SANDBOX_PORTS = (8101, 8102)
FOLLOWED = ("receiver", "worker", "deploy")
"""Whose lines are shown; the others' are in their logs."""
CHECK_EVERY_S = 0.5
START_WITHIN_S = 120.0


def up(settings: Settings, *, sandbox: bool) -> None:
    """Start all parts, see that they run, stop them in order on SIGINT or SIGTERM.

    With `PREFECT_API_URL` set that server is used, else one is started. With `sandbox` the pair is
    both sandboxes, whatever the settings say.

    Raises: ConfigError; ProcessError when a part ends by itself.
    """
    folder = VAR / "sandbox" if sandbox else VAR
    if not sandbox:
        settings.pair()
    ports = Ports.free(
        prefect=PREFECT_PORT,
        receiver=settings.receiver.port,
        bigcommerce=SANDBOX_PORTS[0],
        brightpearl=SANDBOX_PORTS[1],
    )
    told = sandbox_environment(folder, ports) if sandbox else _own_receiver(ports)
    with _interruptible(), Processes(folder / "log", follow=FOLLOWED) as processes:
        services = Services.of(processes, folder, ports, told, prefect_api_url=prefect_api_url())
        start_all(services, sandbox=sandbox)
        _subscribe(load_settings(told) if sandbox else settings)
        say(_where(services, sandbox=sandbox))
        while True:
            processes.check()
            time.sleep(CHECK_EVERY_S)


def start_all(services: Services, *, sandbox: bool, options: tuple[str, ...] = ()) -> None:
    """Start every part beside the others and wait until all can be used.

    Raises: ProcessError.
    """
    processes = services.processes
    started = []
    if sandbox:
        services.folder.mkdir(parents=True, exist_ok=True)
        remove_database(services.folder)
        started.append(services.start_sandboxes(*options))
    if services.prefect_api_url == f"http://127.0.0.1:{services.ports.prefect}/api":
        started.append(services.start_prefect())
    started.append(services.start_receiver())
    started.append(services.start_worker())
    services.start_deploy()
    processes.wait_ready(*(child.name for child in started), within_s=START_WITHIN_S)
    processes.wait_ended("deploy", within_s=START_WITHIN_S)


def _own_receiver(ports: Ports) -> dict[str, str]:
    """The receiver's port, which may differ from the wanted one when that is taken."""
    return {"CAUSEWAY_RECEIVER__PORT": str(ports.receiver)}


def _subscribe(settings: Settings) -> None:
    for pair in settings.pairs:
        try:
            ensure_webhooks(settings, pair)
        except CausewayError as error:
            warn(f"No webhooks for {pair}: {error}")
            warn("Sweeps find changed orders every five minutes.")


def _where(services: Services, *, sandbox: bool) -> str:
    ports = services.ports
    lines = [
        "",
        "Causeway is up. Ctrl-C stops it.",
        f"  Prefect      {services.prefect_api_url.removesuffix('/api')}",
        f"  webhooks to  http://127.0.0.1:{ports.receiver}",
        f"  logs in      {services.folder / 'log'}",
    ]
    if sandbox:
        lines += [
            f"  BigCommerce  http://127.0.0.1:{ports.bigcommerce}/_sandbox/state",
            f"  Brightpearl  http://127.0.0.1:{ports.brightpearl}/_sandbox/state",
        ]
    return "\n".join(lines)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block; once it ends, children are stopped in peace."""
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
