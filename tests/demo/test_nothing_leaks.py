"""A demo leaves nothing personal and no secret in logs, databases, figures and arguments.

Nor does any of its logs have a database that was locked.
"""

import json
import subprocess
import sys
import time

import psutil
import pytest

from cli.services import Ports, sandbox_environment
from core.ids import email_key
from demo.scenario import FRANCE, SHOPPER
from sandbox.catalogue.countries import COUNTRIES, address_of
from sandbox.catalogue.generated import ABROAD, generate
from tasks.brightpearl.contacts import name_of

pytestmark = pytest.mark.long

LONGEST_S = 600
GUESTS = 80
"""Guests that the sandbox may have drawn: `guest1@example.com` and so on."""
FEWEST_PEOPLE = 50
FOREIGN = {"sandbox.log"}
"""What the sandboxes write is not ours."""
PLACE = ("street_1", "phone")


def secrets(folder):
    """The installation's own."""
    ports = Ports(bigcommerce=1, brightpearl=2, prefect=3, receiver=4)
    named = sandbox_environment(folder, ports).items()
    return {value for name, value in named if name.endswith(("TOKEN", "SECRET"))}


def people():
    """E-mails, names, streets and phones of all who may order in a demo."""
    shoppers = generate(1).customers
    guests = [f"guest{number}@example.com" for number in range(GUESTS)]
    places = [one.address for one in shoppers]
    places += [
        address_of(email, country)
        for email in guests
        for country in ("United Kingdom", *ABROAD)
        if country in COUNTRIES
    ]
    values = {getattr(one, name) for one in places for name in PLACE}
    values |= {f"{one.first_name} {one.last_name}" for one in places}
    values |= {one.email for one in shoppers} | set(guests)
    values |= {"eloise@example.fr", FRANCE["street_1"], f"{FRANCE['first_name']} "
               f"{FRANCE['last_name']}", SHOPPER["email"], SHOPPER["phone"],
               f"{SHOPPER['first_name']} {SHOPPER['last_name']}"}  # fmt: skip
    return {one for one in values if len(one) > 6}


def found_in(folder, values):
    """Which of the values stand in which file, as text or as JSON writes it."""
    forms = {}
    for value in values:
        for text in (value, json.dumps(value)[1:-1]):
            forms[text.encode()] = value
    found = {}
    for file in sorted(one for one in folder.rglob("*") if one.is_file()):
        if file.name not in FOREIGN:
            content = file.read_bytes()
            if hits := sorted({value for form, value in forms.items() if form in content}):
                found[str(file.relative_to(folder))] = hits
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The folder that a demo left, and every line by which its processes were started."""
    folder = tmp_path_factory.mktemp("demo")
    log = (folder / "printed.txt").open("w")
    started = subprocess.Popen(
        [sys.executable, "-m", "demo", "--limits", "off"], cwd=folder, stdout=log, stderr=log
    )
    mother, lines, ends_at = psutil.Process(started.pid), set(), time.monotonic() + LONGEST_S
    try:
        while started.poll() is None and time.monotonic() < ends_at:
            for one in mother.children(recursive=True):
                try:
                    lines.add(" ".join(one.cmdline()))
                except psutil.Error:
                    continue
            try:
                started.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
    finally:
        started.terminate()
        started.wait()
        log.close()
    return folder, lines, started.returncode


def test_what_is_searched_is_what_a_demo_wrote(demo):
    folder, lines, exit_code = demo
    files = {file.name for file in folder.rglob("*") if file.is_file()}
    names = {name_of(email_key(value)) for value in people() if "@" in value}
    known = {name for found in found_in(folder, names).values() for name in found}

    assert exit_code == 0
    assert {"causeway.db", "prefect.db", "worker.log", "receiver.log", "demo.json"} <= files
    assert any("worker" in line for line in lines)
    assert "var/demo/causeway.db" in found_in(folder, {"BC-101"})
    # Of those who are searched for, so many took part: our links have the hashes of their e-mails.
    assert len(known) >= FEWEST_PEOPLE


def test_no_secret_is_anywhere(demo):
    folder, lines, _ = demo

    assert found_in(folder, secrets(folder)) == {}
    assert [line for line in lines if any(one in line for one in secrets(folder))] == []


def test_nobody_s_data_is_anywhere(demo):
    folder, lines, _ = demo

    assert found_in(folder, people()) == {}
    assert [line for line in lines if any(one in line for one in people())] == []


def test_no_log_has_a_database_that_was_locked(demo):
    folder, _, _ = demo
    logs = [*folder.rglob("*.log"), folder / "printed.txt"]

    assert "prefect.log" in {log.name for log in logs}
    assert [log.name for log in logs if b"database is locked" in log.read_bytes()] == []
