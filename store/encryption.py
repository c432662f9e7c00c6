"""Columns that may hold a person's data, encrypted with keys of the installation (decision 21).

Each text carries the name of its key; what an earlier version wrote in plain text is read as it is.
So is what a key encrypted that is not there any more: it holds up nothing, and is written back as
it was, until the key is back.
Such columns are never compared in SQL: the same text is encrypted to another one every time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pydantic import SecretStr
from sqlalchemy import JSON, Dialect
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.errors import ConfigError
from store.sql import StorableText, to_json

if TYPE_CHECKING:  # the receiver reads and writes nothing that is encrypted
    from cryptography.fernet import Fernet

PREFIX = "encrypted:"
_ENCRYPTED = re.compile(rf"{PREFIX}([0-9a-f]{{8}}):([\w=-]+)", re.ASCII)
_WHOLE = "encrypted"
"""The name under which an encrypted document stands, as text, in the one that is kept."""


class Keyring:
    """The keys of a database: the first one encrypts, every one decrypts.

    Without a key that is configured, that of the file is used, which is made when something is
    first encrypted. Without a file either, texts are kept as they are.
    """

    def __init__(self, keys: Sequence[SecretStr] = (), file: Path | None = None) -> None:
        self._configured = tuple(keys)
        self.file = file
        """Next to a SQLite database."""

    @property
    def newest(self) -> str:
        """The name of the key that encrypts; "" without any."""
        return next(iter(self._fernets), "")

    def encrypt(self, text: str) -> str:
        """The text with the name of its key; as it is, without any key, or where it `lacks` one.

        Raises: ConfigError where the file cannot be made or read.
        """
        if not self.newest or self.lacks(text):
            return text
        token = self._fernets[self.newest].encrypt(text.encode()).decode()
        return f"{PREFIX}{self.newest}:{token}"

    def decrypt(self, text: str) -> str:
        """What was encrypted; what was not, or `lacks` its key, as it is."""
        found = _ENCRYPTED.fullmatch(text)
        if found is None:
            return text
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - as above

        name, token = found.groups()
        try:
            return self._fernets[name].decrypt(token.encode()).decode()
        except (KeyError, InvalidToken):
            return text

    def lacks(self, text: str) -> bool:
        """Whether the text was encrypted with a key that is not there any more."""
        found = _ENCRYPTED.fullmatch(text)
        return found is not None and found[1] not in self._fernets

    @property
    def names(self) -> Collection[str]:
        """The names of all keys."""
        return self._fernets.keys()

    @cached_property
    def _fernets(self) -> Mapping[str, Fernet]:
        """By name."""
        from cryptography.fernet import Fernet  # noqa: PLC0415 - as above

        keys = [key.get_secret_value() for key in self._configured]
        if self.file is not None and (not keys or self.file.exists()):
            keys.append(_key_in(self.file))
        return {hashlib.sha256(key.encode()).hexdigest()[:8]: Fernet(key) for key in keys}


def _key_in(file: Path) -> str:
    """The key in a file that only its owner may read; made, and on disk, if there is none."""
    from cryptography.fernet import Fernet  # noqa: PLC0415 - as above

    try:
        if not file.exists():
            # Whole before it has its name: of several processes one is the first.
            draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
                to.write(Fernet.generate_key())
                to.flush()
                os.fsync(to.fileno())
            try:
                file.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text().strip()
    except OSError as error:
        raise ConfigError(
            f"The key in {file} cannot be made or read: {error.strerror}.",
            remedy="Give this user the right to it, or set CAUSEWAY_ENCRYPTION_KEYS.",
        ) from error


_KEYRINGS: WeakKeyDictionary[Dialect, Keyring] = WeakKeyDictionary()
"""By the dialect of a database's engine, which is what the type of a column is handed."""


def register(dialect: Dialect, keyring: Keyring) -> None:
    """Encrypt what goes through an engine by these keys."""
    _KEYRINGS[dialect] = keyring


class EncryptedText(StorableText):
    """Text that a person typed. An empty one stays empty."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What the database is given."""
        text = super().process_bind_param(value, dialect)
        return _KEYRINGS[dialect].encrypt(text) if text else text

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The text of what the database gave."""
        return _KEYRINGS[dialect].decrypt(value) if value else value


class EncryptedDocument(TypeDecorator[Mapping[str, Any]]):
    """A JSON document with values of records. An empty one stays empty."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type."""
        own = postgresql.JSONB() if dialect.name == "postgresql" else JSON()
        return dialect.type_descriptor(own)

    def process_bind_param(
        self, value: Mapping[str, Any] | None, dialect: Dialect
    ) -> Mapping[str, Any] | None:
        """What the database is given."""
        keyring = _KEYRINGS[dialect]
        if not value or not keyring.newest or is_unread(value):
            return value
        return {_WHOLE: keyring.encrypt(to_json(value))}

    def process_result_value(
        self, value: Mapping[str, Any] | None, dialect: Dialect
    ) -> Mapping[str, Any] | None:
        """The document of what the database gave."""
        if value is None or set(value) != {_WHOLE}:
            return value
        text = _KEYRINGS[dialect].decrypt(value[_WHOLE])
        document: Mapping[str, Any] = value if text == value[_WHOLE] else json.loads(text)
        return document


def key_of(text: str) -> str:
    """The name of the key of the first encrypted text within a text; "" without any."""
    found = _ENCRYPTED.search(text)
    return found[1] if found else ""


def is_unread(value: object) -> bool:
    """Whether a text or document is still encrypted, as read from such a column."""
    if isinstance(value, Mapping):
        return set(value) == {_WHOLE} and is_unread(value[_WHOLE])
    return isinstance(value, str) and _ENCRYPTED.fullmatch(value) is not None
