"""What has to be set for the engines (Prefect, Great Expectations) before they are imported."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
    "GX_ANALYTICS_ENABLED": "false",
}
"""Telemetry of the engines, off unless the operator set the variable himself."""


NEW_OBJECTS = 1_000_000
"""So many objects a short process makes before it searches them; Python itself says 700."""


def silence_telemetry() -> None:
    """Switch the engines' telemetry off before they are imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def leave_out_costly_imports() -> None:
    """Let the engines do without what they import and nothing here uses.

    jsonschema's check of IRIs, where the package for that happens to be installed, would build its
    grammar in every process: 1.4 s of computing. What Great Expectations draws and estimates with
    is imported when it is asked for something: 1 s of computing and 75 MB less.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # as Python defines it
    for name in ("altair", "scipy.stats"):
        sys.modules.setdefault(name, _ImportedWhenUsed(name))


def collect_rarely() -> None:
    """Let a short process hardly ever search for garbage in cycles, and not as it ends.

    What it imports stays until then. Searching that again and again, and for the last time at the
    end, takes a third of all its computing.
    """
    gc.set_threshold(NEW_OBJECTS)
    atexit.register(gc.freeze)


class _ImportedWhenUsed(ModuleType):
    """Stands for a module until somebody takes something from it.

    `importlib.util.LazyLoader` does not: Python 3.11 reads `__spec__` of what was imported already.
    """

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - anything that is in a module
        if attribute == "__file__":  # inspect asks every module of the process for it
            raise AttributeError(attribute)
        if sys.modules.get(self.__name__) is self:
            sys.modules.pop(self.__name__, None)
        return getattr(import_module(self.__name__), attribute)
