"""`causeway check`: what Causeway makes of one address, order, customer or hour, and why.

The record is given by options, or read live from BigCommerce by its id.
"""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.display import table
from cli.installation import Installation, has_database, installation
from cli.options import CUSTOMERS, JsonOption, PairOption, known_keys
from cli.output import finish
from connectors.bigcommerce.client import BigCommerce
from connectors.bigcommerce.customer_models import Customer as Account
from connectors.bigcommerce.models import Order
from connectors.brightpearl.client import Brightpearl
from connectors.budget import Priority
from core.errors import ConfigError, NotFoundError
from core.times import utc_now
from core.words import counted
from intelligence.addresses import Address, AddressVerdict, check_address
from intelligence.contact_details import ContactVerdict, check_email, check_phone
from intelligence.customers import Customer, Match, NameCounts, compare, prepare
from intelligence.duplicates import find_duplicates
from intelligence.risk import Checkout, Party, facts_of, score_order
from store.activity import SERIES
from store.links import Link, Links
from store.order_checks import OrderChecks
from store.runs import Runs
from tasks.orders.checkout import accounts_made_at, checkout_of, delivery_addresses, written

if TYPE_CHECKING:
    from tasks.duplicates.search import People

NOT_JUDGED = (
    "Nothing was judged yet. The worker does it every hour; to have it now, press Run on "
    "watch-activity/hourly in Prefect's UI."
)
SHOWN = 50
"""Pairs of a text; the document has all."""

check = typer.Typer(help="What Causeway makes of one record, and why.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(check, name="check")


Part = Annotated[str, typer.Option(help="Part of the address.")]
OrderOption = Annotated[
    str | None, typer.Option("--order", metavar="ID", help="Read this order of the store.")
]
CustomerOption = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="Read this customer of the store.")
]
Country = Annotated[str, typer.Option(help="ISO code, such as US.")]


