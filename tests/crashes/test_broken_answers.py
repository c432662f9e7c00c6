"""Every write, answered in every broken way, whether it was carried out or not: nothing twice.

What is right in the end is said by both sandboxes' own state.
"""

from __future__ import annotations

from random import Random

import pytest
from crashing import WORK, make_due, unsettled, wrong
from stories import run
from world import World

from sandbox.kit.faults import BROKEN

TRIES = 4
OFTEN = 0.7
"""The part of drawn answers whose write was carried out: nothing else can double anything."""
BRIGHTPEARL, BIGCOMMERCE = "brightpearl", "bigcommerce"
WRITES = {
    "postal address": ("orders", BRIGHTPEARL, "POST", "multi-message|postal-address"),
    "contact": ("orders", BRIGHTPEARL, "POST", "multi-message|contact-service/contact"),
    "sales order": ("orders", BRIGHTPEARL, "POST", "multi-message|order-service/sales-order$"),
    "sales order of a further address": (
        *("orders", BRIGHTPEARL, "POST", "multi-message|order-service/sales-order$"),
    ),
    "receipt": ("orders", BRIGHTPEARL, "POST", "multi-message|customer-payment$"),
    "note": ("orders", BRIGHTPEARL, "POST", "multi-message|/note$"),
    "amended rows": ("orders", BRIGHTPEARL, "PUT", "multi-message|order-service"),
    "write-back": ("orders", BIGCOMMERCE, "PUT", r"/v2/orders/\d+$"),
    "sales credit": ("refunds", BRIGHTPEARL, "POST", "multi-message|sales-credit$"),
    "goods in": ("refunds", BRIGHTPEARL, "POST", "multi-message|goods-note/goods-in$"),
    "shipment": ("shipments", BIGCOMMERCE, "POST", "/shipments$"),
    "adjustment": ("stock", BIGCOMMERCE, "POST", "/inventory/adjustments"),
    "address of a contact": ("customers", BRIGHTPEARL, "POST", "multi-message|postal-address"),
    "contact of a customer": ("customers", BRIGHTPEARL, "POST", "multi-message|/contact$"),
    "customer": ("customers", BIGCOMMERCE, "POST", "/v3/customers$"),
    "fields of a customer": ("customers", BIGCOMMERCE, "PUT", "/v3/customers$"),
    "address of a customer": ("customers", BIGCOMMERCE, "*", "/v3/customers/addresses"),
    "fields of a contact": ("customers", BRIGHTPEARL, "*", "multi-message|/contact/[0-9]+$"),
    "category": ("products", BIGCOMMERCE, "POST", "/v3/catalog/categories$"),
    "product": ("products", BIGCOMMERCE, "POST", "/v3/catalog/products$"),
    "fields of a product": ("products", BIGCOMMERCE, "PUT", "/v3/catalog/products$"),
    "price of a product": ("prices", BIGCOMMERCE, "PUT", "/v3/catalog/products$"),
    "price of a variant": ("prices", BIGCOMMERCE, "PUT", "/v3/catalog/variants$"),
}
"""Entity, system, method and path. Several records share a multi-message: the how many-th one
carries the write follows from the sequence of the writes."""
NTH = {
    "contact": 2,
    "sales order": 3,
    "sales order of a further address": 4,
    "receipt": 6,
    "note": 7,
    "contact of a customer": 2,
    "fields of a contact": 3,
}
MATRIX = [
    pytest.param(write, how, done, id=f"{write}-{how}-{'done' if done else 'not done'}")
    for write in WRITES
    for how in BROKEN
    for done in (True, False)
]
SHORT = [("shipment", "503", True), ("sales order", "null", True)]


def check_written_once(world: World, write: str, how: str, *, done: bool) -> None:
    entity, system, method, path = WRITES[write]
    work = WORK[entity](world)
    rule = {"kind": "broken_answer", "as": how, "committed": done, "method": method, "path": path}
    world.fault(system, {**rule, "skip": NTH.get(write, 1) - 1, "times": 1})
    report = run(world, entity, *work.keys)
    (struck,) = world.http.get(world.control(system, "faults")).json()
    world.fault(system)
    assert struck["struck"] == 1, f"{write} was not sent"
    assert report["error"] == ""

    for _ in range(TRIES):
        if not (left := unsettled(entity, work.records)):
            break
        make_due(world, entity, list(left))
        run(world, entity)
    assert unsettled(entity, work.records) == {}
    assert wrong(world, entity, work) == []


@pytest.mark.parametrize(("write", "how", "done"), SHORT)
def test_a_broken_answer_to_a_write_doubles_and_loses_nothing(
    world: World, write: str, how: str, done: bool
) -> None:
    check_written_once(world, write, how, done=done)


@pytest.mark.long
@pytest.mark.parametrize("write", WRITES)
def test_a_broken_answer_that_is_drawn_for_each_write_doubles_and_loses_nothing(
    world: World, draw: Random, write: str
) -> None:
    check_written_once(world, write, draw.choice(list(BROKEN)), done=draw.random() < OFTEN)


@pytest.mark.crashes
@pytest.mark.long
@pytest.mark.parametrize(("write", "how", "done"), MATRIX)
def test_no_broken_answer_to_any_write_doubles_or_loses_anything(
    world: World, write: str, how: str, done: bool
) -> None:
    check_written_once(world, write, how, done=done)
