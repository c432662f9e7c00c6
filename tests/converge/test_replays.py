"""Lives of orders after which both sides once did not agree, played again.

`python -m bench converge` prints lives that go wrong in this form.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.happenings.course import PASSES, Company, Course

pytestmark = pytest.mark.long

LIVES = Path(__file__).with_name("lives.txt")
MOMENTS = 8


def test_lives_that_once_went_wrong_come_to_agree(company: Company) -> None:
    told = Path(os.environ.get("LIVES", LIVES)).read_text().splitlines()
    company.place(Course.told(line) for line in told)
    for moment in range(1, MOMENTS + 1):
        company.happen(moment)
    passes = company.settle(MOMENTS + 1)
    company.judge()
    wrong = [f"{one}: {', '.join(one.wrong)}" for one in company.courses if one.wrong]
    assert not wrong, "\n".join(wrong)
    assert passes <= PASSES
