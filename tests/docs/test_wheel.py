"""A wheel that is installed elsewhere runs by itself, without the repository."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

REPOSITORY = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", "tests", "build", "dist", "*.egg-info", "__pycache__", ".*_cache"
)
PROGRAM = """
import sys
from pathlib import Path
import agreement, cli.main, demo, worker.deployments as deployments
from mappings.bundle import load_bundle
from sandbox.brightpearl.searches import COLUMNS_FILE

packages = Path(sys.argv[1])
for module in (agreement, cli.main, demo, deployments):
    assert Path(module.__file__).is_relative_to(packages), module.__file__
assert not deployments.PREFECT_YAML.is_symlink()
assert len(deployments.read_prefect_file().deployments) > 10
assert load_bundle().problems == ()
assert COLUMNS_FILE.exists()
"""
COMMANDS = ["-V", "db upgrade", "status --json", "mappings validate", "mappings copy own"]


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The wheel of the repository, built from a copy of it and installed into a folder."""
    copy = tmp_path_factory.mktemp("source") / "causeway"
    shutil.copytree(REPOSITORY, copy, symlinks=True, ignore=LEFT_OUT)
    folder = tmp_path_factory.mktemp("packages")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", "-q", *options, "-w", copy / "dist", copy], check=True)  # noqa: S603
    (wheel,) = (copy / "dist").glob("*.whl")
    options = ["--no-deps", "--no-index", "--no-compile", "--target", folder]
    subprocess.run([*pip, "install", "-q", *options, wheel], check=True)  # noqa: S603
    return folder


def test_it_holds_what_runs(packages, tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(packages)]
    environment = {**os.environ, "PYTHONPATH": str(packages)}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment, timeout=120)  # noqa: S603


def test_its_commands_run_in_an_empty_folder(packages, tmp_path):
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CAUSEWAY_")},
        "PYTHONPATH": str(packages),
        "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "abc",
        "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "token-of-the-store",
        "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "secret-of-the-store",
        "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:9/public-api",
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "acme",
        "CAUSEWAY_BRIGHTPEARL__APP_REF": "app",
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "token-of-the-account",
    }
    for line in COMMANDS:
        command = [sys.executable, "-m", "cli.main", *line.split()]
        subprocess.run(command, check=True, cwd=tmp_path, env=environment, timeout=120)  # noqa: S603
    assert sorted(path.name for path in tmp_path.iterdir()) == ["own", "var"]
