"""C25: odd addresses of customers: each arrives as it is written, or waits with its reason.

What an address is like (a PO box, a military post office, a missing county) is not this sync's to
judge: nothing is held, changed or dropped for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from people import ANN, HOME, People
from worlds import opened


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    with opened(tmp_path) as world:
        yield People(world)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        pytest.param(
            {"street_1": "PO Box 12", "state": ""},
            ("PO Box 12", "", "Bath", "", "BA1 5AN", "GBR"),
            id="post office box, no county",
        ),
        pytest.param(
            {
                "street_1": "Apartment 4",
                "city": "Dublin",
                "state": "",
                "zip": "D02 AF30",
                "country": "Ireland",
                "country_iso2": "IE",
            },
            ("Apartment 4", "", "Dublin", "", "D02 AF30", "IRL"),
            id="Eircode",
        ),
        pytest.param(
            {
                "street_1": "PSC 1234, Box 5",
                "city": "APO",
                "state": "Armed Forces Europe",
                "zip": "09012",
                "country": "United States",
                "country_iso2": "US",
            },
            ("PSC 1234, Box 5", "", "APO", "Armed Forces Europe", "09012", "USA"),
            id="military post office",
        ),
        pytest.param(
            {"street_1": "  7\nHigh   St ", "street_2": "c/o 🎉 שרה"},
            ("7 High St", "c/o 🎉 שרה", "Bath", "Somerset", "BA1 5AN", "GBR"),
            id="line breaks, emoji, right to left",
        ),
        pytest.param(
            {"country": "Nowhere", "country_iso2": "ZZ"}, None, id="a country that does not exist"
        ),
        pytest.param(
            {
                "city": "Pristina",
                "state": "",
                "zip": "10000",
                "country": "Kosovo",
                "country_iso2": "XK",
            },
            ("1 High St", "", "Pristina", "", "10000", "XKX"),
            id="a country that ISO 3166-1 lacks",
        ),
    ],
)
def test_an_odd_address_arrives_as_it_is_written_or_waits(
    people: People, address: dict[str, Any], expected: tuple[str, ...] | None
) -> None:
    odd = people.register(**ANN, addresses=[HOME | address])
    plain = people.register(**ANN | {"email": "plain@example.com"}, addresses=[HOME])

    people.sync(odd, plain)

    assert people.contact(plain).first_name == "Ann"
    if expected is None:
        assert people.state(odd) == "dead"
    else:
        assert people.address(people.contact(odd), "BIL") == expected
        assert people.quiet(odd)
    assert people.quiet(plain)


def test_a_customer_without_any_address_has_a_contact_with_a_blank_one(people: People) -> None:
    key = people.register(**ANN)

    people.sync(key)

    assert people.address(people.contact(key), "BIL")[0] == "-"
    people.edit(key, addresses=[HOME])
    people.sync(key)
    assert people.address(people.contact(key), "DEL")[2] == "Bath"
    assert people.quiet(key)
