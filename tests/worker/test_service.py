"""What the worker's process does besides its runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

FREED_AMONG_KEPT = """
import os, threading
from bench.usage import resident_mb
from worker.service import trim_memory

class Once(threading.Event):
    def wait(self, timeout=None):
        waited, self.waited = getattr(self, "waited", False), True
        return waited

blocks = [bytes(4000) for _ in range(25_000)]
kept = blocks[::1000]
blocks.clear()
before = resident_mb(os.getpid())
trim_memory(Once())
print(before - resident_mb(os.getpid()))
"""


@pytest.mark.long
def test_memory_that_was_freed_among_what_is_kept_goes_back_to_the_system() -> None:
    ended = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", FREED_AMONG_KEPT], capture_output=True, text=True, check=True
    )

    assert float(ended.stdout) > 50
