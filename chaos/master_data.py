"""Customers, products and prices that people change meanwhile; whether both sides agree then."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from agreement.customers import compare_customers
from agreement.prices import compare_prices
from agreement.products import compare_products
from core.ids import PRODUCT
from demo.controls import Controls
from demo.scenario import GROUP_TAGS, RETAIL
from store.quarantine import Entry

CUSTOMERS, PRODUCTS, PRICES = "customers", "products", "prices"
MOST_CHANGE = (0.85, 1.2)
"""A price changes by less than what waits for a person."""
CENT = Decimal("0.01")
SURNAMES = ("Leigh", "Poe", "Marsh", "Okafor", "Nowak")
DIGITS = 1_000_000


@dataclass
class MasterData:
    """What is not an order: people, products, prices."""

    controls: Controls
    chance: Random
    seed: int
    events: Counter[str] = field(default_factory=Counter)
    """What people did, by name."""
    customers: dict[int, str] = field(default_factory=dict)
    """E-mails of those who registered, by the store's id."""
    made: list[str] = field(default_factory=list)
    """SKUs of products that staff made."""
    prices: dict[str, Decimal] = field(default_factory=dict)
    """What staff ask, without tax, by SKU."""

    def __post_init__(self) -> None:
        """Staff know what is on sale at what price."""
        for one in self.controls.state("brightpearl", "products")["products"].values():
            sku = one["document"].get("identity", {}).get("sku", "")
            price = one["prices"].get(str(RETAIL), {}).get("1")
            if sku and price is not None and Decimal(price) > 1:
                self.prices[sku] = Decimal(price)

    def act(self) -> None:
        """Somebody registers, somebody moves, staff change a contact, a product and two prices."""
        acts: tuple[Callable[[], bool], ...] = (
            self.register,
            self.edit_customer,
            self.edit_contact,
            self.make_product,
            self.edit_product,
            self.change_price,
            self.change_price,
        )
        for act in acts:
            if act():
                self.events[act.__name__.replace("_", " ")] += 1

    def register(self) -> bool:
        """A shopper registers, a trade customer now and then."""
        number = len(self.customers)
        email = f"member-{self.seed}-{number}@example.com"
        fields = {
            "email": email,
            "first_name": f"Member{number}",
            "last_name": self.chance.choice(SURNAMES),
            "phone": self._phone(),
            "group_id": self.chance.choice([0, *GROUP_TAGS]),
            "addresses": [
                {"street_1": "3 Bridge Street", "city": "Bristol", "zip": "BS1 2EL"},
            ],
        }
        answer = self.controls.call("bigcommerce", "POST", "customers", fields)
        self.customers[int(answer["id"])] = email
        return True

    def edit_customer(self) -> bool:
        """A shopper, or staff of the store, change an account."""
        chosen = self.chance.choice(list(self.customers))
        changes: list[dict[str, Any]] = [
            {"phone": self._phone()},
            {"last_name": self.chance.choice(SURNAMES)},
            {"group_id": self.chance.choice(list(GROUP_TAGS))},
        ]
        change = self.chance.choice(changes)
        self.controls.call("bigcommerce", "POST", "customers", {"id": chosen, **change})
        return True

    def edit_contact(self) -> bool:
        """Staff of the account change a contact, where it exists already."""
        email = self.chance.choice(list(self.customers.values()))
        contacts = self.controls.state("brightpearl", "contacts")["contacts"].values()
        known = [one["id"] for one in contacts if email in one["emails"].values()]
        if known:
            change = self.chance.choice(
                [
                    {"last_name": self.chance.choice(SURNAMES)},
                    {"telephones": {"PRI": self._phone()}},
                ]
            )
            body = {"contact_id": known[0], "set": change}
            self.controls.call("brightpearl", "POST", "contacts", body)
        return bool(known)

    def make_product(self) -> bool:
        """Staff make a product in Brightpearl."""
        sku = f"CHAOS-{self.seed}-{len(self.made)}"
        price = Decimal("12.50")
        product = {
            "sku": sku,
            "name": f"Chaos thing {len(self.made)}",
            "description": "<p>New.</p>",
            "price_ex_tax": str(price),
            "stock": 5,
        }
        self.controls.change_products([product])
        self.made.append(sku)
        self.prices[sku] = price
        return True

    def edit_product(self) -> bool:
        """Staff change the text or the weight of a product that they made."""
        change = self.chance.choice(
            [
                {"description": f"<p>Text {self.chance.randrange(DIGITS)}.</p>"},
                {"weight_kg": str(Decimal(self.chance.randint(1, 90)) / 10)},
            ]
        )
        self.controls.change_products([{"edit": self.chance.choice(self.made), **change}])
        return True

    def change_price(self) -> bool:
        """Staff change a price in Brightpearl, by a little."""
        sku = self.chance.choice(sorted(self.prices))
        factor = Decimal(str(round(self.chance.uniform(*MOST_CHANGE), 3)))
        self.prices[sku] = max(Decimal(1), (self.prices[sku] * factor).quantize(CENT))
        change = {"edit": sku, "price_ex_tax": str(self.prices[sku])}
        self.controls.change_products([change])
        return True

    def differences(self, open_cases: Collection[Entry]) -> list[str]:
        """What differs of customers, products and prices, as lines; what a case names does not."""
        store = self.controls.state("bigcommerce", "customers", "products", "variants")
        account = self.controls.state("brightpearl", "contacts", "products")
        waiting = _waiting(open_cases, account)
        products = compare_products(store, account)
        products |= {sku: ["it is not in the store"] for sku in self.made if sku not in products}
        found = {
            CUSTOMERS: compare_customers(store, account, GROUP_TAGS),
            PRODUCTS: products,
            PRICES: compare_prices(store, account, RETAIL),
        }
        return [
            f"{entity} {key}: {', '.join(differing)} not the same on both sides"
            for entity, of_entity in found.items()
            for key, differing in of_entity.items()
            if differing and key.casefold() not in waiting[entity]
        ]

    def _phone(self) -> str:
        return f"+44 117 {self.chance.randrange(DIGITS):07}"


def _waiting(open_cases: Collection[Entry], account: Mapping[str, Any]) -> dict[str, set[str]]:
    """What waits for a person, by entity: ids of customers, SKUs of products and prices."""
    waiting: dict[str, set[str]] = defaultdict(set)
    for one in open_cases:
        for key in (one.key, *_skus(one.key, account)):
            waiting[one.entity].add(key.casefold())
    return waiting


def _skus(key: str, account: Mapping[str, Any]) -> Iterator[str]:
    if key.startswith(PRODUCT):
        product = account["products"].get(key.removeprefix(PRODUCT), {})
        yield product.get("document", {}).get("identity", {}).get("sku", "")
