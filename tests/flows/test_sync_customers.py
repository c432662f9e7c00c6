"""The way of a customer, through every real part, and always twice."""

from __future__ import annotations

from people import ANN, HOME, People
from world import World


def test_a_new_customer_becomes_a_contact_with_addresses_group_prices_and_terms(
    world: World,
) -> None:
    people = People(world)
    key = people.register(**ANN, phone="0117", group_id=2, addresses=[HOME])

    report = people.sync(key)

    contact = people.contact(key)
    assert (contact.first_name, contact.last_name) == ("Ann", "Lee")
    assert contact.emails == {"PRI": "ann@example.com"}
    assert contact.telephones == {"PRI": "0117"}
    assert contact.tags == [17]
    assert (contact.price_list_id, contact.credit_term_days) == (3, 30)
    assert contact.newsletter is False
    assert people.address(contact, "BIL")[:3] == ("1 High St", "", "Bath")
    assert report["counts"]["created"] == 1
    assert people.quiet(key)
