"""A Prefect server that is busy for a moment is asked again at once; one that refuses is not."""

from __future__ import annotations

from types import SimpleNamespace

import httpx
import pytest

from worker.patience import patient


def asked(*statuses: int) -> tuple[int, int]:
    """The status that a patient client gets, and how often it asked."""
    answers, seen = iter(statuses), []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(next(answers))

    inner = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://127.0.0.1")
    patient(SimpleNamespace(_client=inner))  # type: ignore[arg-type] - the part that it touches
    return inner.post("/flow_runs/").status_code, len(seen)


def test_a_write_that_a_busy_server_refused_is_sent_again() -> None:
    assert asked(503, 503, 201) == (201, 3)


@pytest.mark.parametrize("status", [201, 404, 409, 422, 500])
def test_any_other_answer_stands(status: int) -> None:
    assert asked(status) == (status, 1)
