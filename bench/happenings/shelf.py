"""What may be ordered in both systems."""

from __future__ import annotations

from dataclasses import dataclass

from .sides import Systems

PLENTY = 1_000_000
SHORT, SCARCE = 20, 3
"""How many products run out, and what is there of every other of them."""


@dataclass(frozen=True)
class Shelf:
    """SKUs, the same in both systems."""

    plenty: tuple[str, ...]
    short: tuple[str, ...]
    """Products of which Brightpearl has nothing, or a few."""
    digital: tuple[str, ...]

    @classmethod
    def stock(cls, systems: Systems) -> Shelf:
        """Fill both systems, and add products that are short."""
        state = systems.state("store", "variants,products")
        kinds = {int(number): one["type"] for number, one in state["products"].items()}
        variants = list(state["variants"].values())
        plenty = [
            v["sku"]
            for v in variants
            if v["available"] > 0 and kinds[v["product_id"]] == "physical"
        ]
        digital = [v["sku"] for v in variants if kinds[v["product_id"]] == "digital"]
        wanted = [{"sku": sku, "on_hand": PLENTY} for sku in plenty]
        systems.told("store", "stock", wanted)
        systems.told("account", "stock", wanted)
        short = [f"SHORT-{number:02}" for number in range(SHORT)]
        for number, sku in enumerate(short):
            product = {"sku": sku, "name": f"Rare {number}", "price_ex_tax": "7.30"}
            systems.told("store", "products", {**product, "stock": PLENTY})
            systems.told("account", "products", {**product, "stock": SCARCE * (number % 2)})
        return cls(tuple(plenty), tuple(short), tuple(digital))
