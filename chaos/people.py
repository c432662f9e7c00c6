"""What people do meanwhile: shoppers order, staff of both systems edit, the warehouse sends off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from demo import scenario
from demo.controls import Controls
from demo.installation import Installation
from lives.baskets import KINDS, Skus
from lives.events import chance_of
from lives.lives import Life, Lives

BY_HAND = ("store: staff ship in the panel",)
"""To the verdict a shipment of staff is one of Causeway: such events are left out."""
SENT_SHARE = 0.3
"""The part of the reserved orders that the warehouse sends off in a round."""
MOVED, MOST_MOVED = 5, 40
"""SKUs whose stock changes in a round, and by how many units at most."""
SPARE = 60
"""SKUs with more units than this can be ordered by staff at any time."""
RARE = ("RARE-1", "RARE-2")
"""Products that run out."""


@dataclass
class People:
    """Shoppers and staff of one installation."""

    installation: Installation
    chance: Random
    seed: int
    skus: Skus = field(default_factory=lambda: Skus((), (), ()))
    lives: Lives = field(init=False)
    left: int = 0
    """Orders of the files that are not placed yet."""

    def __post_init__(self) -> None:
        """Everybody knows what is on sale."""
        self.skus = stocked(self.controls)
        self.lives = Lives(
            self.controls, lambda: self.installation.database, lambda: None, self.skus
        )
        self.left, _ = self.controls.source()

    @property
    def controls(self) -> Controls:
        """The sandboxes' screens."""
        return self.installation.controls

    def order(self, count: int) -> list[str]:
        """The next real orders, or drawn ones where there are no files; their ids."""
        placed = self._real(count) if self.left else self._drawn(count)
        self.lives.lives += placed
        self.installation.placed += len(placed)
        return [life.key for life in placed]

    def act(self, moment: int, *, share: float) -> None:
        """Something happens to a share of the orders, in either system; decisions are made."""
        self.lives.orders = self.lives.read()
        self.lives.act(moment, share=share, but=BY_HAND)
        self.lives.carry_out_decisions()

    def send_off(self) -> None:
        """The warehouse sends orders off, every other one in two parcels."""
        ready = scenario.reserved_orders(*self.controls.states())
        chosen = [order for order in ready if self.chance.random() < SENT_SHARE]
        parcels = [p for n, order in enumerate(chosen) for p in scenario.parcels(order, n)]
        if parcels:
            self.controls.ship(*parcels)

    def refund(self, count: int) -> None:
        """Staff refund what the next loaded cancelling invoices say."""
        self.controls.refund_next(count)

    def move_stock(self) -> None:
        """Deliveries arrive and are counted in Brightpearl; a number is typed into the store."""
        skus = self.chance.sample(self.skus.plenty, min(MOVED, len(self.skus.plenty)))
        arrived = [
            {"sku": sku, "delta": self.chance.randint(1, MOST_MOVED)} for sku in (*skus, *RARE)
        ]
        self.controls.change_stock("brightpearl", arrived)
        self.controls.change_stock("bigcommerce", [{"sku": skus[0], "on_hand": 999}])

    def _real(self, count: int) -> list[Life]:
        placed, self.left = self.controls.place_next(count)
        return [Life("real", f"real {self.seed}-{key}", key) for key in placed]

    def _drawn(self, count: int) -> list[Life]:
        lives: list[Life] = []
        for _ in range(count):
            number = len(self.lives.lives) + len(lives)
            kind = self.chance.choice(
                [name for name in KINDS if self.skus.digital or name != "digital"]
            )
            life = Life(kind, f"{kind} {self.seed}-{number}")
            basket = KINDS[kind](self.skus, chance_of(life.seed))
            basket.setdefault("email", f"shopper-{self.seed}-{number}@example.com")
            life.key = self.controls.place(basket)[0]
            lives.append(life)
        return lives


def stocked(controls: Controls) -> Skus:
    """What staff may add to an order at any time, and products that run out."""
    state = controls.state("bigcommerce", "variants", "products")
    kinds: Mapping[int, str] = {int(key): one["type"] for key, one in state["products"].items()}
    variants = list(state["variants"].values())
    plenty = [
        one["sku"]
        for one in variants
        if one["available"] > SPARE and kinds[one["product_id"]] == "physical"
    ]
    digital = [one["sku"] for one in variants if kinds[one["product_id"]] == "digital"]
    for sku in RARE:
        product = {"sku": sku, "name": f"{sku}, runs out", "price_ex_tax": "7.30"}
        controls.call("bigcommerce", "POST", "products", {**product, "stock": SPARE})
        controls.call("brightpearl", "POST", "products", {**product, "stock": 3})
    return Skus(tuple(plenty), RARE, tuple(digital))
