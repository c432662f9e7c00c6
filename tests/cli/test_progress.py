"""Signs of life: on a terminal after a second, elsewhere every few seconds."""

import io
import sys
import threading

import pytest
from waiting import WITHIN_S

from cli.progress import busy


class Stream(io.StringIO):
    """A terminal, or a file, that says when something was written."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self.is_terminal, self.written = is_terminal, threading.Event()

    def isatty(self):
        return self.is_terminal

    def write(self, text):
        count = super().write(text)
        self.written.set()
        return count


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_takes_its_time_shows_that_it_is_at_work(is_terminal, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(is_terminal=is_terminal))

    with busy("causeway mappings try"):
        assert sys.stderr.written.wait(WITHIN_S)

    shown = sys.stderr.getvalue()
    assert "causeway mappings try … " in shown
    assert shown.endswith("\r\x1b[K" if is_terminal else " s\n")


@pytest.mark.parametrize("text", ["causeway status", ""])
def test_what_is_done_at_once_shows_nothing(text, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Stream(is_terminal=False))

    with busy(text):
        pass

    assert sys.stderr.getvalue() == ""
