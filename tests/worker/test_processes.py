"""The subprocess in which a run may be executed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from waiting import WITHIN_S

pytestmark = pytest.mark.long


def ended_subprocess(run_id: str) -> subprocess.CompletedProcess[str]:
    """The run's own process, while Prefect is away."""
    away = {"PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_CLIENT_MAX_RETRIES": "0"}
    return subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [sys.executable, "-m", "worker.processes", run_id],
        env={**os.environ, **away},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def test_a_prefect_that_is_away_ends_the_subprocess_with_a_line() -> None:
    run_id = "2f0382e1-eb5c-4aab-b935-2646bbb1a20f"

    ended = ended_subprocess(run_id)

    assert ended.returncode == 1
    assert f"The run {run_id} ended: Prefect did not answer" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_error_of_our_own_code_ends_the_subprocess_without_the_error_s_text() -> None:
    ended = ended_subprocess("no-id")

    assert ended.returncode == 1
    assert "The run no-id ended by an error in Causeway: ValueError in " in ended.stderr
    assert "Keys stay due; report it with these lines:" in ended.stderr
    assert "Traceback" not in ended.stderr
