"""Both systems, filled from one catalogue and on one clock."""

import contextlib
import gc
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from starlette.types import ASGIApp

from sandbox.bigcommerce import generator
from sandbox.bigcommerce.app import create_app as create_store_app
from sandbox.bigcommerce.store import Store
from sandbox.bigcommerce.switches import BigCommerceSwitches
from sandbox.brightpearl.account import Account
from sandbox.brightpearl.app import create_app as create_account_app
from sandbox.brightpearl.switches import BrightpearlSwitches
from sandbox.catalogue import generated, online_retail
from sandbox.catalogue.model import Catalogue
from sandbox.kit.clock import Clock
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog

Limits = Literal["documented", "off"]
SYSTEMS = ("bigcommerce", "brightpearl")
OWN_ORDERS_OVER = timedelta(hours=8)


@dataclass(slots=True)
class Plan:
    """What the sandboxes open with."""

    orders_files: Sequence[Path] = ()
    """Online Retail CSV files; none for a catalogue made by `seed`."""
    skus: int = generated.SKUS
    """How many products are made where there are no files."""
    is_unplaced: bool = False
    """Orders of the files wait for `POST /_sandbox/orders {"next": n}`."""
    own_orders: int = 0
    """Orders made by `seed`, placed over the last hours, where there are no files."""
    limits: Limits = "documented"
    faults: Sequence[dict[str, Any]] = ()
    """With `"system"` for one system only."""
    seed: int = 1
    scarce_every: int | None = None
    """Each n-th product of the files opens with half of what its orders need."""
    missing_skus: Iterable[str] = ()
    """SKUs that Brightpearl lacks."""
    store_switches: BigCommerceSwitches | None = None
    account_switches: BrightpearlSwitches | None = None
    catalogue: Catalogue | None = None
    """Instead of files or seed."""


@dataclass(slots=True)
class World:
    """Both systems, not served yet."""

    clock: Clock
    store: Store
    account: Account
    store_app: ASGIApp
    account_app: ASGIApp
    faults: dict[str, Faults] = field(default_factory=dict)
    requests: dict[str, RequestsLog] = field(default_factory=dict)


def build(plan: Plan) -> World:
    """Fill both systems.

    Raises: FormatError, OSError of an orders file; ValueError of a fault.
    """
    clock = Clock()
    with _without_collecting():
        catalogue = plan.catalogue or _catalogue(plan)
        store = Store(catalogue, clock, plan.store_switches, plan.seed)
        account = Account(
            catalogue, clock, plan.account_switches, plan.seed, missing_skus=plan.missing_skus
        )
    store.switches.limits = account.switches.limits = plan.limits
    faults = {name: Faults(plan.seed, _faults_of(plan.faults, name)) for name in SYSTEMS}
    requests = {name: RequestsLog() for name in SYSTEMS}
    world = World(
        clock=clock,
        store=store,
        account=account,
        store_app=create_store_app(
            store, faults=faults["bigcommerce"], log=requests["bigcommerce"], seed=plan.seed
        ),
        account_app=create_account_app(
            account, faults=faults["brightpearl"], log=requests["brightpearl"], seed=plan.seed
        ),
        faults=faults,
        requests=requests,
    )
    _place(plan, store, catalogue)
    return world


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Nothing made inside is garbage; collecting takes half of a large catalogue's time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _catalogue(plan: Plan) -> Catalogue:
    if plan.orders_files:
        return online_retail.load(plan.orders_files, scarce_every=plan.scarce_every)
    return generated.generate(plan.seed, plan.skus)


def _faults_of(faults: Sequence[dict[str, Any]], system: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in fault.items() if name != "system"}
        for fault in faults
        if fault.get("system", system) == system
    ]


def read_faults(file: Path) -> list[dict[str, Any]]:
    """Faults from a JSON file.

    Raises: OSError, ValueError.
    """
    rules = json.loads(file.read_text("utf-8"))
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError(f"{file} is not a JSON list of faults")
    for rule in rules:
        if rule.get("system", SYSTEMS[0]) not in SYSTEMS:
            raise ValueError(f"{file}: system is one of {', '.join(SYSTEMS)}")
    return rules


def _place(plan: Plan, store: Store, catalogue: Catalogue) -> None:
    if plan.is_unplaced:
        store.unplaced = list(catalogue.orders)
    else:
        generator.place_in_the_past(store, catalogue.orders)
    if plan.own_orders and not catalogue.orders:
        step = OWN_ORDERS_OVER / plan.own_orders
        start = store.now() - OWN_ORDERS_OVER
        moments = [start + step * number for number in range(plan.own_orders)]
        generator.generate(store, plan.own_orders, moments)
