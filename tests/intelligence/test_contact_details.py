"""E-mail addresses and phone numbers: form, and what was probably meant."""

import pytest

from intelligence.contact_details import check_email, check_phone, is_disposable


def codes(verdict) -> list[str]:
    return [finding.code for finding in verdict.findings]


@pytest.mark.parametrize(
    "email", ["a@gmail.com", "b@mail.com", "c@ymail.com", "d@some-firm.co.uk", "", "e@gmx.de"]
)
def test_a_good_e_mail_address_is_no_fault(email):
    assert check_email(email).findings == ()


@pytest.mark.parametrize(
    ("email", "meant"),
    [
        ("ann@gmial.com", "ann@gmail.com"),
        ("ann@gmail.con", "ann@gmail.com"),
        ("ann@hotmial.co.uk", "ann@hotmail.co.uk"),
        ("ann@yaho.com", "ann@yahoo.com"),
    ],
)
def test_a_misspelt_domain_is_suggested(email, meant):
    verdict = check_email(email)

    assert codes(verdict) == ["email_domain"]
    assert verdict.findings[0].suggestion == meant
    assert verdict.normalised == email


@pytest.mark.parametrize(
    ("email", "meant"), [("ann@gmail,com", "ann@gmail.com"), ("ann", ""), ("a@b@c", "")]
)
def test_a_malformed_address_is_found(email, meant):
    verdict = check_email(email)

    assert codes(verdict) == ["email_format"]
    assert verdict.findings[0].suggestion == meant


def test_throw_away_addresses_are_known_below_their_domain_too():
    assert is_disposable("a@mailinator.com")
    assert is_disposable("a@x.mailinator.com")
    assert not is_disposable("a@gmail.com")


@pytest.mark.parametrize(
    ("phone", "country", "normalised", "found"),
    [
        ("(480) 555-0123", "US", "+14805550123", None),
        ("020 7946 0018", "GB", "+442079460018", None),
        ("+49 30 901820", "US", "+4930901820", None),
        ("12", "US", "12", "phone_format"),
        ("call me", "US", "call me", "phone_format"),
        ("", "US", "", None),
    ],
)
def test_a_phone_number_is_written_internationally(phone, country, normalised, found):
    verdict = check_phone(phone, country)

    assert verdict.normalised == normalised
    assert [code for code in codes(verdict) if code != "phone_unassigned"] == [found][: bool(found)]
