"""Numbers of payment cards are recognised in what people type, and little else is."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cards import LONGER_THAN_PHONES, MASKED, has_card, masked

VISA, MASTERCARD, AMEX = "4111111111111111", "5555555555554444", "378282246310005"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (VISA, "•••• 1111"),
        ("my card 4111 1111 1111 1111, thanks", "my card •••• 1111, thanks"),
        ("4111-1111-1111-1111 12/27", "•••• 1111 12/27"),
        ("4111.1111.1111.1111", "•••• 1111"),
        ("4111\u00a01111 \u2013 1111  1111", "•••• 1111"),
        ("3782 822463 10005", "•••• 0005"),
        ("order 55 5555 5555 5555 4444 12", "order 55 •••• 4444 12"),
        ("41 11 11 11 11 11 11 11", "•••• 1111"),
        (f"{VISA}\n{MASTERCARD}; {AMEX}", "•••• 1111\n•••• 4444; •••• 0005"),
        ("card:4111111111111111.", "card:•••• 1111."),
    ],
)
def test_a_cards_number_is_masked_however_it_is_typed(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert has_card(text)
    assert not has_card(shown)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111111111111112",  # its check digit is wrong
        "9111111111111111",  # begins like no card
        f"x{VISA}",
        f"{VISA}0000",
        "+49 1512 3456 78901",
        "00000000000000000",
        "5012345678900",  # an EAN-13
        "1, 2, 3 and 4 pieces of 4006381333931",
        "•••• 1111",
        "2026-11-30 12:00:00 to 2026-12-01 12:00:00",
    ],
)
def test_what_is_no_cards_number_stays(text: str) -> None:
    assert masked(text) == text


def test_as_many_digits_as_a_telephone_number_may_have_are_none_where_one_is_expected() -> None:
    assert masked(AMEX, shortest=LONGER_THAN_PHONES) == AMEX
    assert masked(VISA, shortest=LONGER_THAN_PHONES) == "•••• 1111"


def with_check_digit(digits: str) -> str:
    doubled = [int(one) * 2 for one in digits[::-2]]
    rest = sum(one // 10 + one % 10 for one in doubled) + sum(int(one) for one in digits[-2::-2])
    return f"{digits}{-rest % 10}"


@given(
    number=st.from_regex(r"4[0-9]{14}", fullmatch=True).map(with_check_digit),
    places=st.lists(st.integers(1, 15), max_size=5, unique=True),
    separator=st.sampled_from([" ", "-", "  ", " - ", "\u00a0"]),
    around=st.text(alphabet="abc ,;:()\n", max_size=10),
)
def test_wherever_blanks_and_dashes_stand_only_the_last_four_digits_stay(
    number: str, places: list[int], separator: str, around: str
) -> None:
    cuts = [0, *sorted(places), 16]
    typed = separator.join(number[a:b] for a, b in pairwise(cuts))

    shown = masked(f"{around} {typed} {around}")

    assert shown == f"{around} •••• {number[-4:]} {around}"
    assert MASKED.search(shown)


@given(st.text(alphabet="0123456789 -+.x", max_size=300))
def test_nothing_is_left_of_what_was_masked(text: str) -> None:
    assert masked(masked(text)) == masked(text)


def test_a_long_run_of_numbers_is_read_in_one_pass() -> None:
    assert masked(f"{VISA} " * 5000).count("•••• 1111") == 5000
