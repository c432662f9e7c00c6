"""The sandboxes' page names every control, every credential and every option there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from waiting import WITHIN_S

from cli.main import build
from sandbox.bigcommerce import reference as store
from sandbox.bigcommerce.controls import control_routes as store_controls
from sandbox.brightpearl import reference as account
from sandbox.brightpearl.controls import control_routes as account_controls
from sandbox.brightpearl.webhooks import QualityPolicy
from sandbox.kit.clock import Clock
from sandbox.kit.controls import common_routes
from sandbox.kit.delivery import Deliveries
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.serve import OWN_ORDERS, running
from sandbox.world import Plan, World
from sandbox.world import build as build_world

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text("utf-8")
PREFIX = "/_sandbox/"


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(Plan(skus=10))


def missing(routes: Sequence[Route]) -> set[str]:
    """The controls that the page does not name as `GET state`."""
    found = {
        f"{method} {re.sub(':[a-z]+}', '}', route.path).removeprefix(PREFIX)}"
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    return {control for control in found if f"`{control}`" not in PAGE}


def test_every_control_of_both_systems_is_named(world: World) -> None:
    clock = Clock()
    common = common_routes(
        state=dict,
        switches=world.store.switches,
        faults=Faults(),
        log=RequestsLog(),
        clock=clock,
        deliveries=Deliveries(clock, QualityPolicy()),
        settle=lambda: None,
    )

    assert missing(common) == set()


def test_every_control_of_the_store_is_named(world: World) -> None:
    one_of_them = "DELETE orders/{id}/shipments/{shipment_id}"

    assert missing(store_controls(world.store)) == {one_of_them}


def test_every_control_of_the_account_is_named(world: World) -> None:
    assert missing(account_controls(world.account, lambda: None)) == set()


@pytest.mark.parametrize(
    "credential",
    [
        store.STORE_HASH,
        store.ACCESS_TOKEN,
        store.CLIENT_ID,
        store.CLIENT_SECRET,
        account.ACCOUNT_CODE,
        account.APP_REF,
        account.ACCOUNT_TOKEN,
        account.STAFF_TOKEN,
        account.OAUTH_TOKEN,
    ],
)
def test_every_credential_is_named(credential: str) -> None:
    assert f"`{credential}`" in PAGE


def test_every_option_of_the_command_is_named() -> None:
    from typer.main import get_command  # noqa: PLC0415 - only here

    command: Any = get_command(build(["sandbox"]))
    options = command.commands["sandbox"].commands["serve"].params
    names = {name for option in options for name in option.opts if name.startswith("--")}
    ports = {"--bigcommerce-port", "--brightpearl-port"}
    assert {name for name in names - ports if name not in PAGE} == set()


def test_the_orders_and_the_refunds_that_it_names_are_those_of_a_fresh_sandbox() -> None:
    with running(Plan(own_orders=OWN_ORDERS)) as sandbox:
        orders = sandbox.store.orders
        assert (min(orders), max(orders)) == (100, 124)
        bodies = re.findall(r"_sandbox/refund -d '(.+)'", PAGE)
        answers = [
            httpx.post(f"{sandbox.bigcommerce_url}/_sandbox/refund", content=body, timeout=WITHIN_S)
            for body in bodies
        ]

    assert [answer.json()["order_id"] for answer in answers] == [100, 102]
