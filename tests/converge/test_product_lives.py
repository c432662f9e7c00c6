"""Random lives of products, edited on both sides: at rest both agree, and a pass writes nothing.

Staff of Brightpearl make products and groups, rename them (also to a name that another one has),
change and delete them; people of the store edit and delete them. Which of it happens is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from products import made, reconcile, sync
from world import World
from worlds import opened

from agreement.products import compare_products
from tasks.reconciler.connections import disconnect

PASSES = 4
"""After which everything is at rest."""
NAMES = ("Lamp", "Desk lamp", "LAMP", "Mug", "Vase")
CREDENTIALS = {"X-Auth-Token": "sandbox-access-token"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as both:
        yield both


class ProductLives:
    """What happens to products, one event after the other."""

    def __init__(self, world: World, seed: str) -> None:
        self.world = world
        self.chance = Random(seed)  # noqa: S311 - reproducible, not secret
        self.keys: list[str] = []
        self.alone: set[str] = set()
        """SKUs in small letters of products of which one side was deleted: they need not agree."""
        self.number = 0
        self.groups: list[str] = []

    def step(self) -> None:
        """One event, and sometimes a run or a restart."""
        self.number += 1
        events: tuple[Callable[[], None], ...] = (
            self.make, self.make, self.make_group, self.make_size, self.rename, self.rename,
            self.describe, self.weigh, self.hide, self.renumber, self.store_edit, self.store_edit,
            self.store_edit, self.delete_in_store, self.delete_in_account,
        )  # fmt: skip
        self.chance.choice(events)()
        if self.chance.random() < 0.4:
            sync(self.world, *self.keys)
        if self.chance.random() < 0.05:
            disconnect()

    def make(self) -> None:
        brand = self.chance.choice(("Lumen", "Vitra"))
        name = self.chance.choice(NAMES)
        self.keys.append(made(self.world, sku=f"P-{self.number}", name=name, brand=brand))

    def make_group(self) -> None:
        # A product that gets its first sibling later is a case for a person.
        self.groups.append(f"Shirt {self.number}")
        self._size(self.groups[-1], "S")
        self._size(self.groups[-1], "M")

    def make_size(self) -> None:
        if self.groups:
            self._size(self.chance.choice(self.groups), str(self.number))

    def _size(self, name: str, size: str) -> None:
        sku = f"S-{self.number}-{size}"
        self.keys.append(made(self.world, sku=sku, name=name, variations={"Size": size}))

    def rename(self) -> None:
        self._staff_edit(name=self.chance.choice((*NAMES, f"Name {self.number}")))

    def describe(self) -> None:
        self._staff_edit(description=f"<p>{self.number}</p>")

    def weigh(self) -> None:
        self._staff_edit(weight_kg=f"{self.number / 100:.2f}")

    def hide(self) -> None:
        self._staff_edit(status=self.chance.choice(("LIVE", "DISCONTINUED")))

    def renumber(self) -> None:
        self._staff_edit(sku=f"R-{self.number}")

    def _staff_edit(self, **fields: Any) -> None:
        account = self.world.sandbox.account
        here = [key for key in self.keys if int(key.partition(":")[2]) in account.products]
        # People rename a group as a whole: its products have one name.
        singles = [
            key
            for key in here
            if not account.products[int(key.partition(":")[2])].document.get("variations")
        ]
        if chosen := singles if fields.keys() & {"name", "description", "status"} else here:
            number = int(self.chance.choice(chosen).partition(":")[2])
            self.world.brightpearl("products", edit=number, **fields)

    def store_edit(self) -> None:
        product = self._ours_in_store()
        fields: dict[str, Any] = {
            "name": f"Store name {self.number}",
            "description": f"<b>{self.number}</b>",
            "is_visible": self.chance.random() < 0.5,
        }
        name = self.chance.choice(sorted(fields))
        if product:
            answer = self._ask("PUT", product.id, {name: fields[name]})
            assert answer.status_code == 200, answer.text

    def delete_in_store(self) -> None:
        product = self._ours_in_store()
        if product and self.chance.random() < 0.3:
            variants = self.world.sandbox.store.variants
            self.alone |= {variants[one].sku.casefold() for one in product.variant_ids}
            self._ask("DELETE", product.id, None)

    def delete_in_account(self) -> None:
        account = self.world.sandbox.account
        here = [one for one in account.products.values() if one.sku.startswith("P-")]
        if here and self.chance.random() < 0.3:
            sku = self.chance.choice(here).sku
            self.alone.add(sku.casefold())
            answer = self.world.http.delete(self.world.control("brightpearl", f"products/{sku}"))
            assert answer.status_code == 200, answer.text

    def _ask(self, method: str, number: int, body: Any) -> Any:
        path = f"/stores/sandbox/v3/catalog/products/{number}"
        url = f"{self.world.sandbox.bigcommerce_url}{path}"
        return self.world.http.request(method, url, json=body, headers=CREDENTIALS)

    def _ours_in_store(self) -> Any:
        store = self.world.sandbox.store
        ours = [
            one
            for one in store.products.values()
            if store.variants[one.variant_ids[0]].sku.startswith(("P-", "R-", "S-"))
        ]
        return self.chance.choice(ours) if ours else None

    def settle(self) -> None:
        """Passes over everything until one writes nothing."""
        for _ in range(PASSES):
            self.world.forget_requests()
            sync(self.world, *self.keys)
            reconcile()
            if not self.world.writes():
                return
        pytest.fail(f"not at rest after {PASSES} passes: {self.world.requests('bigcommerce')}")

    def differences(self) -> dict[str, list[str]]:
        """What the oracle finds, of products that both systems still are to have."""
        states = {
            system: self.world.http.get(self.world.control(system, "state")).json()
            for system in ("bigcommerce", "brightpearl")
        }
        found = compare_products(states["bigcommerce"], states["brightpearl"])
        return {
            sku: what
            for sku, what in found.items()
            if what and sku.casefold() not in self.alone and sku.startswith(("P-", "R-", "S-"))
        }


@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        ("products 1", 25),
        *(pytest.param(f"products {n}", 120, marks=pytest.mark.long) for n in range(3, 4)),
    ],
)
def test_random_lives_of_products_end_in_agreement(world: World, seed: str, steps: int) -> None:
    lives = ProductLives(world, seed)
    for _ in range(steps):
        lives.step()

    lives.settle()

    assert lives.differences() == {}
    names = [one.name.casefold() for one in world.sandbox.store.products.values()]
    assert len(names) == len(set(names))
