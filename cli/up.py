"""What `causeway up` does: everything on this machine, in the foreground, until interrupted."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cli.lock import UP, locked
from cli.output import say, warn
from cli.processes import ProcessError, Processes, free_port
from cli.progress import busy
from cli.sandbox import export_lines
from cli.services import VAR, Ports, Services, sandbox_environment
from cli.webhooks import ensure_webhooks
from core.errors import CausewayError
from core.settings import Settings, load_settings, prefect_api_url
from core.words import counted

PREFECT_PORT = 4200
SANDBOX_PORTS = (8101, 8102)
FOLLOWED = ("receiver", "worker", "deploy")
"""Whose lines are shown; the others' are in their logs."""
CHECK_EVERY_S = 0.5
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def up(settings: Settings, *, with_sandboxes: bool) -> None:
    """Start all parts, see that they run, stop them in order on SIGINT, SIGTERM or SIGHUP.

    With `PREFECT_API_URL` set that server is used, else one is started. With sandboxes they are the
    pair, whatever the settings say.

    Raises: ConfigError; ProcessError when the folder or the receiver's port is taken, and when a
    part ends by itself.
    """
    folder = settings.folder / VAR
    folder = folder / "sandbox" if with_sandboxes else folder
    command = f"{UP} --sandbox" if with_sandboxes else UP
    with interruptible(), locked(folder, command) as lock:
        ports = _free_ports(settings, with_sandboxes=with_sandboxes)
        environment = (
            sandbox_environment(folder, ports)
            if with_sandboxes
            else {"CAUSEWAY_RECEIVER__PORT": str(ports.receiver)}
        )
        with Processes(folder / "log", follow=FOLLOWED, lock=lock) as processes:
            services = Services.of(
                processes, folder, ports, environment, prefect_api_url=prefect_api_url()
            )
            services.start_all(with_sandboxes=with_sandboxes)
            lock.keep(prefect=services.prefect_api_url)
            subscribe(load_settings(environment) if with_sandboxes else settings)
            processes.check()
            say(_addresses(services, with_sandboxes=with_sandboxes))
            while True:
                processes.check()
                time.sleep(CHECK_EVERY_S)


def _free_ports(settings: Settings, *, with_sandboxes: bool) -> Ports:
    wanted = settings.receiver.port
    if not with_sandboxes and free_port(wanted) != wanted and wanted:
        raise ProcessError(
            f"The receiver's port {wanted} is taken.",
            remedy="Stop what listens there, or set CAUSEWAY_RECEIVER__PORT and what leads to it.",
        )
    return Ports.free(
        prefect=PREFECT_PORT,
        receiver=wanted,
        bigcommerce=SANDBOX_PORTS[0],
        brightpearl=SANDBOX_PORTS[1],
    )


def subscribe(settings: Settings) -> None:
    """Subscribe every pair to webhooks, and say how many there are or why not."""
    for pair in settings.pairs:
        try:
            with busy(f"subscribing {pair} to webhooks"):
                changes = ensure_webhooks(settings, pair)
        except CausewayError as error:
            warn(f"No webhooks for {pair}: {error}")
            warn("Sweeps find changed orders every five minutes.")
            continue
        for change in changes:
            if change.problem:
                warn(f"No webhook for {pair}: {change.event}: {change.problem}")
        active = [
            one for one in changes if not one.problem and one.action not in {"remove", "leave"}
        ]
        new = sum(one.action != "keep" for one in active)
        webhooks = counted(len(active), "webhook")
        say(f"{pair} is subscribed to {webhooks}, {new} of them new or mended.")


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
            "",
            "To use it, in another shell:",
            *export_lines(exports(services)),
        ]
    return "\n".join(lines)


def exports(services: Services) -> dict[str, str]:
    """What makes another shell use this installation with its sandboxes."""
    settings = sandbox_environment(services.folder, services.ports)
    return {**settings, "PREFECT_API_URL": services.prefect_api_url}


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block; children are stopped in order then.

    Under `nohup`, which ignores SIGHUP, a closed terminal ends nothing.
    """
    numbers = [one for one in ENDING if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be gone
            say("stopped")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: object) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
