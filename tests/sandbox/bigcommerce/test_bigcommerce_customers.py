"""Accounts and address books over the API: what is taken, refused, left out, and announced."""

import pytest

from sandbox.bigcommerce.customers import CustomerEdit, EmailTaken, edit_customer

CUSTOMERS, ADDRESSES = "/v3/customers", "/v3/customers/addresses"
ANN = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
HOME = {"first_name": "Ann", "last_name": "Lee", "address1": "1 High St", "city": "Bath",
        "state_or_province": "Somerset", "postal_code": "BA1", "country_code": "GB"}  # fmt: skip


def created(shop, *people):
    return shop.call("POST", CUSTOMERS, list(people))


def test_a_customer_is_created_with_addresses_and_without_a_mail(shop):
    answer = created(shop, ANN | {"addresses": [HOME], "customer_group_id": 2})

    (customer,) = answer.body["data"]
    assert answer.status == 200
    assert customer["customer_group_id"] == 2
    assert [row["city"] for row in customer["addresses"]] == ["Bath"]
    assert shop.store.customers[customer["id"]].welcomed == 0
    assert shop.scopes()[-2:] == ["store/customer/created", "store/customer/address/created"]


def test_a_mail_goes_out_where_it_is_asked_for(shop):
    answer = created(shop, ANN | {"trigger_account_created_notification": True})

    assert shop.store.customers[answer.body["data"][0]["id"]].welcomed == 1


@pytest.mark.parametrize("email", ["BOB@example.com", "new@example.com"])
def test_an_e_mail_that_is_taken_spoils_the_whole_batch_and_is_not_named(shop, email):
    before = len(shop.store.customers)

    answer = created(shop, ANN, ANN | {"email": "new@example.com"}, ANN | {"email": email})

    assert answer.status == 422
    assert answer.body["errors"] == {".customer_create": "Error creating customers"}
    assert len(shop.store.customers) == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": None}, "0.email"),
        ({"email": "nobody"}, "0.email"),
        ({"first_name": ""}, "0.first_name"),
        ({"last_name": "x" * 101}, "0.last_name"),
        ({"phone": 5}, "0.phone"),
        ({"customer_group_id": 77}, "0.customer_group_id"),
        ({"addresses": [HOME | {"country_code": "XX"}]}, "0.addresses.0.country_code"),
        (
            {"addresses": [HOME | {"country_code": "US", "state_or_province": "TX"}]},
            "0.addresses.0.state_or_province",
        ),
        ({"addresses": [HOME] * 11}, "0.addresses"),
    ],
)
def test_a_field_that_is_wrong_is_named(shop, change, field):
    answer = created(shop, ANN | change)

    assert answer.status == 422
    assert field in answer.body["errors"]


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_more_than_ten_are_too_many(shop, method):
    answer = shop.call(method, CUSTOMERS, [ANN] * 11)

    assert answer.status == 413


def test_fields_that_are_left_out_of_an_update_stay(shop):
    answer = shop.call("PUT", CUSTOMERS, [{"id": 1, "phone": "0117", "customer_group_id": 1}])

    assert answer.status == 200
    bob = shop.store.customers[1]
    assert (bob.email, bob.phone, bob.group_id) == ("bob@example.com", "0117", 1)
    assert shop.events[-1] == ("store/customer/updated", {"type": "customer", "id": 1})


def test_an_update_to_a_taken_e_mail_or_of_nobody_changes_nobody(shop):
    created(shop, ANN)

    taken = shop.call(
        "PUT", CUSTOMERS, [{"id": 1, "phone": "1"}, {"id": 2, "email": "BOB@example.com"}]
    )
    nobody = shop.call("PUT", CUSTOMERS, [{"id": 1, "phone": "1"}, {"id": 99}])

    assert (taken.status, nobody.status) == (422, 422)
    assert shop.store.customers[1].phone != "1"


def test_an_address_like_one_that_exists_is_left_out_of_the_answer(shop):
    place = HOME | {"customer_id": 1}
    first = shop.call("POST", ADDRESSES, [place, place])
    again = shop.call("POST", ADDRESSES, [place])

    assert (first.status, again.status) == (200, 200)
    assert [row["city"] for row in first.body["data"]] == ["Bath"]
    assert again.body["data"] == []


def test_an_address_that_becomes_like_another_one_is_not_changed(shop):
    (second,) = shop.call("POST", ADDRESSES, [HOME | {"customer_id": 1}]).body["data"]
    (third,) = shop.call("POST", ADDRESSES, [HOME | {"customer_id": 1, "city": "Leeds"}]).body[
        "data"
    ]

    same = shop.call("PUT", ADDRESSES, [{"id": third["id"], "city": "Bath"}])
    other = shop.call("PUT", ADDRESSES, [{"id": third["id"], "city": "York"}])

    assert same.body["data"] == []
    assert [row["city"] for row in other.body["data"]] == ["York"]
    assert shop.store.customers[1].addresses[second["id"]].address.city == "Bath"
    event = {"type": "customer", "id": third["id"], "address": {"customer_id": 1}}
    assert shop.events[-1] == ("store/customer/address/updated", event)


def test_a_change_of_an_address_is_no_update_of_the_customer(shop):
    before = shop.store.customers[1].modified_at
    shop.store.clock.advance(60)

    shop.call("POST", ADDRESSES, [HOME | {"customer_id": 1}])

    assert "store/customer/updated" not in shop.scopes()
    assert shop.store.customers[1].modified_at == before


def test_what_is_deleted_is_gone_and_no_filter_deletes_nothing(shop):
    created(shop, ANN | {"addresses": [HOME]})

    assert shop.call("DELETE", CUSTOMERS).status == 204
    assert set(shop.store.customers) == {1, 2}
    address_id = next(iter(shop.store.customers[2].addresses))
    shop.call("DELETE", ADDRESSES, **{"id:in": address_id})
    assert not shop.store.customers[2].addresses
    shop.call("DELETE", CUSTOMERS, **{"id:in": 2})
    assert set(shop.store.customers) == {1}
    assert shop.scopes()[-2:] == ["store/customer/address/deleted", "store/customer/deleted"]


def test_groups_are_listed(shop):
    assert [row["name"] for row in shop.get("/v2/customer_groups")] == ["VIP", "Trade"]


def test_shoppers_and_staff_change_accounts(shop):
    made = edit_customer(
        shop.store,
        CustomerEdit.model_validate(
            {"email": "eve@example.com", "first_name": "Eve", "addresses": [{"city": "Bath"}]}
        ),
    )
    home = made["address_ids"][0]
    edit_customer(
        shop.store,
        CustomerEdit.model_validate(
            {"id": made["id"], "phone": "1", "addresses": [{"id": home, "city": "York"}]}
        ),
    )

    eve = shop.store.customers[made["id"]]
    assert (eve.phone, eve.address.city, eve.address.first_name) == ("1", "York", "Eve")
    with pytest.raises(EmailTaken):
        edit_customer(shop.store, CustomerEdit(id=made["id"], email="bob@example.com"))
    edit_customer(shop.store, CustomerEdit(id=made["id"], delete=True))
    assert set(shop.store.customers) == {1}
