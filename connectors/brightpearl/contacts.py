"""Contacts, found by what both systems know of them: the e-mail address."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from connectors.brightpearl.account_models import ContactRow
from connectors.brightpearl.api import Api
from connectors.brightpearl.reads import new_or_changed
from core.ids import email_key


class Contacts(Api):
    """Contacts of an account. Searches are compared, never trusted."""

    def list_contacts(self, updated_since: datetime | None = None) -> Iterator[ContactRow]:
        """All contacts, or those created or changed since; one that is both may come twice."""
        for changes in new_or_changed(updated_since):
            yield from self._search("/contact-service/contact-search", ContactRow, **changes)

    def find_contacts(self, email: str) -> list[ContactRow]:
        """Contacts with exactly this address, as primary one, else as secondary one.

        The search finds parts of addresses and is case-insensitive: equality is checked here.
        Who of several is meant (an address is not unique) is for the caller to say.
        """
        for column, attribute in (
            ("primaryEmail", "primary_email"),
            ("secondaryEmail", "secondary_email"),
        ):
            rows = self._search("/contact-service/contact-search", ContactRow, **{column: email})
            same = [row for row in rows if email_key(getattr(row, attribute)) == email_key(email)]
            if same:
                return same
        return []
