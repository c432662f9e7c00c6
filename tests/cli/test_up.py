"""When `causeway up` refuses to start, and what ends with it."""

import contextlib
import fcntl
import logging
import os
import signal
import socket
import subprocess
import sys

import pytest
from waiting import WITHIN_S

from cli.lock import locked
from cli.main import run
from cli.processes import Processes, free_port
from cli.services import Ports, Services, prefect_environment, sandbox_environment
from cli.up import exports, subscribe
from core.settings import load_settings
from tasks.subscriptions import EVENTS, SCOPES

FIRST_OF_CONNECTIONS = 32_768
"""The first port that Linux gives to connections; other systems begin later."""
PROGRAM = """
import signal, sys, time
from pathlib import Path
from cli.lock import locked
from cli.processes import Processes
from cli.up import interruptible

folder = Path(sys.argv[1])
for number in (signal.SIGHUP, signal.SIGINT):  # whatever started the tests may ignore them
    signal.signal(number, signal.SIG_DFL)
with interruptible(), locked(folder) as lock, Processes(folder / "log", lock=lock) as processes:
    child = processes.start_python("sleeper", "-c", "import time; time.sleep(600)")
    print(child.pid, flush=True)
    while True:
        time.sleep(0.05)
"""


@pytest.fixture
def installation(configured, monkeypatch, tmp_path):
    """A folder in which `up` could run; its receiver's port is free."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        monkeypatch.setenv("CAUSEWAY_RECEIVER__PORT", str(probe.getsockname()[1]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def holder(installation):
    """A process that holds the folder as `up` does, with a child."""
    command = [sys.executable, "-c", PROGRAM, str(installation / "var")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        child = int(process.stdout.readline())
        yield process, child
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def refused(capsys, *options):
    assert run(["up", *options]) == 1
    return capsys.readouterr().err


def test_a_second_one_in_the_same_folder_is_refused_with_the_pid_of_the_first(holder, capsys):
    process, _ = holder
    said = refused(capsys)
    assert f"already: process {process.pid}." in said
    assert f"kill {process.pid}" in said


def test_who_runs_in_the_folder_is_said_before_which_port_is_taken(holder, monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("CAUSEWAY_RECEIVER__PORT", str(taken.getsockname()[1]))
        assert "already: process" in refused(capsys)


def test_the_database_of_sandboxes_that_are_served_is_not_deleted(installation, capsys):
    sandboxes = installation / "var" / "sandbox"
    with locked(sandboxes, "causeway sandbox serve"):
        (sandboxes / "causeway.db").touch()

        said = refused(capsys, "--sandbox")

        assert f"`causeway sandbox serve` runs in {sandboxes} already" in said
        assert f"kill {os.getpid()}" in said
        assert (sandboxes / "causeway.db").exists()


def test_the_sandboxes_are_not_served_in_the_folder_of_sandboxes_that_are_up(installation, capsys):
    with locked(installation / "var" / "sandbox", "causeway up --sandbox"):
        assert run(["sandbox", "serve", "--bigcommerce-port", "0", "--brightpearl-port", "0"]) == 1
    assert "`causeway up --sandbox` runs in" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_to_is_refused(installation, capsys):
    (installation / "var").touch()
    assert run(["up"]) == 2
    assert "var cannot be written to: " in capsys.readouterr().err


def test_the_sandboxes_have_a_folder_of_their_own(holder, installation):
    with locked(installation / "var" / "sandbox"):
        assert (installation / "var" / "up.lock").exists()


def test_what_a_killed_one_left_behind_is_named_until_it_ends(holder, installation, capsys):
    process, child = holder
    process.kill()
    process.wait()

    said = refused(capsys)

    assert "was killed" in said
    assert f"sleeper {child}" in said
    assert f"kill {child}" in said
    os.killpg(child, signal.SIGKILL)
    wait_until_free(installation / "var")


def wait_until_free(folder):
    """Until the last process that holds the lock is gone: the operating system says when."""
    with (folder / "up.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_a_closed_terminal_ends_everything_as_other_signals_do(number, holder, installation):
    process, child = holder

    process.send_signal(number)

    assert process.wait(WITHIN_S) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    with locked(installation / "var"):
        pass


def test_a_taken_port_of_the_receiver_is_refused_and_nothing_is_started(
    installation, monkeypatch, capsys
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("CAUSEWAY_RECEIVER__PORT", str(port))
        assert f"The receiver's port {port} is taken." in refused(capsys)
        assert run(["receiver"]) == 2
        assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err
    assert not (installation / "var" / "log").exists()


@pytest.mark.usefixtures("installed")
def test_what_is_subscribed_is_said_and_what_is_new_of_it(monkeypatch, capsys):
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CAUSEWAY_WEBHOOKS__SECRET", "the-webhook-secret")
    subscribe(load_settings())
    subscribe(load_settings())

    count = len(EVENTS) + len(SCOPES)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"default is subscribed to {count} webhooks, {count} of them new or mended."
    assert second == f"default is subscribed to {count} webhooks, 0 of them new or mended."


def test_why_nothing_is_subscribed_is_said(configured, monkeypatch, capsys):
    monkeypatch.delenv("CAUSEWAY_WEBHOOKS__PUBLIC_URL")
    subscribe(load_settings())
    assert "No webhooks for default: " in capsys.readouterr().err


def test_what_is_printed_makes_another_shell_use_the_sandboxes_and_prefect(tmp_path):
    ports = Ports.free()
    with Processes(tmp_path / "log") as processes:
        found = exports(
            Services.of(processes, tmp_path, ports, sandbox_environment(tmp_path, ports))
        )

    assert found.pop("PREFECT_API_URL") == f"http://127.0.0.1:{ports.prefect}/api"
    settings = load_settings(found)
    assert settings.pair().bigcommerce.api_url == f"http://127.0.0.1:{ports.bigcommerce}"
    assert settings.database_url == f"sqlite:///{tmp_path / 'causeway.db'}"


def test_the_log_of_a_run_in_prefect_has_batches_and_refusals(tmp_path):
    program = (
        "import logging; from prefect import flow; "
        "print(logging.getLogger('prefect.flow_runs').level)"
    )
    environment = prefect_environment("http://127.0.0.1:9/api", tmp_path)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
        timeout=WITHIN_S,
    )
    assert int(done.stdout) == logging.INFO, done.stderr


def test_a_port_to_listen_on_is_given_once_and_never_to_a_connection_of_somebody_else() -> None:
    ports = [free_port() for _ in range(300)]

    assert len(set(ports)) == len(ports)
    assert max(ports) < FIRST_OF_CONNECTIONS


def test_a_wanted_port_that_somebody_listens_on_is_not_given() -> None:
    wanted = free_port()
    with socket.create_server(("127.0.0.1", wanted)):
        assert free_port(wanted) != wanted
    assert free_port(wanted) == wanted
