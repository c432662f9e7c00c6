"""The account's client against the sandbox, over real HTTP."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.brightpearl import messages
from connectors.brightpearl.account_models import ContactCreate, PaymentCreate, PostalAddress
from connectors.brightpearl.models import (
    Address,
    BillingRef,
    CurrencyRef,
    CustomerRef,
    Delivery,
    SalesOrder,
    SalesOrderCreate,
    SalesOrderRowCreate,
)
from connectors.brightpearl.stock_models import ReservedProduct
from core.errors import (
    ConfigError,
    ContractError,
    NotFoundError,
    OutcomeUnknownError,
    RejectedError,
    TransientError,
)

INSTANCE = 4711
PLACED = datetime(2026, 7, 1, 12, tzinfo=UTC)
HERE = Address(full_name="Ann Lee", line_1="1 High St", line_3="Bath", country_iso3="GBR")


def sent(world, message: messages.Message) -> Any:
    """What one write answers; its error is raised."""
    outcome = world.client.send([message])[message.label]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def contact(world, email: str = "ann@example.com") -> int:
    address = sent(world, messages.create_address("a", PostalAddress(line_1="1 High St")))
    person = ContactCreate(
        first_name="Ann",
        last_name="Lee",
        address_ids={"DEF": address, "BIL": address, "DEL": address},
        communication={"emails": {"PRI": {"email": email}}},
    )
    return int(sent(world, messages.create_contact("c", person)))


def sales_order(
    world, contact_id: int, ref: str = "BC-1", *, units: int = 2, sku: str = "MUG"
) -> SalesOrderCreate:
    return SalesOrderCreate(
        customer=CustomerRef(id=contact_id, address=HERE),
        billing=BillingRef(contact_id=contact_id, address=HERE),
        delivery=Delivery(address=HERE, shipping_method_id=2),
        ref=ref.removeprefix("BC-"),
        external_ref=ref,
        instance_id=INSTANCE,
        placed_on=PLACED,
        tax_date="2026-07-01",
        status_id=2,
        warehouse_id=2,
        channel_id=2,
        price_list_id=2,
        price_mode_code="EXC",
        currency=CurrencyRef(code="GBP"),
        rows=(
            SalesOrderRowCreate(
                product_id=int(world.product_id(sku)),
                quantity=str(units),
                tax_code="T20",
                net=Decimal("10.00") * units,
                tax=Decimal("2.00") * units,
                external_ref="line-1",
            ),
            SalesOrderRowCreate(
                name="Gift note",
                quantity="1",
                tax_code="T0",
                net=Decimal("1.50"),
                tax=Decimal(0),
                external_ref="line-2",
            ),
        ),
    )


def placed(world, ref: str = "BC-1", **changes: Any) -> str:
    order = sales_order(world, contact(world), ref, **changes)
    return str(sent(world, messages.create_sales_order("o", order)))


def receipt(order_id: str, ref: str = "tx-1", amount: str = "25.50") -> PaymentCreate:
    return PaymentCreate(
        method_code="CARD",
        payment_type="RECEIPT",
        order_id=int(order_id),
        currency_code="GBP",
        paid_at=PLACED,
        transaction_ref=ref,
        amount=Decimal(amount),
    )


def one(world, order_id: str) -> SalesOrder:
    (found,) = world.client.get_sales_orders([order_id])
    assert isinstance(found, SalesOrder)
    return found


def test_a_sales_order_reads_back_as_it_was_sent(world):
    order = one(world, placed(world))

    assert (order.external_ref, order.ref, order.status_id) == ("BC-1", "1", "2")
    assert (order.total.net, order.total.tax, order.total.gross) == (
        Decimal("21.50"),
        Decimal("4.00"),
        Decimal("25.50"),
    )
    rows = {row.external_ref: row for row in order.rows}
    assert (rows["line-1"].quantity, rows["line-1"].net) == (2, 20)
    assert rows["line-2"].product_id == ""
    assert (order.allocation_code, order.shipping_code, order.stock_code) == ("ANA", "SNS", "SON")
    assert not order.is_cancelled
    assert order.customer is not None


def found_order(world, external_ref: str) -> str | None:
    """Id of the one sales order of this reference."""
    ids = [row.order_id for row in world.client.find_sales_orders(external_ref)]
    assert len(ids) < 2
    return ids[0] if ids else None


def notes_of(world, order_id: str) -> list[str]:
    return [note.text for note in world.account.notes.values() if note.order_id == int(order_id)]


def test_the_same_reference_twice_is_one_sales_order(world):
    order = sales_order(world, contact(world))
    first = sent(world, messages.create_sales_order("o", order))

    again = sent(world, messages.create_sales_order("o", order))

    assert again == first
    assert found_order(world, "BC-1") == str(first)


def test_an_order_that_is_gone_is_simply_not_among_those_asked_for(world):
    order_id = placed(world)

    found = world.client.get_sales_orders([order_id, "999999"])

    assert [order.id for order in found] == [order_id]
    assert world.client.get_sales_orders(["999999"]) == []
    assert world.client.get_sales_orders([]) == []


def test_200_orders_are_one_request_and_one_more_is_another(world):
    world.client.get_sales_orders(str(number) for number in range(1, 401, 2))
    assert world.log.count("GET") == 1

    world.client.get_sales_orders(str(number) for number in range(1, 403, 2))
    assert world.log.count("GET") == 3


def test_a_reference_is_compared_exactly(world):
    placed(world, "BC-12")

    assert found_order(world, "BC-1") is None
    assert found_order(world, "BC-12") is not None


def test_two_orders_of_one_reference_are_both_found(world):
    person = contact(world)
    first = sales_order(world, person)
    other = first.model_copy(update={"instance_id": 5})
    ids = [sent(world, messages.create_sales_order("o", order)) for order in (first, other)]

    found = [row.order_id for row in world.client.find_sales_orders("BC-1")]
    assert found == [str(one_) for one_ in ids]


def test_orders_of_our_integration_are_listed_by_when_they_were_placed(world):
    person = contact(world)
    for ref, instance in (("BC-1", INSTANCE), ("BC-2", INSTANCE), ("X-1", 5)):
        order = sales_order(world, person, ref).model_copy(update={"instance_id": instance})
        sent(world, messages.create_sales_order("o", order))
    day = timedelta(days=1)

    by_day = world.client.list_order_refs(PLACED - day, PLACED + day, INSTANCE)
    before = world.client.list_order_refs(PLACED - 9 * day, PLACED - day, INSTANCE)

    assert [row.external_ref for row in by_day] == ["BC-1", "BC-2"]
    assert list(before) == []


def test_all_pages_of_a_search_are_read_whatever_order_its_columns_come_in(world):
    person = contact(world)
    world.account.switches.shuffle_columns = True
    world.account.switches.limits = "off"
    for start in range(0, 510, 10):
        world.client.send(
            [
                messages.create_sales_order(
                    str(number), sales_order(world, person, f"BC-{number}", units=1)
                )
                for number in range(start, start + 10)
            ]
        )
    world.log.clear()
    day = timedelta(days=1)

    rows = list(world.client.list_order_refs(PLACED - day, PLACED + day, INSTANCE))

    assert [row.external_ref for row in rows] == [f"BC-{number}" for number in range(510)]
    assert world.log.count() == 2


def test_status_and_notes_are_written(world):
    order_id = placed(world)

    sent(world, messages.set_status("s", order_id, 17))
    sent(world, messages.add_note("n", order_id, "Waits for stock."))

    assert one(world, order_id).status_id == "17"
    assert notes_of(world, order_id) == ["Waits for stock."]
    with pytest.raises(RejectedError):
        sent(world, messages.set_status("s", order_id, 9999))


def test_a_reservation_takes_what_is_available_and_reads_back(world):
    order_id = placed(world, sku="PEN", units=5)
    row = next(row for row in one(world, order_id).rows if row.external_ref == "line-1")
    wanted = ReservedProduct(product_id=int(row.product_id), row_id=int(row.id), quantity=5)
    assert world.client.get_reservation(order_id) is None

    sent(world, messages.reserve("r", order_id, "2", [wanted]))

    held = world.client.get_reservation(order_id)
    assert held is not None
    assert (held.warehouse_id, held.rows[row.id].quantity) == ("2", 3)
    assert one(world, order_id).allocation_code == "APA"
    assert world.client.on_hand([row.product_id])["2", row.product_id] == 0


def test_free_stock_is_read_by_warehouse_and_a_product_without_stock_keeping_is_left_out(world):
    for sku in ("A1", "A2"):
        for product_id in world.account.products_by_sku[sku]:
            world.account.products[product_id].document["stock"]["stockTracked"] = False
    ids = [world.product_id(sku) for sku in ("MUG", "PEN", "A1", "A2")]

    free = world.client.on_hand(ids)

    assert free["2", ids[0]] == 10
    assert {product_id for _, product_id in free} == set(ids[:2])


def test_a_payment_is_found_by_its_order_and_by_its_reference(world):
    order_id = placed(world)
    sent(world, messages.create_payment("p", receipt(order_id)))

    (by_order,) = world.client.list_payments([order_id, "999"])
    (by_ref,) = world.client.find_payments("tx-1")

    assert by_order == by_ref
    assert by_ref.amount == Decimal("25.50")
    assert world.client.find_payments("tx") == []
    assert one(world, order_id).payment_status == "PAID"


def test_a_second_payment_of_the_same_reference_is_refused(world):
    order_id = placed(world)
    sent(world, messages.create_payment("p", receipt(order_id)))

    with pytest.raises(RejectedError):
        sent(world, messages.create_payment("p", receipt(order_id)))


def test_products_are_listed_with_their_sku_and_whether_stock_is_kept(world):
    products = {product.sku: product for product in world.client.list_products()}

    assert len(products) == 5
    assert (products["Pot"].product_id, products["Pot"].stock_tracked) == (
        world.product_id("Pot"),
        True,
    )


def test_only_products_that_are_new_or_changed_since_are_listed(world):
    now = world.account.clock.now()

    assert len(list(world.client.list_products(now - timedelta(days=1)))) == 5
    assert list(world.client.list_products(now + timedelta(days=1))) == []


def test_contacts_are_found_by_exactly_their_address_whatever_its_case(world):
    bob = contact(world, "Bob@Example.com")
    contact(world, "jimbob@example.com")

    (found,) = world.client.find_contacts("bob@example.com")

    assert (found.contact_id, found.is_staff, found.is_primary) == (str(bob), False, True)
    assert world.client.find_contacts("ob@example.com") == []
    listed = {row.primary_email for row in world.client.list_contacts()}
    assert listed >= {"Bob@Example.com", "jimbob@example.com"}


def test_a_secondary_address_counts_when_no_primary_one_fits(world):
    body = {"emails": {"PRI": {"email": "main@example.com"}, "SEC": {"email": "b@example.com"}}}
    address = sent(world, messages.create_address("a", PostalAddress(line_1="1 High St")))
    ids = {"DEF": address, "BIL": address, "DEL": address}
    person = ContactCreate(first_name="A", last_name="B", address_ids=ids, communication=body)
    number = sent(world, messages.create_contact("c", person))

    (found,) = world.client.find_contacts("B@example.com")

    assert found.contact_id == str(number)


def test_reference_data_is_read(world):
    client = world.client

    assert {status.status_id for status in client.list_order_statuses()} >= {"2", "17"}
    assert {code.code: code.rate for code in client.list_tax_codes()} == {
        "T20": 20,
        "T5": 5,
        "T0": 0,
        "T9": 0,
    }
    assert "Main warehouse" in {warehouse.name for warehouse in client.list_warehouses()}
    assert "BigCommerce UK" in {channel.name for channel in client.list_channels()}
    assert "COU24" in {method.code for method in client.list_shipping_methods()}
    assert {one.type for one in client.list_price_lists()} == {"SELL", "BUY"}
    assert "CARD" in {method.code for method in client.list_payment_methods() if method.is_active}
    assert {one.code for one in client.list_currencies() if one.is_default} == {"GBP"}


def test_webhooks_are_made_listed_and_removed(world):
    body = {
        "subscribeTo": "order.modified.order-status",
        "httpMethod": "POST",
        "uriTemplate": "https://x.test/${account-code}",
        "bodyTemplate": "${resource-type} ${resource-id} ${lifecycle-event}",
        "contentType": "text/plain",
        "idSetAccepted": True,
    }
    assert world.client.list_webhooks() == []

    number = world.client.create_webhook(body)

    (found,) = world.client.list_webhooks()
    assert (found.id, found.subscribe_to) == (number, "order.modified.order-status")
    world.client.delete_webhook(number)
    assert world.client.list_webhooks() == []
    with pytest.raises(NotFoundError):
        world.client.delete_webhook(number)
    with pytest.raises(RejectedError) as caught:
        world.client.create_webhook(body | {"uriTemplate": "https://x.test/"})
    assert caught.value.code == "INTC-057"


def test_ten_writes_are_one_request_and_each_has_its_own_outcome(world):
    person = contact(world)
    good = sales_order(world, person, "BC-1")
    bad = sales_order(world, 999, "BC-2")
    world.log.clear()

    outcome = world.client.send(
        [
            messages.create_sales_order("good", good),
            messages.create_sales_order("bad", bad),
            messages.set_status("lost", "999999", 3),
        ]
    )

    assert found_order(world, "BC-1") == str(outcome["good"])
    assert isinstance(outcome["bad"], RejectedError)
    assert isinstance(outcome["lost"], RejectedError)
    assert world.log.writes() == 1


def test_a_write_that_answers_nothing_is_done_all_the_same(world):
    order_id = placed(world)

    outcome = world.client.send(
        [messages.set_status("s", order_id, 3), messages.add_note("n", order_id, "Hello.")]
    )

    assert outcome["s"] is None
    assert one(world, order_id).status_id == "3"


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("as_", ["drop", "http_502"])
def test_an_order_whose_answer_was_lost_can_be_found(world, together, as_):
    person = contact(world)
    batch = [
        messages.create_sales_order(ref, sales_order(world, person, ref))
        for ref in ("BC-1", "BC-2")[: 1 + together]
    ]
    path = "multi-message" if together else "sales-order"
    world.faults.configure([{"kind": "lost_answer", "path": path, "times": 1, "as": as_}])

    with pytest.raises(OutcomeUnknownError):
        world.client.send(batch)

    assert found_order(world, "BC-1") is not None


def test_a_fault_inside_a_multi_message_is_that_messages_outcome(world):
    person = contact(world)
    batch = [
        messages.create_sales_order(ref, sales_order(world, person, ref))
        for ref in ("BC-1", "BC-2")
    ]
    world.faults.configure([{"kind": "error_after_commit", "path": "sales-order", "times": 1}])

    outcome = world.client.send(batch)

    assert isinstance(outcome["BC-1"], OutcomeUnknownError)
    assert found_order(world, "BC-2") == str(outcome["BC-2"])


def test_a_connection_that_drops_on_a_read_is_worth_another_try(world):
    world.faults.configure([{"kind": "drop_connection", "times": 1}])

    with pytest.raises(TransientError):
        world.client.list_tax_codes()

    assert len(world.client.list_tax_codes()) == 4


@pytest.mark.parametrize("kind", ["http_500", "http_502_html", "http_503", "http_504"])
def test_an_outage_is_worth_another_try(world, kind):
    world.faults.configure([{"kind": kind}])

    with pytest.raises(TransientError):
        world.client.get_reservation("1")


def test_an_error_after_the_work_is_done_is_an_unknown_outcome(world):
    person = contact(world)
    world.faults.configure([{"kind": "error_after_commit", "method": "POST", "times": 1}])

    with pytest.raises(OutcomeUnknownError):
        sent(world, messages.create_sales_order("o", sales_order(world, person)))

    assert found_order(world, "BC-1") is not None


def test_a_used_up_minute_is_a_throttled_answer_with_its_end(world):
    world.account.switches.requests_per_minute = 0

    with pytest.raises(TransientError) as caught:
        world.client.list_tax_codes()

    assert 0 < caught.value.retry_after_s <= 60
    assert world.client.usage().throttled == 1


def test_a_wrong_token_is_one_error_that_does_not_repeat_it(world):
    with pytest.raises(ConfigError) as caught:
        world.other_client(token="not-the-token").list_tax_codes()

    assert "not-the-token" not in str(caught.value)
    assert caught.value.remedy


def test_new_fields_in_their_documents_change_nothing(world):
    order_id = placed(world)
    world.faults.configure([{"kind": "extra_fields"}])

    assert one(world, order_id).external_ref == "BC-1"
    assert len(world.client.list_tax_codes()) == 4


def test_a_filter_that_brightpearl_cannot_read_is_refused_not_retried(world):
    with pytest.raises(RejectedError) as caught:
        list(world.client.list_order_refs(PLACED, PLACED, "not-a-number"))

    assert caught.value.code == "CMNC-018"


def test_an_api_url_that_leads_elsewhere_is_an_error_and_not_an_empty_account(world):
    elsewhere = world.other_client(api_url=world.url.replace("public-api", "_sandbox"))

    with pytest.raises((ContractError, RejectedError)):
        elsewhere.list_tax_codes()


def test_products_are_found_by_their_sku(world):
    (found,) = world.client.find_products("Pot")

    assert (found.product_id, found.sku) == (world.product_id("Pot"), "Pot")
    assert world.client.find_products("Pan that nobody has") == []