@check.command()
def address(  # noqa: PLR0913 - the parts of an address
    *,
    street: Part = "",
    city: Part = "",
    state: Part = "",
    postcode: Part = "",
    country: Country = "",
    email: Annotated[str, typer.Option(help="An e-mail address.")] = "",
    phone: Annotated[str, typer.Option(help="A phone number, of the country.")] = "",
    order: OrderOption = None,
    customer: CustomerOption = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check addresses for form and consistency: of options, an order or a customer."""
    addresses: list[tuple[str, Address]] = []
    contacts: list[tuple[str, ContactVerdict]] = []
    if order or customer:
        with _store(installation(pair)) as store:
            if order:
                addresses, contacts = _of_order(_order(store, order))
            else:
                addresses, contacts = _of_customer(_customer(store, customer or ""))
    elif any((street, city, state, postcode, country)):
        addresses = [("address", Address(street, city, state, postcode, country))]
    if email:
        contacts.append(("e-mail", check_email(email)))
    if phone:
        contacts.append(("phone", check_phone(phone, country.upper())))
    if not addresses and not contacts:
        raise ConfigError(
            "There is nothing to check.",
            remedy="Give --order ID, --customer ID, or --street --city --postcode --country.",
        )
    verdicts = [(name, check_address(one)) for name, one in addresses]
    document = {
        "addresses": [
            {
                "of": name,
                "is_flagged": one.is_flagged,
                "is_blocking": one.is_blocking,
                **asdict(one),
            }
            for name, one in verdicts
        ],
        "contacts": [{"of": name, **asdict(one)} for name, one in contacts],
    }
    lines = [line for name, one in verdicts for line in _address_lines(name, one)]
    lines += [line for name, contact in contacts for line in _contact_lines(name, contact)]
    finish(document, as_json=as_json, text="\n".join(lines))


def _of_order(order: Order) -> tuple[list[tuple[str, Address]], list[tuple[str, ContactVerdict]]]:
    billing = order.billing_address
    sent = [("delivery address", written(one)) for one in delivery_addresses(order)]
    contacts = [("e-mail", check_email(billing.email))]
    contacts.append(("phone", check_phone(billing.phone, billing.country_iso2)))
    return [("billing address", written(billing)), *sent], contacts


def _of_customer(
    account: Account,
) -> tuple[list[tuple[str, Address]], list[tuple[str, ContactVerdict]]]:
    addresses = [
        (
            f"address {one.id}",
            Address(
                ", ".join(part for part in (one.address1, one.address2) if part),
                one.city, one.state_or_province, one.postal_code, one.country_code,
            ),
        )
        for one in account.addresses
    ]  # fmt: skip
    country = next((one.country_code for one in account.addresses), "")
    contacts = [("e-mail", check_email(account.email))]
    contacts.append(("phone", check_phone(account.phone, country)))
    return addresses, contacts


def _address_lines(name: str, verdict: AddressVerdict) -> Iterator[str]:
    worst = "blocking" if verdict.is_blocking else "to be read" if verdict.is_flagged else "fine"
    yield f"{name}: {worst}"
    for change in verdict.changes:
        yield f"  {change.part}: {change.before!r} is written {change.after!r}"
    for finding in verdict.findings:
        meant = f" Perhaps: {finding.suggestion}" if finding.suggestion else ""
        yield f"  {finding.level}: {finding.message}{meant} ({finding.code})"


def _contact_lines(name: str, verdict: ContactVerdict) -> Iterator[str]:
    yield f"{name}: {'to be read' if verdict.findings else 'fine'}"
    for finding in verdict.findings:
        meant = f" Perhaps: {finding.suggestion}" if finding.suggestion else ""
        yield f"  {finding.level}: {finding.message}{meant} ({finding.code})"


@check.command()
def risk(  # noqa: PLR0913 - the facts of an order
    *,
    order: OrderOption = None,
    email: Annotated[str, typer.Option(help="Of the shopper.")] = "",
    total: Annotated[str, typer.Option(help="With tax.")] = "0",
    ip: Annotated[str, typer.Option(help="Of the shopper.")] = "",
    billing_country: Country = "",
    shipping_country: Country = "",
    card_country: Country = "",
    avs: Annotated[str, typer.Option(help="The gateway's answer: Y, A, Z, N, U.")] = "",
    cvv: Annotated[str, typer.Option(help="The gateway's answer: M, N, P.")] = "",
    failed_payments: Annotated[int, typer.Option(min=0, help="Within a day.")] = 0,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the risk of an order of the store, with those before it, or of options alone."""
    label = ""
    installed = installation(pair) if order else None
    if installed and order:
        with _store(installed) as store:
            found = _order(store, order)
            made_at = accounts_made_at(store, [found]).get(found.customer_id)
            checkout = checkout_of(
                found, store.list_transactions(found.id), account_made_at=made_at
            )
    elif email or ip or billing_country or failed_payments or avs or cvv:
        checkout = Checkout(
            order_id="", placed_at=utc_now(), email=email, total=_amount(total), ip=ip,
            billing=Party(country=billing_country.upper()),
            shipping=Party(country=(shipping_country or billing_country).upper()),
            card_country=card_country.upper(), avs=avs.upper(), cvv=cvv.upper(),
            failed_payments=failed_payments,
        )  # fmt: skip
    else:
        raise ConfigError(
            "There is no order to score.",
            remedy="Give --order ID, or facts: --email --ip --billing-country …",
        )
    facts = facts_of(checkout)
    verdict = score_order(facts)
    if installed and has_database(installed.settings):
        from tasks.orders.checks import score_with_history  # noqa: PLC0415 - brings pandas along

        checks = OrderChecks(installed.database())
        verdict = score_with_history(checks, installed.name, [facts], installed.pair.checks)[
            facts.order_id
        ]
        label = checks.label(installed.name, facts.order_id)
    is_held = verdict.is_held
    rows = [(reason.points, reason.message, reason.code) for reason in verdict.reasons]
    text = f"{verdict.points} points; a person sees orders from {verdict.hold_from} on.\n"
    text += table(["points", "why", "code"], rows) if rows else "Nothing was found."
    if label:
        text += f"\nA person decided about it: {label}."
    document = {**asdict(verdict), "is_held": is_held, "facts": facts, "label": label}
    finish(document, as_json=as_json, text=text)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ConfigError(f"--total {text!r} is not an amount.") from error


@check.command()
def duplicates(
    *,
    customer: CustomerOption = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find customers and contacts that may be one person; with --customer, those like this one.

    Reads everybody of both systems, as the nightly find-duplicates does. Nothing is merged.
    """
    everybody = _everybody(pair)
    people = list(everybody.records.values())
    if customer:
        key = _customer_id(customer)
        found = _like(key, people)
        document: dict[str, Any] = {"customer": key, "matches": [asdict(one) for one in found]}
    else:
        all_found = find_duplicates(people)
        found = list(all_found.matches)
        document = {
            "customers": everybody.customers,
            "contacts": len(everybody.contacts),
            "certain": len(all_found.of_zone("certain")),
            "review": len(all_found.of_zone("review")),
            "groups": [list(group) for group in all_found.groups],
            "matches": [asdict(one) for one in found],
        }
    by_zone = {zone: sum(one.zone == zone for one in found) for zone in ("certain", "review")}
    text = f"{counted(everybody.customers, 'customer')} and "
    text += f"{counted(len(everybody.contacts), 'contact')}: "
    text += f"{counted(by_zone['certain'], 'pair')} certainly one person, "
    text += f"{by_zone['review']} for a person to decide. Nothing was merged."
    if found:
        rows = [
            (one.zone, one.score, one.first, one.second, "; ".join(one.reasons))
            for one in found[:SHOWN]
        ]
        text += "\n" + table(["zone", "score", "record", "and", "why"], rows)
    if len(found) > SHOWN:
        text += f"\n… and {len(found) - SHOWN} more pairs; --json has all."
    finish(document, as_json=as_json, text=text)


@check.command()
def activity(
    *,
    series: Annotated[
        str | None, typer.Option("--series", help="Only this series, such as orders or errors.")
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", help="What you know of the alarms: usual or unusual. Kept."),
    ] = None,
    pair: PairOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the hours that do not fit their season, with numbers; say whether they were usual.

    What a person calls usual (a sale, a holiday) is no alert any more. Reads our own tables only.
    """
    from tasks import activity as watch  # noqa: PLC0415 - brings the engine's steps along

    installed = installation(pair)
    database = installed.existing_database()
    if series is not None and series not in SERIES:
        raise ConfigError(
            f"There is no series {series!r}.", remedy=f"Name one of {', '.join(SERIES)}."
        )
    if confirm is not None and confirm not in {"usual", "unusual"}:
        raise ConfigError("--confirm takes usual or unusual.")
    report = next(iter(Runs(database).last(installed.name, flow=watch.FLOW, limit=1)), None)
    alarms = [
        one for one in (report or {}).get("alarms", ()) if series is None or one["series"] == series
    ]
    if confirm is not None:
        if not alarms:
            raise ConfigError("There is no alarm to confirm.", remedy="causeway check activity")
        said: watch.Label = "usual" if confirm == "usual" else "unusual"
        who, now = getpass.getuser(), utc_now()
        watch.label(database, installed.name, alarms, said, actor=who, now=now)
    labels = watch.labels(database, installed.name)
    shown = [{**one, "label": labels.get(watch.alarm_name(one), "")} for one in alarms]
    rows = [
        (one["series"], one["kind"], one["first"], one["last"], one["reason"], one["label"])
        for one in shown
    ]
    text = "Nothing unusual was found." if report else NOT_JUDGED
    if rows:
        text = table(["series", "kind", "first", "last", "because", "a person said"], rows)
    document = {"judged_at": report and report["started_at"], "alarms": shown}
    finish(document, as_json=as_json, text=text)


def _everybody(pair: str | None) -> People:
    from tasks.duplicates.search import read_people  # noqa: PLC0415 - brings pandas along

    installed = installation(pair)
    links: list[Link] = []
    if has_database(installed.settings):
        links = list(Links(installed.database()).scan(installed.name, CUSTOMERS))
    account = Brightpearl(installed.pair.brightpearl).at(Priority.CATALOGUE)
    with _store(installed) as store, closing(account):
        return read_people(store, account, links)


def _like(key: str, people: list[Customer]) -> list[Match]:
    """Every customer compared with one.

    Raises: NotFoundError when the store has no such customer.
    """
    prepared = {person.id: prepare(person) for person in people}
    if key not in prepared:
        raise NotFoundError(f"BigCommerce has no customer {key}.")
    counts = NameCounts.of(prepared.values())
    matches = [
        compare(prepared[key], other, counts) for name, other in prepared.items() if name != key
    ]
    return sorted(
        (match for match in matches if match.zone != "ignore"), key=lambda match: -match.score
    )


@contextmanager
def _store(installed: Installation) -> Iterator[BigCommerce]:
    store = BigCommerce(installed.pair.bigcommerce).at(Priority.ORDERS)
    try:
        yield store
    finally:
        store.close()


def _order(store: BigCommerce, order_id: str) -> Order:
    """Raises: NotFoundError when the store has no such order, or it cannot be read."""
    (key,) = known_keys("orders", [order_id])
    (found,) = store.get_orders([key])
    if isinstance(found, Order):
        return found
    raise NotFoundError(f"BigCommerce has no order {key}, or it cannot be read.")


def _customer_id(text: str) -> str:
    """Raises: ConfigError for what is no id of BigCommerce."""
    (key,) = known_keys(CUSTOMERS, [text])
    if not key.isdecimal():
        raise ConfigError(f"{key} is not the id of a customer in BigCommerce.")
    return key


def _customer(store: BigCommerce, customer_id: str) -> Account:
    """Raises: NotFoundError when the store has no such customer, or it cannot be read."""
    key = _customer_id(customer_id)
    found = next(iter(store.get_customers([key])), None)
    if isinstance(found, Account):
        return found
    raise NotFoundError(f"BigCommerce has no customer {key}, or it cannot be read.")
