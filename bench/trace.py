"""`make trace`: functions and files of our own code that one new order passes, claim to settle.

A first order fills the caches; then another one of the same customer is synced by the flow
`sync-orders` in this process, against both sandboxes in another, without Prefect's engine. What is
entered in any thread counts, from `Run.claim` until it is called again: functions and methods, each
once. Properties, special methods, closures, lambdas, comprehensions and module bodies do not count,
nor do the sandboxes, the demo, the benchmarks and libraries.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bench.shoppers import basket
from cli.output import say
from cli.processes import Processes
from cli.services import Ports, Services, sandbox_environment
from core.engines import silence_telemetry
from core.times import utc_now
from demo.controls import Controls

ROOT = Path(__file__).parents[1]
FOREIGN = frozenset({"agreement", "bench", "chaos", "demo", "lives", "sandbox", "tests"})
"""Folders of ours that an order does not pass in production."""
PAIR, ENTITY = "default", "orders"
SANDBOX = ("--limits", "off", "--own-orders", "0")
PEOPLE = 1
CLAIM = "Run.claim"


@dataclass
class Trace:
    """Functions entered between one claim and the next, by file."""

    functions: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    claims: int | None = None
    """How often keys were claimed since `start`; None before."""

    def start(self) -> None:
        """Record from the next claim to the one after it, in threads that began before as well."""
        self.claims = 0

    def profile(self, frame: FrameType, event: str, _argument: object) -> None:
        """What `sys.setprofile` calls for each function that is entered."""
        if self.claims is None or event != "call":
            return
        code = frame.f_code
        if code.co_qualname == CLAIM:
            self.claims += 1
        if self.claims == 1 and (file := own_file(code.co_filename)) and is_counted(frame):
            self.functions[file].add(code.co_qualname)

    @property
    def count(self) -> int:
        """Functions."""
        return sum(map(len, self.functions.values()))

    def to_text(self, *, is_listed: bool) -> str:
        """Both counts, and the names if wanted."""
        lines = [f"functions: {self.count}", f"files: {len(self.functions)}"]
        if is_listed:
            for file, names in sorted(self.functions.items()):
                lines += ["", f"{file} ({len(names)})", *(f"  {name}" for name in sorted(names))]
        return "\n".join(lines)


def own_file(filename: str) -> str:
    """A file of ours relative to the repository; empty for any other."""
    try:
        path = Path(filename).relative_to(ROOT)
    except ValueError:
        return ""
    is_ours = (ROOT / path.parts[0] / "__init__.py").exists() and path.parts[0] not in FOREIGN
    return str(path) if is_ours else ""


def is_counted(frame: FrameType) -> bool:
    """Whether a reader would open it: it is no property, closure or special method."""
    code = frame.f_code
    if code.co_name.startswith(("<", "__")) or "<locals>" in code.co_qualname:
        return False
    *outer, name = code.co_qualname.split(".")
    holder: object = None
    for part in outer:
        holder = getattr(holder, part, None) if holder else frame.f_globals.get(part)
    return not isinstance(vars(holder).get(name), property) if isinstance(holder, type) else True


def trace_one_order(folder: Path) -> Trace:
    """Sync two new orders one after the other; what the second one passed."""
    trace = Trace()
    # Threads that flows start are traced as well: before anything starts one.
    threading.setprofile(trace.profile)
    with Processes(folder / "log") as processes:
        ports = Ports.free()
        environment = sandbox_environment(folder, ports)
        services = Services.of(processes, folder, ports, environment)
        services.start_sandboxes(*SANDBOX)
        processes.wait_ready()
        os.environ.update(environment)
        urls = [f"http://127.0.0.1:{port}" for port in (ports.bigcommerce, ports.brightpearl)]
        with Controls(*urls) as controls:
            skus = controls.restock(100)
            _sync(controls, skus, 0)
            sys.setprofile(trace.profile)
            try:
                _sync(controls, skus, 1, trace)
            finally:
                sys.setprofile(None)
                threading.setprofile(None)
    return trace


def _sync(controls: Controls, skus: list[str], number: int, trace: Trace | None = None) -> None:
    from flows.orders import sync_orders  # noqa: PLC0415 - settings are read from then on
    from store.inbox import Inbox  # noqa: PLC0415 - as above
    from tasks.reconciler.connections import connect  # noqa: PLC0415 - as above

    keys = controls.place([basket(number, skus, PEOPLE)])
    Inbox(connect(PAIR).database).put(PAIR, ENTITY, keys, source="webhook", now=utc_now())
    if trace is None:
        asyncio.run(sync_orders.fn(pair=PAIR))
        return
    trace.start()
    report = asyncio.run(sync_orders.fn(pair=PAIR))
    if report["counts"].get("created") != 1:
        raise RuntimeError(f"The order was not created: {report['counts']}")


def main(
    *,
    is_listed: Annotated[bool, typer.Option("--list", help="Print the names as well.")] = False,
) -> None:
    """Count functions and files of ours that one new order passes, from claim to settle."""
    silence_telemetry()
    with tempfile.TemporaryDirectory() as folder:
        trace = trace_one_order(Path(folder))
    say(trace.to_text(is_listed=is_listed))


if __name__ == "__main__":
    typer.run(main)
