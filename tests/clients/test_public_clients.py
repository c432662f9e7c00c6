"""Public clients of both systems, as their users have them, over TLS against the sandboxes.

Each is installed from its registry, pinned by hash, into an environment of its own below `var/`,
and runs in a process of its own: it asks the vendor's host, and the sandbox's proxy leads it here.
What a program tries is every resource that its client offers and the sandboxes implement.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import WITHIN_S

from sandbox.brightpearl import reference
from sandbox.serve import Running, running
from sandbox.world import Plan

pytestmark = pytest.mark.long

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
PAGE = HERE.parents[1] / "docs" / "sandbox.md"
INSTALLED = Path(__file__).parents[2] / "var" / "clients"
OFFLINE = (
    "dns error", "tcp connect error", "error sending request", "ENOTFOUND", "EAI_AGAIN",
    "ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "Network is unreachable", "Connection refused",
)  # fmt: skip
"""What installers say where there is no network."""


@dataclass(frozen=True)
class Client:
    """A published package, the environment it is installed in, and the program that uses it."""

    package: str
    environment: str
    program: str
    resources: int
    """How many its program tries at least."""


CLIENTS = (
    Client("brightpearlapi", "libraries", "brightpearlapi_library.py", 19),
    Client("bigcommerce", "libraries", "bigcommerce_library.py", 17),
    Client("bigc", "libraries", "bigc_library.py", 29),
    Client("pybigcommerce", "libraries", "pybigcommerce_library.py", 3),
    Client("tap-bigcommerce", "tap", "tap.py", 6),
    Client("node-bigcommerce", "node", "node_bigcommerce.cjs", 40),
    Client("@space48/bigcommerce-api", "node", "space48.cjs", 18),
    Client("@bigcommerce/api-nodejs", "node", "api_nodejs.cjs", 18),
)


class NotInstalledError(Exception):
    """Why an environment cannot be made on this machine."""


@cache
def install(environment: str) -> Path | NotInstalledError:
    """The folder of an environment, made once for each content of its lock file."""
    lock = HERE / ("package-lock.json" if environment == "node" else f"{environment}.lock")
    folder = INSTALLED / f"{environment}-{sha256(lock.read_bytes()).hexdigest()[:12]}"
    if (folder / ".complete").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _make(environment, lock, folder)
    except NotInstalledError as reason:
        return reason
    (folder / ".complete").touch()
    return folder


def _make(environment: str, lock: Path, folder: Path) -> None:
    if environment == "node":
        npm = shutil.which("npm")
        if npm is None:
            raise NotInstalledError("not run: npm is not installed on this machine")
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, folder)
        _install(npm, "ci", folder=folder)
    else:
        _install(sys.executable, "-m", "venv", "--without-pip", str(folder), folder=folder)
        uv = str(Path(sys.executable).with_name("uv"))
        python = str(folder / "bin" / "python")
        flags = ("--require-hashes", "--python", python, "-r", str(lock))
        _install(uv, "pip", "install", *flags, folder=folder)


def _install(*command: str, folder: Path) -> None:
    done = subprocess.run(  # noqa: S603 - installers, with what the lock files name
        command, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode and any(sign in said for sign in OFFLINE):
        raise NotInstalledError("not run: the package registry cannot be reached from here")
    assert done.returncode == 0, said[-3000:]


@pytest.fixture(scope="module")
def both() -> Iterator[Running]:
    """A store and an account over TLS, with a catalogue, a contact, and no limits."""
    with running(Plan(limits="off"), tls=True) as sandboxes:
        _make_contact(sandboxes.brightpearl_url)
        yield sandboxes


def _make_contact(url: str) -> None:
    headers = {
        "brightpearl-app-ref": reference.APP_REF,
        "brightpearl-account-token": reference.ACCOUNT_TOKEN,
    }

    def post(path: str, body: dict[str, Any]) -> int:
        sent = httpx.post(
            f"{url}/sandbox/contact-service/{path}", json=body, headers=headers, timeout=WITHIN_S
        )
        return int(sent.json()["response"])

    address = post("postal-address", {"addressLine1": "1 High St", "countryIsoCode": "GBR"})
    post(
        "contact",
        {
            "firstName": "Ann",
            "lastName": "Lee",
            "postAddressIds": {"DEF": address, "BIL": address, "DEL": address},
            "communication": {"emails": {"PRI": {"email": "ann@example.com"}}},
        },
    )


@pytest.fixture
def subjects(both: Running) -> dict[str, str]:
    """A new order, and what is on it, as the programs get it."""
    wanted = [("GAR-01-RED-M", 2), ("GAR-02-RED-S", 1)]
    basket = {
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in wanted],
        "customer_id": 1,
        "coupons": [{"code": "TEN"}],
    }
    placed = httpx.post(
        f"{both.bigcommerce_url}/_sandbox/orders", json=basket, timeout=WITHIN_S
    ).json()
    return {
        "ORDER_ID": str(placed["ids"][0]),
        "PRODUCT_ID": str(both.store.variant(wanted[0][0]).product_id),
        "CUSTOMER_ID": "1",
        "SKU": wanted[0][0],
    }


def way_in(both: Running, environment: str, folder: Path) -> dict[str, str]:
    """How a client finds the sandboxes by the vendors' names, and trusts their certificate."""
    ca_file = str(both.tls.ca_file)
    if environment != "node":
        return {"HTTPS_PROXY": both.tls.proxy_url, "REQUESTS_CA_BUNDLE": ca_file}
    modules = str(folder / "node_modules")
    proxy = {"GLOBAL_AGENT_HTTPS_PROXY": both.tls.proxy_url}
    return {"NODE_EXTRA_CA_CERTS": ca_file, "NODE_PATH": modules, **proxy}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.package)
def test_a_public_client_runs_unchanged(
    client: Client,
    both: Running,
    subjects: dict[str, str],
    record_property: Callable[[str, object], None],
) -> None:
    folder = install(client.environment)
    if isinstance(folder, NotInstalledError):
        pytest.skip(str(folder))
    runtime = "node" if client.environment == "node" else str(folder / "bin" / "python")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}

    done = subprocess.run(  # noqa: S603 - the public client is what is tested
        [runtime, str(PROGRAMS / client.program)],
        cwd=folder,
        env={**kept, **subjects, **way_in(both, client.environment, folder)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )

    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    tried = json.loads(done.stdout.splitlines()[-1])
    assert len(tried) == len(set(tried)) >= client.resources
    record_property("public client", f"{client.package}: {len(tried)} resources")


def test_the_sandboxes_page_shows_clients_that_run(
    both: Running, subjects: dict[str, str], tmp_path: Path
) -> None:
    folder = install("libraries")
    if isinstance(folder, NotInstalledError):
        pytest.skip(str(folder))
    (shown,) = re.findall(r"```python\n(.+?)```", PAGE.read_text("utf-8"), re.DOTALL)
    program = tmp_path / "shown.py"
    program.write_text(shown, "utf-8")

    printed = subprocess.run(  # noqa: S603 - what the page shows
        [str(folder / "bin" / "python"), str(program)],
        env=way_in(both, "libraries", folder),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    ).stdout

    assert subjects["ORDER_ID"] in printed
    assert "Main warehouse" in printed


def test_there_are_clients_of_both_systems_and_enough_of_them() -> None:
    assert len(CLIENTS) >= 6
    assert {"brightpearlapi", "bigcommerce"} <= {client.package for client in CLIENTS}
