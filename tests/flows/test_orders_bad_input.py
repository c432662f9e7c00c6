"""Settings, documents and mapping files that are wrong: what a run over orders makes of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from world import World

from core.errors import ConfigError
from mappings.bundle import SHIPPED
from store.quarantine import Quarantine
from tasks.reconciler.connections import connect, disconnect

pytestmark = pytest.mark.long

WRONG = "wrong-token-xyz"


def ordered(world: World, count: int = 1) -> list[str]:
    """Orders of one piece each, of a product that both systems have."""
    account = world.sandbox.account
    sku = next(
        product.sku
        for product in account.products.values()
        if product.stock_tracked and account.stock[product.id][2].on_hand >= 5
    )
    return [world.place(lines=[{"sku": sku, "quantity": 1}]) for _ in range(count)]


def cases(world: World) -> list[Any]:
    return Quarantine(connect("default").database).list(pair="default")


@pytest.fixture
def folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped mappings that this installation uses."""
    copy = tmp_path / "mappings"
    shutil.copytree(SHIPPED, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(copy))
    disconnect()
    return copy


@pytest.mark.parametrize(
    ("system", "setting"),
    [
        ("bigcommerce", "BIGCOMMERCE__ACCESS_TOKEN"),
        ("brightpearl", "BRIGHTPEARL__ACCOUNT_TOKEN"),
        ("brightpearl", "BRIGHTPEARL__APP_REF"),
    ],
)
def test_a_wrong_credential_fails_the_run_at_its_first_request_and_a_right_one_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, system: str, setting: str
) -> None:
    """One clear error; no order is blamed for it."""
    keys = ordered(world, 2)
    with monkeypatch.context() as patch:
        patch.setenv(f"CAUSEWAY_{setting}", WRONG)
        disconnect()
        world.forget_requests()
        with pytest.raises(ConfigError) as caught:
            world.sync(*keys)

    assert f"CAUSEWAY_{system.upper()}__" in str(caught.value)
    assert WRONG not in str(caught.value)
    assert sum(world.requests(system).values()) == 1
    assert world.writes() == 0
    assert set(world.states(*keys)) == {"due"}
    assert cases(world) == []

    disconnect()
    world.sync(*keys)

    assert set(world.states(*keys)) == {"done"}


@pytest.mark.parametrize("field", ["total_inc_tax", "date_created", "status_id"])
def test_a_document_without_a_field_we_need_waits_under_that_field_and_others_go_on(
    world: World, field: str
) -> None:
    bad, good = ordered(world, 2)
    rule = {"kind": "null_fields", "method": "GET", "path": f"/v2/orders/{bad}$"}
    world.fault("bigcommerce", {**rule, "rate": 1.0, "field": field})
    world.sync(bad)
    world.fault("bigcommerce")

    world.sync(good)

    (case,) = cases(world)
    assert (case.key, case.field) == (bad, field)
    assert case.remedy
    assert world.states(bad, good) == ["dead", "done"]


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("orders.yaml", "fields: [", "orders.yaml"),
        ("orders.yaml", "source: bigcommerce.order\nfeilds: []\n", "feilds"),
        ("tables/order_status.csv", "value,becoms\n11,1\n", "order_status.csv"),
    ],
)
def test_a_mapping_that_does_not_load_keeps_a_run_from_starting_and_says_where(
    world: World, folder: Path, file: str, text: str, place: str
) -> None:
    keys = ordered(world)
    right = (folder / file).read_text(encoding="utf-8")
    (folder / file).write_text(text, encoding="utf-8")
    world.forget_requests()

    with pytest.raises(ConfigError) as caught:
        world.sync(*keys)

    assert file.rpartition("/")[2] in str(caught.value)
    assert place in str(caught.value)
    assert world.requests("bigcommerce") == world.requests("brightpearl") == {}
    assert world.states(*keys) == ["due"]

    (folder / file).write_text(right, encoding="utf-8")
    world.sync(*keys)

    assert world.states(*keys) == ["done"]
