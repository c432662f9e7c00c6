"""Mappings that an older release has published go on working, less what they do not know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from stories import lines
from world import World

from mappings.bundle import SHIPPED, load_bundle
from tasks.reconciler.connections import disconnect

NEW_FIELDS = {"note", "status_id_imported"}
NEW_TABLES = {"default_contacts", "hand_payments", "pickup_status", "pickup_locations"}
AS_BEFORE: dict[str, dict[str, Any]] = {
    "status_id": {
        "from": "status_id",
        "steps": [{"lookup": "order_status"}],
        "missing": "refuse",
        "where": {"in_brightpearl": "no"},
        "class": "order_status",
    },
    "status_id_after": {"from": "status_id", "steps": [{"lookup": "order_status_after_import"}]},
    "warehouse_id": {"from": "channel_id", "steps": [{"lookup": "warehouses"}]},
    "shipping_method_id": {"from": "shipping_method", "steps": [{"lookup": "shipping_methods"}]},
}


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The mappings as 0.4.0 shipped them, as far as orders are concerned."""
    folder = tmp_path / "older"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for name in NEW_TABLES:
        (folder / "tables" / f"{name}.csv").unlink()
    file = folder / "orders.yaml"
    content = yaml.safe_load(file.read_text("utf-8"))
    content["fields"] = [
        {"to": field["to"], **AS_BEFORE.get(field["to"], field)}
        for field in content["fields"]
        if field["to"] not in NEW_FIELDS
    ]
    file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    monkeypatch.setenv("CAUSEWAY_MAPPINGS_PATH", str(folder))
    disconnect()
    return folder


def test_such_mappings_load(older: Path) -> None:
    assert load_bundle(older).problems == ()


@pytest.mark.usefixtures("older")
def test_orders_are_imported_by_them_and_a_second_run_writes_nothing(world: World) -> None:
    plain = world.place(lines=lines(world, 2, 1), message="Ring twice")
    collected = world.place(lines=lines(world, 1), pickup={})

    world.sync(plain, collected)

    assert world.states(plain, collected) == ["done", "done"]
    assert world.sales_order(plain).allocation_status == "AAA"
    assert world.sales_order(collected).status_id == 2
    world.forget_requests()
    world.sync(plain, collected)
    assert world.writes() == 0
