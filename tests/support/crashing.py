"""Work for every entity whose process is going to be killed, and what must be true in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count

import pytest
from parcels import Parcels
from parcels import sync as sync_shipments
from people import ANN, HOME, MILL, People
from products import in_store, made
from products import sync as sync_products
from refunding import imported, lines, refund
from shelves import on_sale, plenty, product, promised
from world import PAIR, World

from agreement.customers import compare_customers
from agreement.verdict import Sides, judge
from core.ids import PRODUCT
from core.times import utc_now
from demo.controls import Controls
from demo.scenario import GROUP_TAGS
from store.inbox import Inbox
from store.ledger import Ledger
from tasks.reconciler.connections import connect, disconnect

TEXT = "Please leave it with the neighbour"


@dataclass
class Work:
    """Records of one entity that need work, by their keys."""

    keys: list[str]
    records: list[str]
    """The keys under which they are settled, where those are others."""
    skus: list[str] = field(default_factory=list)


@contextmanager
def controls(world: World) -> Iterator[Controls]:
    account = world.sandbox.brightpearl_url.removesuffix("/public-api")
    with Controls(world.sandbox.bigcommerce_url, account, idle=0) as found:
        yield found


def ready(world: World, patch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for a person or for time: what is written is seen at once."""
    settings = {"ORDERS__AMENDMENT_CAP": "1000", "STOCK__VISIBLE_AFTER_S": "0"}
    for name, value in settings.items():
        patch.setenv(f"CAUSEWAY_{name}", value)
    disconnect()
    world.switch("bigcommerce", inventory_delay_s=[0, 0])


def new_orders(world: World) -> Work:
    """Two orders of people whom Brightpearl does not know, with texts, and one that is edited.

    One of the two goes to two addresses.
    """
    number, first, second = len(world.sandbox.store.orders), *lines(world, 2, 1)
    baskets = [
        {"lines": [first, second]},
        {"lines": [first, {**second, "address": 1}], "shipping": [{}, {"to": {"city": "York"}}]},
    ]
    keys = [
        world.place(
            **basket, email=f"shopper{number}-{place}@example.com", guest=True, message=TEXT
        )
        for place, basket in enumerate(baskets)
    ]
    edited = world.place(lines=lines(world, 1, 1))
    world.sync(edited)
    line = world.sandbox.store.orders[int(edited)].lines[0]
    world.bigcommerce("edit", order_id=int(edited), lines=[{"id": line.id, "quantity": 3}])
    cancelled = world.place(lines=lines(world, 1))
    world.sync(cancelled)
    world.bigcommerce("edit", order_id=int(cancelled), status_id=5)
    return Work([*keys, edited, cancelled], [*keys, edited, cancelled])


def new_refunds(world: World) -> Work:
    """A refund of goods that come back, and one of money alone."""
    keys = [imported(world, shipped=True) for _ in range(2)]
    sync_shipments(world, *keys, source="operator")
    (sku,) = [line["sku"] for line in lines(world, 1)]
    for key in keys:
        refund(world, key, items=[{"sku": sku, "quantity": 1}], reason="returned: resellable")
    return Work(keys, keys)


def new_shipments(world: World) -> Work:
    """Two orders that leave, one in two parcels."""
    orders = [Parcels.imported(world, 2, 1) for _ in range(2)]
    notes = [orders[0].leaves(1, tracking="RM1"), orders[0].leaves(tracking="RM2")]
    notes.append(orders[1].leaves(tracking="RM3"))
    return Work(notes, [one.order for one in orders])


def new_stock(world: World) -> Work:
    """SKUs of which more came in."""
    skus = plenty(world, 3)
    for sku in skus:
        world.brightpearl("stock", sku=sku, on_hand=promised(world, sku) + 17)
    return Work([product(world, sku) for sku in skus], [sku.casefold() for sku in skus], skus)


def changed_customers(world: World) -> Work:
    """Two new customers, one edited on both sides, and a contact that becomes a customer."""
    people, number = People(world), len(world.sandbox.store.customers)
    known = people.register(**ANN | {"email": f"known{number}@example.com"}, addresses=[HOME])
    people.sync(known)
    keys = [
        people.register(**ANN | {"email": f"c{number}-{place}@example.com"}, addresses=[HOME])
        for place in range(2)
    ]
    people.edit(known, phone="0118", addresses=[{"city": "Wells"}], group_id=1)
    people.change(people.contact(known).id, last_name="Leigh", addresses={"DEL": MILL})
    email = f"staff{number}@example.com"
    contact = people.enter(last_name="Poe", emails={"PRI": email}, tags=[17])
    return Work([known, *keys, f"contact:{contact}"], [known, *keys])


def new_products(world: World) -> Work:
    """Two products that staff make, in a category that the store lacks, and one they rename."""
    number = len(world.sandbox.account.products)
    known = made(world, sku=f"OLD-{number}", name=f"Old thing {number}")
    sync_products(world, known)
    world.brightpearl("products", edit=f"OLD-{number}", name=f"Older thing {number}")
    skus = [f"NEW-{number}-{one}" for one in range(2)]
    listed = {"categories": [f"Things > Of {number}"]}
    keys = [made(world, sku=sku, name=f"New thing {sku}", **listed) for sku in skus]
    return Work([*keys, known], [*keys, known])


