"""Errors get a class with a reason, and nothing that will fail again is tried again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intelligence.error_texts import fingerprint, masked, readable
from intelligence.errors import (
    UNKNOWN,
    Example,
    Problem,
    Solved,
    described,
    nearest,
    recognise,
    route,
    triage,
)

CLOSED = '{"errors":[{"code":"ACTC-051","message":"The tax period for order 41 is closed"}]}'


def test_a_503_of_brightpearl_that_names_too_many_requests_is_throttling() -> None:
    body = '{"response":"You have sent too many requests. Please wait"}'

    (verdict,) = triage([Problem(body, "bp", "503")])

    assert (verdict.class_, verdict.retry) == ("rate_limit", True)


def test_a_503_of_brightpearl_that_names_maintenance_is_their_failure() -> None:
    (verdict,) = triage([Problem("Planned maintenance, back soon", "bp", "503")])

    assert (verdict.class_, verdict.retry) == ("server_error", True)


def test_a_500_of_brightpearl_with_a_code_is_not_tried_again() -> None:
    body = '{"errors":[{"code":"CMNC-018","message":"The filter could not be parsed"}]}'

    (verdict,) = triage([Problem(body, "bp", "500")])

    assert verdict.retry is False
    assert "CMNC-018" in verdict.reason


@settings(max_examples=15, deadline=None)
@given(text=st.text(max_size=80), status=st.sampled_from(["400", "403", "404", "409", "422"]))
def test_a_refused_request_is_never_tried_again(text: str, status: str) -> None:
    assert triage([Problem(text, "bc", status)])[0].retry is False


@pytest.mark.parametrize(
    ("text", "class_"),
    [
        ("sqlite3.OperationalError: attempt to write a readonly database", "infrastructure"),
        ("PrefectHTTPStatusError: Server error '503 Service Unavailable'", "infrastructure"),
        ("ClientResponseError: 429, message='Too Many Requests'", "rate_limit"),
        ("requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url", "server_error"),
        ("anyio.EndOfStream", "network"),
    ],
)
def test_what_a_library_says_of_an_answer_is_recognised_and_tried_again(
    text: str, class_: str
) -> None:
    (found,) = triage([Problem(text)])

    assert (found.class_, found.retry) == (class_, True)
    assert recognise(Problem(text)).class_ == class_


def test_the_name_of_a_field_in_a_list_is_kept_and_a_value_is_not() -> None:
    assert "shipping_addresses[N].zip" in masked("The field 'shipping_addresses[0].zip' is wrong")
    assert "Bath" not in masked("The field 'city' is 'Bath'")


def test_what_resembles_nothing_is_unknown() -> None:
    (verdict,) = triage([Problem("zzz qqq xxx", "py")])

    assert verdict.class_ == UNKNOWN


def test_a_confirmed_case_decides_about_its_equals() -> None:
    confirmed = [Example(Problem("Widget 12 is jammed", "bp", "400"), "stock")]

    (verdict,) = triage([Problem("Widget 99 is jammed", "bp", "400")], confirmed=confirmed)

    assert verdict.class_ == "stock"
    assert "person" in verdict.reason


def test_every_class_has_a_cause_and_a_route() -> None:
    for class_ in ("auth", "network", "stock", UNKNOWN):
        assert described(class_)["cause"]
        assert route(class_, confidence=0.0).act_within_h > 0


def test_value_and_age_shorten_the_time_to_act() -> None:
    assert route("invalid_value", confidence=0.9, value=5000).act_within_h < 24
    assert route("network", confidence=0.9).queue == "nobody"
    assert route("network", confidence=0.9, age_h=3).queue == "operator"


def test_equal_fingerprints_come_first_among_solved_cases() -> None:
    solved = [
        Solved(1, Problem("SKU is in use by another product", "bp", "400"), "duplicate", "renamed"),
        Solved(2, Problem(CLOSED, "bp", "400"), "invalid_state", "period reopened"),
    ]

    found = nearest(Problem(CLOSED.replace("41", "97"), "bp", "400"), solved)

    assert found[0].case.done == "period reopened"
    assert found[0].likeness == 1


def test_without_solved_cases_none_is_near() -> None:
    assert nearest(Problem("anything"), []) == []


@pytest.mark.parametrize(
    ("message", "hidden"),
    [
        ("contact jane@example.com exists", "jane"),
        ("order 4711 for 'Jane Doe' failed", "Doe"),
        ("order 4711 failed", "4711"),
        ("SKU AB-10-X is unknown", "AB-10"),
        ("see https://example.com/orders/4711", "example"),
    ],
)
def test_masked_texts_hold_nothing_of_a_record(message: str, hidden: str) -> None:
    assert hidden not in masked(message)


@given(number=st.integers(0, 10**9), other=st.integers(0, 10**9))
def test_numbers_do_not_change_a_fingerprint(number: int, other: int) -> None:
    one = fingerprint("bp", "400", f"Order {number} is locked")

    assert one == fingerprint("bp", "400", f"Order {other} is locked")


@given(text=st.text(max_size=400))
def test_any_text_can_be_read_and_masked(text: str) -> None:
    assert len(readable(text)) <= 600
    assert isinstance(masked("{" + text), str)
