"""How errors that nobody foresaw are shown: by class and place, never with what values."""

from __future__ import annotations

import logging

import pytest

from core.defects import DefectError, log_defect

log = logging.getLogger("causeway.tests")


SHOPPER = "ann@example.com"


def fail() -> None:
    raise ValueError(SHOPPER)


def test_a_log_names_class_and_place_and_nothing_of_the_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for wraps in (False, True):
        try:
            fail()
        except ValueError as error:
            log_defect(log, "The watchdogs", DefectError(error) if wraps else error)

    assert len(caplog.records) == 2
    assert caplog.text.count("The watchdogs met an error that nobody foresaw: ValueError in ") == 2
    assert "test_defects.fail" in caplog.text
    assert SHOPPER not in caplog.text
