"""Identifiers decide which products are the same; similarity only orders candidates."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intelligence.model_numbers import overlap, read_model_numbers, read_part_numbers
from intelligence.products import (
    Item,
    in_one_measure,
    match_identifiers,
    normalise_gtin,
    normalise_sku,
    rank,
)

CODES = st.text(alphabet="ab1-_ .XYZ9", max_size=12)


def test_a_gtin_needs_its_check_digit() -> None:
    assert normalise_gtin("4006381333931") == "04006381333931"
    assert normalise_gtin("4006381333932") is None
    assert normalise_gtin("036000 29145-2") == "00036000291452"


def test_a_upc_that_lost_its_zero_is_completed() -> None:
    assert normalise_gtin("36000291452") == "00036000291452"


def test_zeros_and_words_are_no_gtin() -> None:
    assert [normalise_gtin(text) for text in ("", "0000000000000", "none", "12345")] == [None] * 4


@given(digits=st.text(alphabet="0123456789", min_size=12, max_size=12))
def test_one_of_ten_last_digits_makes_a_gtin(digits: str) -> None:
    fitting = [digits + last for last in "0123456789" if normalise_gtin(digits + last)]

    assert len(fitting) == (1 if int(digits) else 0) or fitting == []
    assert all(normalise_gtin(one) == one.zfill(14) for one in fitting)


@given(code=CODES)
def test_normalising_a_sku_twice_is_normalising_it_once(code: str) -> None:
    assert normalise_sku(normalise_sku(code)) == normalise_sku(code)


def test_equal_skus_link_however_they_are_written() -> None:
    found = match_identifiers([Item("1", sku="ab-10 x")], [Item("9", sku="AB10X"), Item("8")])

    assert [(link.left, link.right) for link in found.links] == [("1", "9")]
    assert "SKU AB10X" in found.links[0].reason


def test_an_identifier_on_two_products_of_one_side_proves_nothing() -> None:
    doubled = [Item("8", sku="AB1"), Item("9", sku="ab-1")]

    assert match_identifiers([Item("1", sku="AB1")], doubled).links == []


def test_equal_skus_with_other_gtins_are_left_to_a_person() -> None:
    here = Item("1", sku="AB1", gtin="4006381333931")
    over = Item("9", sku="AB1", gtin="036000291452")

    found = match_identifiers([here], [over])

    assert found.links == []
    assert "GTINs differ" in found.disagreements[0].reason


def test_two_identifiers_that_name_two_products_are_left_to_a_person() -> None:
    here = Item("1", sku="AB1", gtin="4006381333931")

    found = match_identifiers([here], [Item("8", sku="AB1"), Item("9", gtin="4006381333931")])

    assert found.links == []
    assert len(found.disagreements) == 2


def test_a_part_number_of_another_brand_does_not_link() -> None:
    found = match_identifiers(
        [Item("1", mpn="AX-100", brand="Alder")], [Item("9", mpn="AX100", brand="Osier")]
    )

    assert found.links == []


def test_sizes_and_measures_are_no_model_numbers() -> None:
    text = "Osier OX-1200 drive 500gb 2.5in 1080p 7200rpm"

    assert read_model_numbers(text) == {"ox1200"}
    assert read_part_numbers(text) == {"ox1200"}


def test_model_numbers_overlap_by_their_beginning() -> None:
    assert overlap({"ox1200"}, {"ox1200"}) == 1
    assert 0.5 < overlap({"ox1200b"}, {"ox1200"}) < 1
    assert overlap({"ox1200"}, {"ox1300"}) == 0


def test_a_conflicting_model_number_sinks_a_candidate() -> None:
    here = [Item("1", "Kestrel travel lamp KX-200 black")]
    over = [Item("8", "Kestrel travel lamp KX-300 black"), Item("9", "Kestrel lamp kx200")]

    assert [one.key for one in rank(here, over)["1"]] == ["9", "8"]


def test_a_candidate_that_suits_another_product_better_sinks() -> None:
    here = [Item("1", "oak garden chair"), Item("2", "oak garden chair with arms")]
    over = [Item("8", "oak garden chair with arms"), Item("9", "garden chair oak wood")]

    assert [rank(here, over)[key][0].key for key in ("1", "2")] == ["9", "8"]


def test_prices_decide_between_equal_names() -> None:
    here = [Item("1", "cotton bag", price=Decimal(10))]
    over = [Item("8", "cotton bag", price=Decimal(90)), Item("9", "cotton bag", price=Decimal(11))]

    assert rank(here, over)["1"][0].key == "9"


def test_empty_catalogues_and_names_have_no_candidates() -> None:
    assert rank([], [Item("9", "a lamp")]) == {}
    assert list(rank([Item("1", "a lamp")], [])["1"]) == []
    assert [one.key for one in rank([Item("1")], [Item("9")])["1"]] == ["9"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("rice 0.5kg", "rice 500g"),
        ("oil 0,75 l", "oil 750ml"),
        ("hoodie extra large", "hoodie xl"),
        ("802.11g router", "802.11g router"),
        ("smallville", "smallville"),
    ],
)
def test_weights_volumes_and_sizes_are_compared_in_one_measure(written: str, meant: str) -> None:
    assert in_one_measure(written) == meant
    assert in_one_measure(meant) == meant


def test_the_same_weight_in_another_unit_comes_first() -> None:
    rice = [Item(str(grams), f"Rice Nord {grams}g") for grams in (250, 500, 1000, 2000)]

    (found,) = rank([Item("here", "Nord Rice 0.5 kg")], rice).values()

    assert found[0].key == "500"
