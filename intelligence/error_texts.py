"""What an error says without what is particular to one record: the text that is compared.

Nothing of a record survives masking, so that a fingerprint may be stored and shown.
"""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress

LONGEST_TEXT = 600

_TAG = re.compile(r"<[^>]*>")
_URL = re.compile(r"\bhttps?://\S+|(?<=\s)/[\w/.-]{3,}", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_CODE = re.compile(r"\b[A-Z]{2,5}-\d{2,4}\b")
_QUOTED = re.compile(r"(?<![A-Za-z0-9])(['\"`])[^'\"`\n]{1,80}\1(?![A-Za-z0-9])")
_FIELD = re.compile(r"[a-z]+(?:\[\d*\])?(?:[_.][a-z][a-z0-9]*(?:\[\d*\])?)+")
_REASON = re.compile(r"[45]\d\d [A-Z][a-z]")
_HEX = re.compile(r"\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f-]{8,}\b", re.IGNORECASE)
_MIXED = re.compile(r"\b(?=\w*\d)(?=[\w-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)+\b")
_NUMBER = re.compile(r"(?<![A-Za-z])\d+(?:[.,]\d+)*")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SPACE = re.compile(r"\s+")
_NAMES_OF_NOTHING = frozenset({"type", "status", "instance", "code"})


def vendor_code(message: str) -> str:
    """The first code of a vendor in the message, such as `ORDC-024`; empty if there is none."""
    found = _CODE.search(message)
    return found.group() if found else ""


def readable(message: str) -> str:
    """The sentences of an error: of a JSON body its texts, of a page its text without markup."""
    text = message.strip()[: LONGEST_TEXT * 4]
    if text.startswith(("{", "[")):
        with suppress(ValueError, RecursionError):  # cut, or no JSON: it is compared as it is
            text = ". ".join(_texts(json.loads(text)))
    return _SPACE.sub(" ", _TAG.sub(" ", text)).strip()[:LONGEST_TEXT]


def masked(message: str) -> str:
    """The sentences with ids, quotes, addresses and numbers replaced by what they are."""
    text = readable(message)
    text = _EMAIL.sub("EMAIL", _URL.sub("URL", text))
    text = _CODE.sub("", text)
    text = _QUOTED.sub(lambda found: _kept(found.group()[1:-1]), text)
    text = _NUMBER.sub("N", _MIXED.sub("ID", _HEX.sub("ID", text)))
    return _SPACE.sub(" ", text).strip()


def words(message: str) -> str:
    """The masked text with joined names split, as classifiers read it."""
    text = masked(message).replace("_", " ").replace(".", " ")
    return _SPACE.sub(" ", _CAMEL.sub(" ", text)).strip().lower()


def fingerprint(source: str, status: str, message: str) -> str:
    """Equal for errors that differ in ids, quotes and numbers only: 16 hexadecimal digits."""
    parts = "\n".join((source, status, vendor_code(message), masked(message).lower()))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _kept(quoted: str) -> str:
    """The name of a field or an HTTP reason as it is; of anything else that it was a value."""
    return quoted if _FIELD.fullmatch(quoted) or _REASON.match(quoted) else "VALUE"


def _texts(value: object, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in _texts(inner, str(key))]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner, name)]
    if name.lower() in _NAMES_OF_NOTHING or value is None or value == "":
        return []
    is_field = name and name.lower() not in {
        *{"title", "message", "errors", "error", "response", "detail"},
        *{"error_description", "details"},
    }
    return [f"{name} {value}" if is_field and not name.isdecimal() else str(value)]
