"""What a bug report needs of a record that waits, as one document without personal data.

A key may be a person's (an e-mail among the keys of customers), and so may whatever was refused:
both are left out unless they are asked for, and the record is named by a fingerprint alone.
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from cli.output import plain
from core.errors import ConfigError
from store.database import Database
from store.inbox import Inbox
from store.ledger import Ledger
from store.quarantine import Entry
from tasks.reconciler.agreed import fingerprint
from tasks.reconciler.cases import UNEXPECTED

PACKAGES = ("causeway", "prefect", "great-expectations", "pandas", "httpx", "sqlalchemy")
"""Whose versions matter."""
PRIVATE = ("key", "value", "reason", "remedy", "detail", "closed_reason")
"""Fields of an entry that may name a person, or the record of one."""


def report(database: Database, entry: Entry, *, with_data: bool = False) -> dict[str, Any]:
    """The document of an entry: the traceback, what was written for the record, versions.

    In: `with_data` adds the key, what was refused, and what writes changed, as they are kept.
    """
    fields = {name.rstrip("_"): value for name, value in asdict(entry).items()}
    ours = {} if with_data else dict.fromkeys(PRIVATE)
    written = Ledger(database).history(entry.pair, entry.entity, entry.key)
    states = Inbox(database).states(entry.pair, entry.entity, [entry.key])
    # The text of such an error is its class and place, and nothing else: see core/defects.py.
    said = {"value": entry.value, "reason": entry.reason} if entry.class_ == UNEXPECTED else {}
    return {
        "entry": {**{n: v for n, v in fields.items() if n not in ours}, **said},
        "record": fingerprint([entry.pair, entry.entity, entry.key])[:12],
        "traceback": list(entry.detail.get("traceback", ())),
        "state": states.get(entry.key, ""),
        "writes": [
            {
                "action": one.action,
                "outcome": one.outcome,
                "intent_at": one.intent_at,
                "outcome_at": one.outcome_at,
                "mapping_version": one.mapping_version,
                "changed": sorted({*one.before, *one.after}),
                **({"before": one.before, "after": one.after} if with_data else {}),
            }
            for one in written
        ],
        "versions": {
            **{name: metadata.version(name) for name in PACKAGES},
            "python": platform.python_version(),
            "system": platform.system(),
            "database": "SQLite" if database.is_sqlite else "PostgreSQL",
        },
        "with_data": with_data,
    }


def save(document: dict[str, Any], path: Path) -> None:
    """Write the document into a new file that only its owner reads.

    Raises: ConfigError when there is such a file, or it cannot be written.
    """
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(f"{json.dumps(document, default=plain, ensure_ascii=False, indent=2)}\n")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}.", remedy="Name another file with --to."
        ) from error
