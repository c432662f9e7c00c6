"""Their words, fit for our messages, which reach logs, Prefect's states and notifications."""

from __future__ import annotations

import re

LONGEST = 300
_SECRETS = re.compile(r"[A-Za-z0-9+/=_~-]{24,}")
"""A run this long is no word: tokens, signatures, encoded documents."""
_EMAILS = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:]+")
_MARKUP = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f]+")


def clean(text: object) -> str:
    """One line of at most 300 characters without markup, e-mail addresses or anything secret."""
    line = _EMAILS.sub("(an e-mail)", _MARKUP.sub(" ", str(text)))
    return _SPACE.sub(" ", _SECRETS.sub("(hidden)", line)).strip()[:LONGEST]
