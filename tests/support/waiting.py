"""How tests wait for other threads and processes: for what shall happen, with a generous bound.

A busy machine is slow, and slow is not failed: the bound only ends a test that waits for what will
never happen. Whatever takes a bound in seconds takes this one.
"""

from __future__ import annotations

import inspect
import linecache
import textwrap
import time
from collections.abc import Callable
from types import FrameType

WITHIN_S = 600.0
"""The longest that a test waits for anything."""
POLL_INTERVAL_S = 0.05


def eventually(holds: Callable[[], object], *, within_s: float = WITHIN_S) -> bool:
    """True once something holds.

    Raises: TimeoutError that says what was waited for, in the words of the test.
    """
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            frame = inspect.currentframe()
            waited = _call(frame.f_back) if frame and frame.f_back else ""
            raise TimeoutError(f"after {within_s:.0f} s this still did not hold: {waited}")
        time.sleep(POLL_INTERVAL_S)
    return True


def _call(frame: FrameType) -> str:
    """The lines of the call that a frame is in."""
    info = inspect.getframeinfo(frame)
    first, last = info.lineno, info.lineno
    if info.positions is not None:
        first, last = info.positions.lineno or first, info.positions.end_lineno or last
    lines = [linecache.getline(info.filename, number) for number in range(first, last + 1)]
    return textwrap.dedent("".join(lines)).strip()
