"""Customers: who is certainly one person, who may be, and who only lives together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.customers import evaluate, multiplied
from intelligence.customers import Customer, NameCounts, compare, prepare
from intelligence.duplicates import find_duplicates

ANN = Customer(
    "1", "Annette", "Miller", "annette.m77@gmail.com", "+1 (480) 555-0123",
    "12 High Street, Apt 4", "Springfield", "62701",
)  # fmt: skip


def changed(customer: Customer, **parts: str) -> Customer:
    values = {name: getattr(customer, name) for name in Customer.__slots__}
    return Customer(**(values | {"id": "2"} | parts))


def zone(one: Customer, other: Customer) -> str:
    pair = [prepare(one), prepare(other)]
    return compare(*pair, NameCounts.of(pair)).zone


@pytest.mark.parametrize(
    "other",
    [
        changed(ANN),
        changed(ANN, email="ANNETTE.M77+shop@googlemail.com", phone=""),
        changed(ANN, first_name="Annete", phone="480 555 0123", city="springfield"),
        changed(ANN, first_name="Miller", last_name="Annette"),
        changed(ANN, email="annette.m77@yahoo.com", street="12 High St Apt 4"),
        changed(ANN, phone="", street="900 Elsewhere Road", city="Reno", postcode="89501"),
    ],
)
def test_two_kinds_of_evidence_and_compatible_names_are_certain(other):
    assert zone(ANN, other) == zone(other, ANN) == "certain"


@pytest.mark.parametrize(
    "other",
    [
        changed(ANN, email="x9@web.de", phone="2125550188"),
        changed(ANN, email="other55@web.de"),
        changed(ANN, last_name="Schmidt", phone="", email=""),
        changed(ANN, first_name="A", email="", phone=""),
        changed(ANN, first_name="A.", email="x9@web.de", phone="2125550188"),
        changed(ANN, first_name="Bertram", street="1 Other Road", city="Reno", postcode="89501"),
    ],
)
def test_what_is_likely_or_shared_is_for_a_person(other):
    assert zone(ANN, other) == zone(other, ANN) == "review"


@pytest.mark.parametrize(
    "other",
    [
        changed(ANN, first_name="Bertram", email="b9@web.de"),
        changed(ANN, first_name="Bertram", email="", phone=""),
        changed(
            ANN, email="x9@web.de", phone="2125550188", street="1 A St", city="B", postcode="9"
        ),
    ],
)
def test_a_family_and_a_namesake_are_left_alone(other):
    assert zone(ANN, other) == zone(other, ANN) == "ignore"


@pytest.mark.parametrize(("one", "other"), [("Julie", "Julia"), ("Michael", "Michelle")])
def test_alike_names_of_one_family_are_never_merged(one, other):
    first = changed(ANN, id="1", first_name=one, email="family99@web.de")
    second = changed(ANN, id="2", first_name=other, email="family99@web.de")

    found = find_duplicates([first, second])

    assert found.groups == ()
    assert [match.zone for match in found.matches] == ["review"]


def test_an_abbreviated_first_name_is_an_initial_also_where_it_is_a_point_of_the_compass():
    scott = changed(ANN, id="1", first_name="Scott", email="scott1980@web.de")

    assert zone(scott, changed(scott, first_name="S.", email="s.miller@gmx.de")) == "review"


def test_another_first_name_at_one_address_is_for_a_person_where_nothing_else_is_known():
    contact = changed(ANN, id="1", email="", phone="")

    assert zone(contact, changed(contact, first_name="Bertram")) == "review"
    assert zone(contact, changed(contact, first_name="Bertram", last_name="Schmidt")) == "ignore"


@pytest.mark.parametrize(
    "slips",
    [
        {"street": "12 Hig hStreet Apt4", "postcode": "62710", "last_name": "Miler"},
        {"street": "19 High Street", "last_name": "Miler"},
        {"street": "High Street Apt", "postcode": "26701", "first_name": "Anette"},
        {"last_name": "Schmidt"},
    ],
)
def test_records_without_mailbox_and_phone_are_found_by_names_and_streets_with_slips(slips):
    contact = changed(ANN, id="1", email="", phone="")

    found = find_duplicates([contact, changed(contact, **slips)])

    assert [match.zone for match in found.matches] == ["review"]


def test_father_and_son_with_mailboxes_of_their_own_are_for_a_person():
    assert zone(ANN, changed(ANN, email="young.annette@web.de")) == "review"


def test_a_chain_that_would_join_two_people_stops_there():
    robin = changed(ANN, id="1", first_name="Robin")
    nobody = changed(ANN, id="2", first_name="Robin", last_name="")
    robert = changed(ANN, id="3", first_name="Robert")

    found = find_duplicates([robin, nobody, robert])

    assert all({"1", "3"} - set(group) for group in found.groups)


def test_reasons_are_words_and_scores_are_ordered():
    far = changed(ANN, id="3", first_name="Anete", email="", phone="")

    found = find_duplicates([ANN, changed(ANN), far])

    assert "the same e-mail address" in found.matches[0].reasons
    assert [match.score for match in found.matches] == sorted(
        (match.score for match in found.matches), reverse=True
    )
    assert found.groups == (("1", "2"),)


def test_firm_mailboxes_say_nothing():
    one = Customer("1", "Ann", "Miller", "info@acme.com", "", "1 A St", "Reno", "89501")
    other = Customer("2", "Bob", "Jones", "info@other.com", "", "2 B St", "Troy", "48007")

    assert find_duplicates([one, other]).matches == ()


FIELD = st.text(max_size=20) | st.sampled_from(
    ["Ann", "a@b.de", "480 555 0123", "1 High St", "Reno"]
)
CUSTOMER = st.builds(Customer, st.uuids().map(str), *[FIELD] * 7)


@given(CUSTOMER, CUSTOMER)
def test_the_order_of_two_customers_does_not_matter(one, other):
    pair = [prepare(one), prepare(other)]
    counts = NameCounts.of(pair)

    assert compare(*pair, counts).zone == compare(*reversed(pair), counts).zone


@given(st.lists(CUSTOMER, max_size=6, unique_by=lambda customer: customer.id))
def test_nobody_is_in_two_groups(customers):
    members = [member for group in find_duplicates(customers).groups for member in group]

    assert len(members) == len(set(members))


def test_figures_are_of_pairs_and_groups(tmp_path):
    folder = tmp_path / "customers"
    folder.mkdir()
    header = "unique_id,cluster,first_name,last_name,email,phone,street,city,zip"
    rows = [
        "1,a,Ann,Miller,ann99@web.de,4805550123,1 High St,Reno,89501",
        "2,a,Ann,Miller,ann99@web.de,,1 High St,Reno,89501",
        "3,a,Kim,Other,,,,,",
        "4,b,Ann,Miller,ann99@web.de,,1 High St,Reno,89501",
    ]
    (folder / "few.csv").write_text("\n".join([header, *rows]), encoding="utf-8")

    figures = {figure.name: figure.value for figure in evaluate(tmp_path, many=40)}

    assert figures["recall"] == pytest.approx(1 / 3)
    assert figures["certain_precision"] == pytest.approx(1 / 3)
    assert figures["people_merged_wrongly"] == 1
    assert figures["cpu_seconds_of_many"] < 5


def test_multiplied_customers_are_as_many_as_asked_for_and_distinct():
    made = multiplied([ANN], 5)

    assert (
        len({customer.id for customer in made}) == len({customer.email for customer in made}) == 5
    )
