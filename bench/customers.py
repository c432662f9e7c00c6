"""A store's customers against contacts, some of which are there already; and edits, one by one.

One in ten is the same person: by case, or by a second or third e-mail of a contact. The rest is
new to the account.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial

from agreement.customers import compare_customers
from agreement.moments import percentile
from bench.environment import Bench, Environment, environment
from bench.figures import Figure, at_least, at_most
from bench.usage import Family
from connectors.brightpearl.account_models import Contact
from connectors.brightpearl.client import Brightpearl
from demo.scenario import GROUP_TAGS
from store.sql import in_parts

CUSTOMERS, QUICK_CUSTOMERS = 50_000, 2_000
SAME_EVERY = 10
AT_ONCE = 1_000
WITHIN_S = 3_600.0
EDITS, QUICK_EDITS = 20, 5
SEEN_WITHIN_S = 30.0


def measure(bench: Bench) -> list[Figure]:
    """The first load, a second pass, and edits while nothing else happens."""
    size = bench.pick(CUSTOMERS, QUICK_CUSTOMERS)
    with environment(bench, "customers") as env:
        env.pause_schedules()
        known = int(env.controls.state("bigcommerce", "counts")["counts"]["customers"])
        env.controls.deliver(loss_rate=1)
        keys = register(env, size)
        env.controls.deliver(loss_rate=0)
        bench.progress.step(f"customers: {size} registered, {size // SAME_EVERY} known before")
        usage = Family(env.worker)
        with usage.watched():
            began = time.monotonic()
            first = env.work_off(keys, WITHIN_S, entity="customers")
            seconds = time.monotonic() - began
        bench.progress.step(f"customers: loaded in {seconds:.0f} s")
        second = env.work_off(keys, WITHIN_S, entity="customers")
        found = compare_customers(
            env.controls.state("bigcommerce", "customers"),
            env.controls.state("brightpearl", "contacts"),
            GROUP_TAGS,
        )
        wanted = {key: found[key] for key in keys}
        took = sorted(edits(env, keys, bench.pick(EDITS, QUICK_EDITS)))
    new = size - size // SAME_EVERY
    floor = 2 * -(-new // 10)
    how = f"{size} customers, {size // SAME_EVERY} of them known, limits off, {seconds:.0f} s"
    writes = sum(
        count
        for counted in second.values()
        for name, count in counted.by_request.items()
        if not name.startswith(("GET ", "OPTIONS "))
    )
    wrote = sum(
        count
        for name, count in first["brightpearl"].by_request.items()
        if name.startswith(("POST /multi", "PATCH ", "PUT "))
    )
    slow = f"{len(took)} edits in turn of a customer in the store, while nothing else happens"
    return [
        Figure("customers with one equal contact", sum(not one for one in wanted.values()), "",
               f"{how}; {known} more were there before", at_least(size)),
        Figure("customers: writes of a second pass", writes, "", how, at_most(0)),
        Figure("customers: write requests to Brightpearl", wrote, "",
               f"{how}; the floor for new ones is {floor}, those known are patched one by one"),
        Figure("customers: requests to Brightpearl", first["brightpearl"].total, "", how),
        Figure("customers: requests to BigCommerce", first["bigcommerce"].total, "", how),
        Figure("customers: memory of the worker, highest", usage.together_mb, "MB", how,
               at_most(700)),
        Figure("customers: edit to the other side, p50", percentile(took, 0.5) or 0, "s", slow,
               at_most(3)),
        Figure("customers: edit to the other side, p95", percentile(took, 0.95) or 0, "s", slow,
               at_most(10)),
    ]  # fmt: skip


def register(env: Environment, size: int) -> list[str]:
    """Shoppers register, and staff have known one in ten of them before; the customers' keys."""
    keys: list[str] = []
    for part in in_parts(list(people(size)), AT_ONCE):
        contacts = [contact for _, contact in part if contact]
        if contacts:
            env.controls.call("brightpearl", "POST", "contacts", contacts)
        answers = env.controls.call("bigcommerce", "POST", "customers", [one for one, _ in part])
        keys += [str(answer["id"]) for answer in answers]
    return keys


def people(size: int) -> Iterator[tuple[dict[str, object], dict[str, object] | None]]:
    """Customers, and the contacts of those whom the account knows."""
    for number in range(size):
        email = f"shopper.{number}@customers.example"
        names = {"first_name": f"Ann{number}", "last_name": f"Lee{number}"}
        home = {"street_1": f"{number} High Street", "city": "Bath", "zip": "BA1 5AN"}
        customer: dict[str, object] = {
            "email": email, **names, "phone": f"0{number}", "addresses": [home],
        }  # fmt: skip
        kind = (number // SAME_EVERY) % 3
        emails = (
            {"PRI": email.upper()},
            {"PRI": f"work{number}@other.example", "SEC": email},
            {"PRI": f"work{number}@other.example", "TER": email.title()},
        )[kind]
        known: dict[str, object] = {"set": {**names, "emails": emails}}
        yield customer, known if number % SAME_EVERY == 0 else None


def edits(env: Environment, keys: list[str], count: int) -> Iterator[float]:
    """Seconds from an edit in the store until the contact says the same, one after the other."""
    contacts = env.controls.state("brightpearl", "contacts")["contacts"]
    by_phone = {one["telephones"].get("PRI"): str(one["id"]) for one in contacts.values()}
    customers = env.controls.state("bigcommerce", "customers")["customers"]
    account = Brightpearl(env.installation.settings.pair().brightpearl)
    with closing(account):
        for number in range(count):
            key = keys[number * 7 % len(keys)]
            contact_id = by_phone[customers[key]["phone"]]
            phone = f"+44 {number}"
            edited = {"id": int(key), "phone": phone}

            def is_seen(contact_id: str = contact_id, phone: str = phone) -> bool:
                (said,) = account.get_contacts([contact_id])
                return isinstance(said, Contact) and said.telephones.get("PRI") == phone

            edit = partial(env.controls.call, "bigcommerce", "POST", "customers", edited)
            yield env.seconds_until(edit, is_seen, SEEN_WITHIN_S)
