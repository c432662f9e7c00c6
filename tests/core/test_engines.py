"""The engines are quiet, and bring only what is used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from waiting import WITHIN_S

from core.engines import silence_telemetry


def test_telemetry_is_off_unless_the_operator_decided_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GX_ANALYTICS_ENABLED", raising=False)
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "")

    silence_telemetry()

    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] == "true"


def test_what_the_engine_draws_and_estimates_with_is_imported_when_it_is_used() -> None:
    program = (
        "import sys; from core.engines import leave_out_costly_imports;"
        "leave_out_costly_imports(); import expectations.check;"
        "print('altair.vegalite' in sys.modules, 'scipy.optimize' in sys.modules);"
        "from scipy.stats import entropy, rankdata; from scipy import stats; import altair;"
        "print(stats.entropy is entropy, entropy([0.5, 0.5], [0.5, 0.5]), altair.Chart.__name__)"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, timeout=WITHIN_S,
    )  # fmt: skip

    assert done.stdout.split() == ["False", "False", "True", "0.0", "Chart"], done.stderr


def test_a_short_process_is_hardly_searched_for_garbage_and_not_as_it_ends() -> None:
    program = (
        "import atexit, gc; from core.engines import collect_rarely;"
        "atexit.register(lambda: print(gc.get_freeze_count() > 100_000));"
        "collect_rarely(); began = gc.get_stats(); import expectations.check;"
        "done = [one['collections'] for one in gc.get_stats()];"
        "print(sum(done) - sum(one['collections'] for one in began) < 3)"
    )

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False, timeout=WITHIN_S,
    )  # fmt: skip

    assert done.stdout.split() == ["True", "True"], done.stderr
