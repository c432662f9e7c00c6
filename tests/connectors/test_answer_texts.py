"""What of an answer may appear in our messages."""

from hypothesis import given
from hypothesis import strategies as st

from connectors.http import LONGEST, clean, number


def test_addresses_tokens_markup_and_line_breaks_do_not_get_into_messages():
    said = "Contact <b>ann.lee+x@example.com</b>\nhas no\ttoken 5f2a9c0e7d1b4f6a8c3e5d7b9a1c3e5f"

    assert clean(said) == "Contact (an e-mail) has no token (hidden)"


@given(st.text())
def test_a_message_is_one_short_line_without_an_at_sign_between_words(said):
    cleaned = clean(f"{said} bob@example.com {said}")

    assert len(cleaned) <= LONGEST
    assert "bob@" not in cleaned
    assert not set(cleaned) & {"\n", "\r", "\t", "\x00"}


def test_a_number_of_a_header_is_never_nonsense():
    texts = ["30000", " 12 ", "1.5", None, "", "soon", "nan", "inf", "-3"]

    assert [number(one) for one in texts] == [30000, 12, 1.5, None, None, None, None, None, None]
