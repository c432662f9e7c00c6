"""Contacts that staff merge or delete, and e-mails that move: what reads and searches then show."""

import asyncio
import json

import httpx
import pytest

from sandbox.brightpearl.app import create_app

SEARCH = "/contact-service/contact-search"


@pytest.fixture
def staff(account):
    """`POST /_sandbox/contacts`: status and answer."""
    app = create_app(account)

    def act(**body):
        async def go():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://bp.test") as http:
                return await http.post("/_sandbox/contacts", content=json.dumps(body))

        answer = asyncio.run(go())
        return answer.status_code, answer.json()

    return act


def emails(api, number):
    contact = api.call("GET", f"/contact-service/contact/{number}").value[0]
    return {kind: entry["email"] for kind, entry in contact["communication"]["emails"].items()}


def found(api, **search):
    return [row["contactId"] for row in api.call("GET", SEARCH, **search).rows]


def test_a_merged_contact_is_gone_and_its_email_is_the_others_second(api, staff, clock):
    gone, left = api.contact("ann@example.com"), api.contact("ann.lee@example.com")
    clock.advance(60)

    status, answer = staff(contact_id=gone, merge_into=left)

    second = {"PRI": "ann.lee@example.com", "SEC": "ann@example.com"}
    assert (status, answer) == (200, {"contact_id": left, "emails": second, "lost": []})
    assert emails(api, left) == second
    assert found(api, primaryEmail="ann@example.com") == []
    assert found(api, secondaryEmail="ann@example.com") == [left]
    assert found(api, allEmail="ann@example.com") == [left]
    assert found(api, updatedOn="2026-07-01T12:00:30Z/") == [left]


def test_a_contact_that_is_gone_is_read_by_nobody(api, staff):
    gone, left = api.contact("a@example.com"), api.contact("b@example.com")

    staff(contact_id=gone, delete=True)

    alone = api.call("GET", f"/contact-service/contact/{gone}")
    assert (alone.status, alone.codes) == (404, ["CMNC-404"])
    both = api.call("GET", f"/contact-service/contact/{gone},{left}").value
    assert [contact["contactId"] for contact in both] == [left]
    uris = api.call("OPTIONS", f"/contact-service/contact/{gone}-{left}").value
    assert uris == {"getUris": [f"/contact/{left}"]}
    patch = [{"op": "replace", "path": "/firstName", "value": "Jo"}]
    assert api.call("PATCH", f"/contact-service/contact/{gone}", patch).status == 404
    assert found(api) == [left]


def test_no_new_order_takes_a_contact_that_is_gone_and_old_ones_stay_readable(api, staff):
    order_id = api.order("BC-1")
    contact = api.sales_order(order_id)["customer"]["id"]

    staff(contact_id=contact, delete=True)

    body = api.order_body("BC-2", customer={"id": contact})
    assert api.call("POST", "/order-service/sales-order", body).codes == ["ORDC-902"]
    assert api.sales_order(order_id)["customer"]["id"] == contact
    read = api.call("GET", f"/order-service/order/{order_id}").value[0]
    assert read["parties"]["customer"]["contactId"] == contact


@pytest.mark.parametrize("gives_orders", [True, False])
def test_orders_of_a_merged_contact_go_with_it_by_a_switch(api, staff, *, gives_orders):
    order_id = api.order()
    old = api.sales_order(order_id)["customer"]["id"]
    new = api.contact("b@example.com")
    api.account.switches.merged_contact_gives_orders = gives_orders

    staff(contact_id=old, merge_into=new)

    assert api.sales_order(order_id)["customer"]["id"] == (new if gives_orders else old)


def test_addresses_of_a_merged_contact_belong_to_the_other(api, staff):
    old, new = api.contact("a@example.com"), api.contact("b@example.com")
    address = api.call("GET", f"/contact-service/contact/{old}").value[0]["postAddressIds"]["DEF"]

    staff(contact_id=old, merge_into=new)

    read = api.call("GET", f"/contact-service/postal-address/{address}").value[0]
    assert read["contactId"] == new


def test_an_email_moves_to_another_contact(api, staff):
    old, new = api.contact("a@example.com"), api.contact("b@example.com")

    status, answer = staff(contact_id=old, move_email="A@example.com", to=new)

    assert (status, answer["emails"]) == (200, {"PRI": "b@example.com", "SEC": "a@example.com"})
    assert emails(api, old) == {}
    assert found(api, primaryEmail="a@example.com") == []


def test_a_contact_has_three_emails_at_most(api, staff):
    contacts = [api.contact(f"{name}@example.com") for name in "abcd"]
    for number in contacts[1:3]:
        staff(contact_id=number, merge_into=contacts[0])

    moved = staff(contact_id=contacts[3], move_email="d@example.com", to=contacts[0])
    merged = staff(contact_id=contacts[3], merge_into=contacts[0])

    assert moved[0] == 400
    assert merged[1]["lost"] == ["d@example.com"]
    assert list(emails(api, contacts[0])) == ["PRI", "SEC", "TER"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"contact_id": 999, "delete": True}, 404),
        ({"contact_id": 201, "merge_into": 999}, 404),
        ({"contact_id": 201, "merge_into": 201}, 400),
        ({"contact_id": 201}, 400),
        ({"contact_id": 201, "delete": True, "merge_into": 202}, 400),
        ({"contact_id": 201, "move_email": "a@example.com"}, 400),
        ({"contact_id": 201, "move_email": "x@example.com", "to": 202}, 404),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(api, staff, body, status):
    api.contact("a@example.com")
    api.contact("b@example.com")

    assert staff(**body)[0] == status
    assert found(api) == [201, 202]


def test_staff_make_a_contact_and_change_it(api, staff, clock):
    _, made = staff(set={"first_name": "Ann", "emails": {"PRI": "ann@example.com"}, "tags": [17]})
    number = made["contact_id"]
    clock.advance(60)
    home = {"line1": "2 Hill", "line3": "Bath", "postal_code": "BA1"}
    staff(contact_id=number, set={"last_name": "Lee", "addresses": {"BIL": home}})

    (contact,) = api.call(
        "GET", f"/contact-service/contact/{number}", includeOptional="postalAddresses"
    ).value
    places = {row["addressId"]: row.get("addressLine3") for row in contact["postalAddresses"]}
    assert (contact["firstName"], contact["lastName"]) == ("Ann", "Lee")
    assert contact["contactTags"] == "17"
    assert places[contact["postAddressIds"]["BIL"]] == "Bath"
    assert found(api, updatedOn="2026-07-01T12:00:30Z/") == [number]


def test_people_of_a_company_are_no_primary_contacts_and_keep_its_billing_address(api):
    head, person = api.contact("head@example.com"), api.contact("buyer@example.com")
    path = f"/contact-service/contact/{person}"
    free = api.call("POST", "/contact-service/postal-address", {"addressLine1": "1 Hill"}).value

    nobody = api.call("PATCH", path, [{"op": "replace", "path": "/companyId", "value": 9999}])
    api.call("PATCH", path, [{"op": "replace", "path": "/companyId", "value": head}])
    billing = api.call("PUT", f"{path}/postal-address", [{"postalAddressId": free, "type": "BIL"}])
    delivery = api.call("PUT", f"{path}/postal-address", [{"postalAddressId": free, "type": "DEL"}])

    (contact,) = api.call("GET", path).value
    assert nobody.status == 400
    assert contact["isPrimaryContact"] is False
    assert contact["organisation"]["organisationId"] == head
    assert (billing.status, delivery.status) == (400, 200)
