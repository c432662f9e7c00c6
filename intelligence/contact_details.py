"""E-mail addresses and phone numbers checked for form, with *did you mean* for common slips.

Nothing is asked of the network: a well-formed address may still reach nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import phonenumbers
from disposable_email_domains import blocklist
from email_validator import EmailNotValidError, validate_email
from rapidfuzz.distance import OSA

from intelligence.addresses import Finding
from intelligence.places import rules_of
from intelligence.table_files import read_table

SHORTEST_NAME = 5
"""A shorter domain is one slip away from too many others."""


@dataclass(frozen=True, slots=True)
class ContactVerdict:
    """What was found out about one e-mail address or phone number."""

    original: str
    normalised: str
    """E-mail with its domain in lower case, phone in E.164; the original where it is malformed."""
    findings: tuple[Finding, ...]


def check_email(email: str) -> ContactVerdict:
    """The verdict on an e-mail address; an empty one is no fault."""
    text = email.strip()
    if not text:
        return ContactVerdict(email, "", ())
    try:
        valid = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        suggestion = _well_formed(text)
        message = "The e-mail address is malformed."
        return ContactVerdict(
            email, text, (Finding("email_format", "advise", "email", message, suggestion),)
        )
    return ContactVerdict(email, valid.normalized, tuple(_of_domain(valid.normalized)))


def _of_domain(email: str) -> Iterator[Finding]:
    local, _, domain = email.rpartition("@")
    if guess := _similar_domain(domain.casefold()):
        message = f"{domain} is probably a misspelt {guess}."
        yield Finding("email_domain", "advise", "email", message, f"{local}@{guess}")
    elif is_disposable(email):
        message = "The e-mail address is of a service for throw-away addresses."
        yield Finding("email_disposable", "note", "email", message)


def _well_formed(text: str) -> str:
    """What a malformed address was meant to be, where blanks or commas alone are wrong."""
    guess = "".join(text.split()).replace(",", ".").strip(".").replace("..", ".")
    try:
        return str(validate_email(guess, check_deliverability=False).normalized)
    except EmailNotValidError:
        return ""


def is_disposable(email: str) -> bool:
    """Whether the domain is of a service that gives addresses away for minutes."""
    domain = email.rpartition("@")[2].casefold()
    parts = domain.split(".")
    return any(".".join(parts[start:]) in blocklist for start in range(len(parts) - 1))


def is_common_domain(email: str) -> bool:
    """Whether the domain is of a large provider of mailboxes."""
    return email.rpartition("@")[2].casefold() in _common_domains()


@cache
def _common_domains() -> dict[str, bool]:
    """Domain → whether a slip may have meant it; others are listed only as no slips themselves."""
    return {row["domain"]: row["suggest"] == "yes" for row in read_table("email_domains")}


@cache
def _similar_domain(domain: str) -> str:
    known = _common_domains()
    if domain in known or len(domain) < SHORTEST_NAME:
        return ""
    near = [name for name, suggest in known.items() if suggest and OSA.distance(domain, name) == 1]
    return near[0] if near else ""


def check_phone(phone: str, country: str) -> ContactVerdict:
    """The verdict on a phone number, read as one of the country where it has no prefix."""
    text = phone.strip()
    if not text:
        return ContactVerdict(phone, "", ())
    region = country if rules_of(country) else None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        message = "The phone number cannot be read."
        return ContactVerdict(phone, text, (Finding("phone_format", "advise", "phone", message),))
    if not phonenumbers.is_possible_number(number):
        message = f"The phone number has too few or too many digits for {country}."
        return ContactVerdict(phone, text, (Finding("phone_format", "advise", "phone", message),))
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    findings: tuple[Finding, ...] = ()
    if not phonenumbers.is_valid_number(number):
        message = "No such phone number is given out."
        findings = (Finding("phone_unassigned", "note", "phone", message),)
    return ContactVerdict(phone, written, findings)
