"""A sign of life on stderr from a command that takes more than a second."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

FIRST_AFTER_S, AGAIN_AFTER_S = 1.0, 0.5
"""On a terminal, where one line keeps changing."""
PLAIN_EVERY_S = 5.0
"""Elsewhere, where each is a line."""
CLEAR = "\r\x1b[K"
"""What takes that line off a terminal."""


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show `text` with the seconds that passed while the block is at work; nothing without text.

    Nothing at all is shown of a block that is done within a second.
    """
    over = threading.Event()
    thread = threading.Thread(target=_show, args=(text, over), name="busy", daemon=True)
    if text:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if text:
            thread.join()


def _show(text: str, over: threading.Event) -> None:
    stream, began = sys.stderr, time.monotonic()
    is_terminal = stream.isatty()
    pause_s = FIRST_AFTER_S if is_terminal else PLAIN_EVERY_S
    with suppress(OSError, ValueError):  # the terminal may be closed meanwhile
        while not over.wait(pause_s):
            line = f"{text} … {time.monotonic() - began:.0f} s"
            stream.write(f"\r{line}" if is_terminal else f"{line}\n")
            stream.flush()
            pause_s = AGAIN_AFTER_S if is_terminal else PLAIN_EVERY_S
        if is_terminal and pause_s == AGAIN_AFTER_S:
            stream.write(CLEAR)
            stream.flush()