def new_prices(world: World) -> Work:
    """Prices that staff change: of a product, and of a variant of one with options."""
    store, account, chosen = world.sandbox.store, world.sandbox.account, dict[bool, str]()
    for sku in plenty(world, 1000):
        if (variant := store.variant(sku)) is not None:
            chosen.setdefault(bool(variant.options), sku)
    for sku in chosen.values():
        (number,) = account.products_by_sku[sku]
        account.products[number].prices[2] = {"1": Decimal(100 + next(PRICES))}
    keys = [sku.casefold() for sku in chosen.values()]
    return Work(keys, keys)


PRICES = count()
WORK: dict[str, Callable[[World], Work]] = {
    "customers": changed_customers,
    "orders": new_orders,
    "refunds": new_refunds,
    "shipments": new_shipments,
    "stock": new_stock,
    "products": new_products,
    "prices": new_prices,
}


def make_due(world: World, entity: str, keys: list[str]) -> None:
    """Time passes: what rests until it is tried again, or is checked again, is due now."""
    world.due(*keys, entity=entity)


def unsettled(entity: str, keys: list[str]) -> dict[str, tuple[str, str]]:
    """Keys that are not done, with their states and the reasons."""
    found = Inbox(connect(PAIR).database).results(PAIR, entity, keys)
    return {key: found.get(key, ("", "")) for key in keys if found.get(key, "")[:1] != ("done",)}


def wrong(world: World, entity: str, work: Work) -> list[str]:
    """Everything that is not as it should be, by what both systems themselves say."""
    with controls(world) as both:
        store, account = both.states()
    found = [
        line
        for line in judge(Sides(store, account)).of_orders()
        if line.partition(":")[0] in work.records
    ]
    found += [
        f"{sku}: {on_sale(world, sku)} on sale, {promised(world, sku)} promised"
        for sku in work.skus
        if on_sale(world, sku) != promised(world, sku)
    ]
    if entity == "customers":
        people = compare_customers(store, account, GROUP_TAGS)
        found += [f"{key}: {', '.join(people[key])}" for key in work.records if people[key]]
    if entity == "prices":
        found += [line for sku in work.records for line in wrong_price(world, sku)]
    if entity == "products":
        found += [line for key in work.records for line in wrong_product(world, key)]
    found += [f"{text!r} is in the notes {times} times" for text, times in doubled_notes(world)]
    emails = Counter(one["emails"].get("PRI") for one in account["contacts"].values())
    found += [f"{times} contacts of {email}" for email, times in emails.items() if times > 1]
    skus = Counter(one.sku.casefold() for one in world.sandbox.store.variants.values() if one.sku)
    found += [f"{times} variants of {sku}" for sku, times in skus.items() if times > 1]
    for order in world.sandbox.store.orders.values():
        mailed = Counter(mail.record_id for mail in order.mails if mail.about == "shipment")
        found += [f"{order.id}: mailed {n} times" for n in mailed.values() if n > 1]
    return found + open_intents(entity, work)


def wrong_price(world: World, key: str) -> list[str]:
    """How the store's price of a SKU differs from that of Brightpearl's list."""
    account = world.sandbox.account
    (wanted,) = [one for one in account.products.values() if one.sku.casefold() == key]
    product, variant = in_store(world, wanted.sku)
    actual = variant.price if variant.options else product.price
    price = wanted.prices[2]["1"]
    return [] if actual == price else [f"{key}: {actual} instead of {price}"]


def wrong_product(world: World, key: str) -> list[str]:
    """How the store's product differs from Brightpearl's."""
    wanted = world.sandbox.account.products[int(key.removeprefix(PRODUCT))]
    if world.sandbox.store.variant(wanted.sku) is None:
        return [f"{key}: {wanted.sku} is not in the store"]
    name = in_store(world, wanted.sku)[0].name
    return [] if name == wanted.name else [f"{key}: {name} instead of {wanted.name}"]


def doubled_notes(world: World) -> list[tuple[str, int]]:
    """Texts that one order of Brightpearl has more than once."""
    account = world.sandbox.account
    counted = Counter(
        (order_id, account.notes[note].text)
        for order_id, notes in account.notes_by_order.items()
        for note in notes
    )
    return [(text, times) for (_, text), times in counted.items() if times > 1]


def open_intents(entity: str, work: Work) -> list[str]:
    """Writes of records that are settled whose end the ledger does not know."""
    ledger = Ledger(connect(PAIR).database)
    done = [key for key in work.records if key not in unsettled(entity, work.records)]
    return [
        f"{one.key}: {one.action} has no outcome"
        for one in ledger.open_intents(PAIR, entity, done)
        if one.intent_at < utc_now()
    ]
