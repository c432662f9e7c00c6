"""C22: random edits of every field on both sides at once, with restarts in between.

Given products that both systems have; when people edit fields of them in both systems at the same
time, and the process restarts in between, then both sides settle, each field has the owner's value
wherever both changed it, no edit of an owner is lost, the store's own edits reach Brightpearl where
nobody else changed the field, and one more pass writes nothing.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from products import made, sync
from world import World

from tasks.reconciler.connections import disconnect

TEXTS = ("name", "description")


def edits(chance: Random, number: int, side: str) -> dict[str, Any]:
    """What one person changes of one product."""
    stamp = f"{side} {number} {chance.randrange(10**6)}"
    every = {"name": f"Lamp {stamp}", "description": f"<p>{stamp}</p>", "weight": stamp[-3:]}
    return {name: every[name] for name in chance.sample(sorted(every), chance.randint(1, 3))}


@pytest.mark.parametrize(
    ("products", "rounds", "least"),
    [(6, 4, 30), pytest.param(60, 10, 1000, marks=pytest.mark.long)],
    ids=["a few", "a thousand"],
)
def test_edits_on_both_sides_settle_and_the_owner_wins(
    world: World, products: int, rounds: int, least: int
) -> None:
    chance = Random(22)  # noqa: S311 - reproducible, not secret
    keys = {
        n: made(world, sku=f"C22-{n}", name=f"Lamp {n}")
        for n in range(products * 10, products * 11)
    }
    sync(world, *keys.values())
    store, account = world.sandbox.store, world.sandbox.account
    changes = 0
    writes = 0
    for _ in range(rounds):
        expected: dict[tuple[int, str], Any] = {}
        for number, key in keys.items():
            product = store.products[
                store.variants[store.variant_by_sku[f"c22-{number}"]].product_id
            ]
            in_store = edits(chance, number, "store") if chance.random() < 0.6 else {}
            in_account = edits(chance, number, "account") if chance.random() < 0.6 else {}
            sent = {name: value for name, value in in_store.items() if name in TEXTS}
            if "weight" in in_store:
                sent["weight"] = float(in_store["weight"]) / 100
            if sent:
                answer = world.http.put(
                    f"{world.sandbox.bigcommerce_url}/stores/sandbox/v3/catalog/products/{product.id}",
                    json=sent,
                    headers={"X-Auth-Token": "sandbox-access-token"},
                )
                assert answer.status_code == 200, answer.text
            if in_account:
                body = {name: value for name, value in in_account.items() if name in TEXTS}
                if "weight" in in_account:
                    body["weight_kg"] = str(float(in_account["weight"]) / 100)
                world.brightpearl("products", edit=int(key.partition(":")[2]), **body)
            expected |= {(number, name): value for name, value in in_store.items()}
            expected |= {(number, name): value for name, value in in_account.items()}
            changes += len(in_store.keys() | in_account.keys())
        disconnect()
        world.forget_requests()
        sync(world, *keys.values())
        writes += world.writes()
        for (number, name), value in expected.items():
            one = account.products[int(keys[number].partition(":")[2])]
            product = store.products[
                store.variants[store.variant_by_sku[f"c22-{number}"]].product_id
            ]
            if name == "name":
                assert (product.name, one.name) == (value, value)
            elif name == "description":
                text = one.document["salesChannels"][0]["description"]["text"]
                assert (product.details["description"], text) == (value, value)
            else:
                weight = float(one.document["stock"]["weight"]["magnitude"])
                assert float(product.weight) == weight == float(value) / 100

    assert changes >= least
    assert writes <= changes
    world.forget_requests()
    sync(world, *keys.values())
    assert world.writes() == 0
