"""Lives of orders after which both sides once did not agree, played again.

`python -m bench converge` prints lives that go wrong in this form.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lives.lives import PASSES, Life, Lives

pytestmark = pytest.mark.long

LIVES = Path(__file__).with_name("lives.txt")
MOMENTS = 8


def test_lives_that_once_went_wrong_come_to_agree(lives: Lives) -> None:
    written = Path(os.environ.get("LIVES", LIVES)).read_text().splitlines()
    lives.place(Life.parse(line) for line in written)
    for moment in range(1, MOMENTS + 1):
        lives.advance(moment)
    passes = lives.settle(MOMENTS + 1)
    lives.judge()
    wrong = [f"{one}: {', '.join(one.wrong)}" for one in lives.lives if one.wrong]
    assert not wrong, "\n".join(wrong)
    assert passes <= PASSES
