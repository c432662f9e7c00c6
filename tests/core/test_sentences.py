"""Why a record waits and what to do about it, as people read it."""

from __future__ import annotations

import pytest

from core.errors import RejectedError
from core.refusals import in_words, sentence


@pytest.mark.parametrize(
    ("class_", "value", "reason", "remedy", "said"),
    [
        ("sku", "A-1", "there is none", "Make it.", "sku A-1: there is none. Make it."),
        ("document", "", "there is none.", "Enter it.", "document: there is none. Enter it."),
        ("money", "", "0.01 off", "", "money: 0.01 off."),
        ("", "", "", "Look it up.", "Look it up."),
    ],
)
def test_reason_and_remedy_are_two_sentences_and_nothing_empty_is_printed(
    class_: str, value: str, reason: str, remedy: str, said: str
) -> None:
    assert in_words(class_, value, reason, remedy) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [("it is off", "it is off."), ("Why?", "Why?"), ("  it is. ", "it is."), ("", "")],
)
def test_a_sentence_has_one_full_stop(text: str, said: str) -> None:
    assert sentence(text) == said


def test_an_error_ends_before_its_remedy_begins() -> None:
    error = RejectedError("the contact is gone", remedy="Merge the contacts.")

    assert str(error) == "the contact is gone. Merge the contacts."
    assert str(RejectedError("the contact is gone")) == "the contact is gone"
