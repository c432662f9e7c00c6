"""What `causeway sandbox serve` prints, and that it is enough to use the sandboxes."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import WITHIN_S

from cli.sandbox import announcement, exports
from core.settings import load_settings
from sandbox.serve import Addresses

PLAIN = Addresses("http://127.0.0.1:8101", "http://127.0.0.1:8102/public-api")
SECURE = Addresses(
    "https://127.0.0.1:8101",
    "https://127.0.0.1:8102/public-api",
    "http://127.0.0.1:8103",
    Path("/some folder/ca.crt"),
)


def printed_exports(text: str) -> dict[str, str]:
    """The variables of all `export` lines, as a shell reads them."""
    lines = [line.removeprefix("export ") for line in text.splitlines() if "export " in line]
    return dict(part.split("=", 1) for line in lines for part in shlex.split(line))


def test_the_settings_that_are_printed_describe_the_pair() -> None:
    settings = load_settings(printed_exports(announcement(PLAIN)))

    pair = settings.pair()
    assert pair.bigcommerce.api_url == PLAIN.bigcommerce_url
    assert pair.brightpearl.api_url == PLAIN.brightpearl_url
    assert pair.brightpearl.account_token.get_secret_value() == "sandbox-account-token"
    assert settings.database_url.endswith("var/sandbox/causeway.db")


def test_the_first_line_says_where_they_are() -> None:
    first, *_ = announcement(SECURE).splitlines()

    assert first == (
        "sandboxes ready: BigCommerce https://127.0.0.1:8101, "
        "Brightpearl https://127.0.0.1:8102/public-api"
    )


def test_over_tls_it_says_what_to_trust_and_where_the_proxy_is() -> None:
    found = printed_exports(announcement(SECURE))

    trusting = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    assert {found[name] for name in trusting} == {"/some folder/ca.crt"}
    assert found["HTTPS_PROXY"] == "http://127.0.0.1:8103"
    assert not {"HTTPS_PROXY", *trusting} & set(exports(PLAIN))


@pytest.mark.long
@pytest.mark.parametrize("flags", [(), ("--tls", "--proxy-port", "0")])
def test_a_shell_that_exports_what_is_printed_uses_the_sandboxes(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    serve = (
        "sandbox", "serve", "--skus", "20", "--own-orders", "0", "--bigcommerce-port", "0",
        "--brightpearl-port", "0", *flags,
    )  # fmt: skip
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli.main", *serve],
        cwd=tmp_path,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        lines = [served.stdout.readline()]
        last = "export NO_PROXY" if flags else "export CAUSEWAY_WEBHOOKS__SECRET"
        while not lines[-1].startswith(last):
            lines.append(served.stdout.readline())
        environment = os.environ | printed_exports("".join(lines))

        doctor = subprocess.run(
            [sys.executable, "-m", "cli.main", "doctor"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        served.terminate()

    assert doctor.returncode == 0, doctor.stderr
    assert "the account answers" in doctor.stdout
    assert "Causeway sandbox store answers" in doctor.stdout
