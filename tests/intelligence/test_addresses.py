"""Addresses: what is repaired, what is found, and what is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intelligence.addresses import Address, AddressRules, check_address, normalise_address
from intelligence.places import areas_of_postcode, gazetteer, is_place
from intelligence.postcodes import normalised


def codes(address: Address) -> set[str]:
    return {finding.code for finding in check_address(address).findings}


US = Address("1935 North Stapley Drive", "Mesa", "AZ", "85203-2749", "US")
GB = Address("148-150 High Street", "Poole", "", "BH15 1DN", "GB")


def changed(address: Address, **parts: str) -> Address:
    values = {name: getattr(address, name) for name in Address.__slots__}
    return Address(**(values | parts))


@pytest.mark.parametrize("address", [US, GB])
def test_a_good_address_is_left_alone(address):
    verdict = check_address(address)

    assert verdict.address == address
    assert verdict.changes == ()
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("mangled", "right"),
    [
        (changed(US, state="ARIZONA"), US),
        (changed(US, state=" az"), US),
        (changed(US, postcode="852032749"), US),
        (changed(US, postcode="852O3-2749"), US),
        (changed(US, city="  Mesa ", street="1935  North Stapley Drive,"), US),
        (changed(US, country="United States"), US),
        (changed(US, city="Mesa 85203-2749", postcode=""), US),
        (changed(GB, postcode="bh151dn"), GB),
        (changed(GB, postcode="BH15  1DN"), GB),
        (changed(GB, postcode="BHI5 1DN"), GB),
        (
            Address("38 Bangor Mall Blvd", "Bangor", "ME", "4401", "US"),
            Address("38 Bangor Mall Blvd", "Bangor", "ME", "04401", "US"),
        ),
        (
            Address("Willy-Brandt-Platz 7", "Leipzig", "", "4109", "DE"),
            Address("Willy-Brandt-Platz 7", "Leipzig", "", "04109", "DE"),
        ),
        (
            Address("1540 Fitzgerald Drive, Pinole, CA 94564", "", "", "", "US"),
            Address("1540 Fitzgerald Drive", "Pinole", "CA", "94564", "US"),
        ),
        (
            Address("1125 Veterans Pkwy Clarksville IN 47129", "", "", "", "US"),
            Address("1125 Veterans Pkwy", "Clarksville", "IN", "47129", "US"),
        ),
    ],
)
def test_what_was_mangled_on_the_way_is_repaired_and_listed(mangled, right):
    verdict = check_address(mangled)

    assert verdict.address == right
    assert verdict.original == mangled
    assert {change.part for change in verdict.changes} == {
        name for name in Address.__slots__ if getattr(mangled, name) != getattr(right, name)
    }


def test_a_lost_digit_is_repaired_only_where_the_state_fits():
    lost_first = Address("16-31 state route 208", "Fairlawn", "NJ", "74101234", "US")
    lost_last = Address("1 Main St", "Muskogee", "OK", "74401123", "US")
    neither = Address("1 Main St", "Reno", "NV", "74101234", "US")

    assert normalise_address(lost_first).postcode == "07410-1234"
    assert normalise_address(lost_last).postcode == "74401"
    assert normalise_address(neither).postcode == "74101234"
    assert check_address(neither).is_blocking


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (changed(US, street=""), "street_missing"),
        (changed(US, city=""), "city_missing"),
        (changed(US, postcode=""), "postcode_missing"),
        (changed(US, state=""), "state_missing"),
        (changed(US, postcode="852"), "postcode_format"),
        (changed(US, postcode="10001"), "postcode_of_other_state"),
        (changed(US, state="NY"), "state_of_other_postcode"),
        (changed(US, city="AZ", state="Mesa"), "city_state_swapped"),
        (changed(US, city="Mseaa", postcode="85203"), ""),
        (changed(US, city="Flagstaff"), "city_far_from_postcode"),
        (changed(US, country="GB"), "country_mismatch"),
        (changed(US, country="DE"), "country_mismatch"),
        (changed(US, country="XQ"), "country_unknown"),
        (changed(GB, city="Bournemuoth"), "city_spelling"),
        (changed(GB, postcode="BH15"), "postcode_format"),
    ],
)
def test_an_error_is_found(address, code):
    assert codes(address) == ({code} if code else set())


def test_a_suggestion_says_what_was_probably_meant():
    (finding,) = check_address(
        Address("40 King Street W", "Torotno", "ON", "M5H 3Y2", "CA")
    ).findings

    assert finding.suggestion == "Toronto"
    assert finding.level == "advise"


@pytest.mark.parametrize(
    "address",
    [
        Address("ONE HOSPITAL DR", "Columbia", "MO", "65212", "US"),
        Address("Station Road", "York", "", "YO24 1AY", "GB"),
        Address("Main Street", "Ballina", "Mayo", "none", "IE"),
        Address("Calle Mayor 1", "Sevilla", "Sevilla", "41001", "ES"),
        Address("1-1 Chiyoda", "Chiyoda-ku", "Tokyo", "100-0001", "JP"),
        Address("Zuidplein 1", "Amsterdam", "", "1077 XV", "NL"),
        Address("Rue de la Paix 1", "Paris", "", "75002", "FR"),
    ],
)
def test_what_is_usual_in_a_country_is_no_fault(address):
    assert not check_address(address).is_flagged


def test_a_box_or_a_military_post_office_holds_only_by_rule():
    box = Address("PO Box 123", "Mesa", "AZ", "85203", "US")
    military = Address("Unit 2050 Box 4190", "APO", "AP", "96278-2050", "US")
    strict = AddressRules({"po_box": "block", "military": "block"})

    assert codes(box) == {"po_box"}
    assert not check_address(box).is_flagged
    assert check_address(box, strict).is_blocking
    assert "military" in codes(military)
    assert check_address(military, strict).is_blocking


def test_rules_may_differ_by_country():
    missing = Address("1 Queen Street", "Auckland", "", "", "NZ")

    assert not check_address(missing).is_blocking
    assert check_address(missing, AddressRules({"postcode_missing:NZ": "block"})).is_blocking


TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "Mesa",
        "AZ",
        "85203",
        "4109",
        "Leipzig",
        "ON",
        "m5h3y2",
        "BS2O 7XG",
        "1 Main St, Mesa, AZ 8520O",
    ]
)
COUNTRIES = st.sampled_from(["US", "CA", "GB", "DE", "FR", "NL", "IE", "AU", "NZ", "JP", "uk", ""])


@given(st.builds(Address, TEXT, TEXT, TEXT, TEXT, COUNTRIES | TEXT))
def test_normalised_twice_is_normalised_once_and_nothing_crashes(address):
    verdict = check_address(address)

    assert normalise_address(verdict.address) == verdict.address
    assert check_address(verdict.address).changes == ()


def test_further_names_of_places_are_known():
    for name in ("Cologne", "Köln", "Koeln", "München", "Muenchen", "Munich", "Frankfurt"):
        assert is_place("DE", name)
    assert is_place("GB", "Hull")
    assert not is_place("GB", "Lodnon")
    assert len(gazetteer("GB")) > 5000
    assert gazetteer("XX") == {}


@pytest.mark.parametrize(
    ("country", "written", "postcode"),
    [
        ("DE", "D-10117", "10117"),
        ("AT", "A-1010", "1010"),
        ("CH", "CH 8001", "8001"),
        ("LT", "LT-01103", "01103"),
        ("LV", "1050", "LV-1050"),
        ("PL", "00017", "00-017"),
        ("PT", "1100 057", "1100-057"),
        ("IN", "400 001", "400001"),
        ("NL", "NL-1071XX", "1071 XX"),
        ("GB", "G 1 1XQ", "G1 1XQ"),
        ("AT", "D-10117", "D-10117"),
        ("PL", "123", "123"),
    ],
)
def test_postcodes_are_written_as_their_country_does(country, written, postcode):
    assert normalised(country, written) == postcode


def test_postcodes_lie_in_areas():
    assert areas_of_postcode("CA", "H3A 1J9") == {"QC"}
    assert areas_of_postcode("US", "90210") == {"CA"}
    assert areas_of_postcode("GB", "YO24 1AY") == frozenset()
