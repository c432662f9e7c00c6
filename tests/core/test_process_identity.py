"""Which process is which: one that ended is known as such, any other counts as alive."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.process_identity import (
    ProcessIdentity,
    identity_of,
    is_gone,
    owned_by,
    parse_identity,
    this_process,
)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - our own
        yield process
        process.kill()


def test_an_identity_is_read_back_from_the_name_of_an_owner() -> None:
    assert parse_identity(owned_by(this_process(), "sync-orders-1")) == this_process()


@pytest.mark.parametrize("name", ["", "worker-1", "sync-orders-0f3a", "a~b~c~d~e:f", "person"])
def test_names_of_owners_that_say_no_process_are_nobody_s(name: str) -> None:
    assert parse_identity(name) is None


def test_a_process_that_runs_is_not_gone(other: subprocess.Popen[bytes]) -> None:
    assert not is_gone(this_process())
    assert not is_gone(identity_of(other.pid))


def test_a_process_that_was_killed_is_gone_even_before_it_is_waited_for(
    other: subprocess.Popen[bytes],
) -> None:
    identity = identity_of(other.pid)
    other.kill()
    other.wait()

    assert is_gone(identity)


def test_a_process_of_the_same_id_that_started_at_another_time_is_another_one() -> None:
    assert is_gone(replace(this_process(), started="1"))


@pytest.mark.parametrize(
    "elsewhere", [{"host": "another-machine"}, {"boot": "before"}, {"namespace": "1"}]
)
def test_of_processes_elsewhere_nothing_is_known(elsewhere: dict[str, str]) -> None:
    gone = ProcessIdentity(**{**vars(this_process()), "pid": 2**22 + 1})
    assert is_gone(gone)

    assert not is_gone(replace(gone, **elsewhere))
