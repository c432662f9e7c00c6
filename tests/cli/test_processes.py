"""Children that are waited for: one that dies is noticed at once, whichever is waited for."""

import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from waiting import WITHIN_S

from cli.processes import ProcessError, Processes
from cli.services import Ports, Services

STAYS = "import time; time.sleep(600)"
FAILS = """
import sys
try:
    raise ValueError("the port is taken")
except ValueError as error:
    import traceback
    traceback.print_exc()
    {then}
    sys.exit(3)
"""
ENDS_WITH = {
    "a traceback": ("pass", "ValueError: the port is taken"),
    "lines after a traceback": ("print('Server stopped!')", "ValueError: the port is taken"),
    "an error of ours and its remedy": (
        "print('ConfigError: No token.\\nMake one.', file=sys.stderr)",
        "ConfigError: No token.",
    ),
    "what Prefect says of a taken port": (
        "print('Port 4200 is already in use. Choose another.\\nflag.', file=sys.stderr)",
        "Port 4200 is already in use. Choose another.",
    ),
}


@pytest.fixture
def processes(tmp_path):
    with Processes(tmp_path / "log") as started:
        yield started


def start(processes, name, program, **options):
    return processes.start(name, [sys.executable, "-u", "-c", program], **options)


def ended(child):
    """The child, once its process is gone."""
    child.popen.wait(WITHIN_S)
    return child


def test_a_child_that_dies_is_noticed_while_another_one_is_waited_for(processes):
    start(processes, "prefect", STAYS, ready=lambda: False)
    start(processes, "receiver", FAILS.format(then="pass"))

    with pytest.raises(ProcessError, match="receiver ended with exit code 3"):
        processes.wait_ready("prefect", within_s=WITHIN_S)


def test_a_child_that_dies_is_noticed_while_the_end_of_another_one_is_waited_for(processes):
    start(processes, "deploy", STAYS, is_job=True)
    start(processes, "receiver", FAILS.format(then="pass"))

    with pytest.raises(ProcessError, match="receiver ended with exit code 3"):
        processes.wait_ended("deploy", within_s=WITHIN_S)


def test_a_job_that_is_done_stops_no_other_from_being_waited_for(processes):
    ended(start(processes, "deploy", "pass", is_job=True))
    start(processes, "prefect", STAYS)

    processes.wait_ready("prefect", within_s=WITHIN_S)
    processes.wait_ended("deploy", within_s=WITHIN_S)


def test_what_somebody_else_answers_on_its_port_makes_no_dead_child_ready(processes):
    child = start(processes, "prefect", "input(); import sys; sys.exit(1)")
    child.is_ready = lambda: bool(ended(child))

    with pytest.raises(ProcessError, match="prefect ended with exit code 1"):
        processes.wait_ready("prefect", within_s=WITHIN_S)


@pytest.mark.parametrize("end", ENDS_WITH)
def test_the_error_has_the_line_of_the_log_that_says_why(end, processes):
    then, why = ENDS_WITH[end]
    ended(start(processes, "receiver", FAILS.format(then=then)))

    with pytest.raises(ProcessError) as raised:
        processes.check()

    assert raised.value.message == f"receiver ended with exit code 3: {why}"
    assert str(processes.log("receiver")) in raised.value.remedy
    assert raised.value.remedy.startswith("Make one.") == ("ours" in end)


def test_a_killed_child_is_named_with_the_signal(processes):
    child = start(processes, "worker", STAYS)
    child.signal_group(signal.SIGKILL)
    ended(child)

    with pytest.raises(ProcessError, match=r"worker was ended by SIGKILL\."):
        processes.check()


@pytest.fixture
def refusing_prefect():
    """A Prefect server that answers, and refuses whatever is asked of it."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            is_version = self.path.endswith("/admin/version")
            self.send_response(200 if is_version else 403)
            self.end_headers()
            self.wfile.write(json.dumps("3.8.0" if is_version else {}).encode())

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()


def test_the_worker_starts_only_when_everything_is_deployed(
    configured, processes, refusing_prefect, tmp_path
):
    ports = Ports.free()
    settings = {"CAUSEWAY_RECEIVER__PORT": str(ports.receiver)}
    services = Services.of(processes, tmp_path, ports, settings, prefect_api_url=refusing_prefect)

    with pytest.raises(ProcessError, match=r"deploy ended with exit code 1: Prefect refused"):
        services.start_all(with_sandboxes=False)

    assert not processes.log("worker").exists()
