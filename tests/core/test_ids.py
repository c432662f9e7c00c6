from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import CausewayError, OutcomeUnknownError, RejectedError, TransientError
from core.ids import email_key, external_ref, sku_key


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(text: str) -> None:
    assert sku_key(sku_key(text)) == sku_key(text)
    assert email_key(email_key(text)) == email_key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("85123A", " 85123a "),
        ("CAFÉ-1", unicodedata.normalize("NFD", "café-1")),
        ("STRASSE", "straße"),
    ],
)
def test_skus_are_compared_whatever_their_case_and_composition(one: str, other: str) -> None:
    assert sku_key(one) == sku_key(other)


def test_the_same_person_has_one_key_however_the_address_is_typed() -> None:
    """Scenario C14."""
    assert email_key("A.B@x.com ") == email_key("a.b@X.com")


def test_an_order_keeps_its_reference() -> None:
    assert external_ref("250") == "BC-250"


def test_an_error_says_what_to_do() -> None:
    assert str(CausewayError("It broke.", remedy="Mend it.")) == "It broke. Mend it."
    assert str(CausewayError("It broke.")) == "It broke."


def test_a_lost_answer_is_passing_and_knows_how_long_to_wait() -> None:
    lost = OutcomeUnknownError("No answer.", retry_after_s=1.5)

    assert isinstance(lost, TransientError)
    assert lost.retry_after_s == 1.5


def test_a_rejection_carries_the_vendors_code() -> None:
    refusal = RejectedError("No.", status=400, code="ORDC-024")

    assert (refusal.status, refusal.code) == (400, "ORDC-024")
