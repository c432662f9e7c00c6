"""A wheel of this tree, built by the locked backend, runs in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
NOT_SOURCES = shutil.ignore_patterns(
    ".*", "var", "build", "dist", "tests", "docs", "bench", "*.egg-info", "__pycache__"
)
IMPORTED = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    assert package.__file__.startswith(sys.prefix), package.__file__
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""
DEPLOYED = """
from worker.deployments import read_prefect_file
from worker.execution import load_flow
for deployment in read_prefect_file().deployments:
    print(deployment.name, load_flow(deployment.entrypoint).name)
"""
FOUND_BY_NAME = """
from importlib.metadata import entry_points
named = {"prefect.collections": "causeway", "sqlalchemy.plugins": "causeway_immediate"}
for group, name in named.items():
    (found,) = entry_points(group=group, name=name)
    found.load()
    print(found.module)
"""


class Installed:
    """An environment with the wheel in it, and with the packages of this one."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self._bin = folder / "venv" / "bin"
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.python("-c", "pass")
        pip = [sys.executable, "-m", "pip", "--python", str(self._bin / "python"), "install", "-q"]
        done([*pip, "--no-deps", "--no-index", str(wheel)], self.folder)
        site = self.python("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        # Found after the wheel; what is installed there in place, such as this tree, is not.
        Path(site, "packages.pth").write_text(sysconfig.get_path("purelib"), "utf-8")

    def python(self, *words: str) -> str:
        """What its interpreter prints, started outside of the tree."""
        return done([str(self._bin / "python"), *words], self.folder)

    def causeway(self, *words: str, **settings: str) -> str:
        """What the installed command prints."""
        return done([str(self._bin / "causeway"), *words], self.folder, settings)


def done(command: list[str], folder: Path, settings: dict[str, str] | None = None) -> str:
    """What a process printed that ended well."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CAUSEWAY_", "PYTHON"))
    }
    ended = subprocess.run(  # noqa: S603 - our own commands
        command,
        cwd=folder,
        env={**environment, **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command} ended with {ended.returncode}: {ended.stderr}"
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=NOT_SOURCES, symlinks=True)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    done([*pip, "--no-index", "--wheel-dir", str(folder), str(source)], folder)
    (built,) = folder.glob("causeway-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("installed"), wheel)


def test_every_file_that_the_code_reads_is_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    (names,) = tmp_path.glob("*.dist-info/top_level.txt")
    packages = names.read_text("utf-8").split()
    ours = {
        str(file.relative_to(ROOT))
        for package in packages
        for file in (ROOT / package).rglob("*")
        if file.is_file() and file.suffix not in {".pyc", ".md"}
    }
    assert {one for one in ours if not (tmp_path / one).is_file()} == set()
    shipped = tmp_path / "worker" / "prefect.yaml"
    assert not shipped.is_symlink()
    assert shipped.read_text("utf-8") == (ROOT / "prefect.yaml").read_text("utf-8")


def test_every_module_of_the_wheel_can_be_imported(installed: Installed) -> None:
    find = "import importlib.metadata as m; print(m.distribution('causeway').read_text('{}'))"
    packages = installed.python("-c", find.format("top_level.txt")).split()
    assert {"agreement", "cli", "demo", "flows", "receiver", "tasks", "worker"} <= set(packages)
    installed.python("-c", IMPORTED, *packages)


def test_the_commands_of_the_wheel_run_in_an_empty_folder(
    installed: Installed,
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert installed.causeway("--version").strip() == project["version"]
    assert "Usage" in installed.causeway("deploy", "--help")
    settings = {
        "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "abc",
        "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "token-of-the-store",
        "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "secret-of-the-store",
        "CAUSEWAY_BRIGHTPEARL__API_URL": "http://127.0.0.1:9/public-api",
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "acme",
        "CAUSEWAY_BRIGHTPEARL__APP_REF": "app",
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "token-of-the-account",
    }
    assert "valid" in installed.causeway("mappings", "validate", **settings)
    installed.causeway("db", "upgrade", **settings)
    assert '"inbox": []' in installed.causeway("status", "--json", **settings)
    installed.causeway("mappings", "copy", "own", **settings)
    assert (installed.folder / "own" / "tables" / "order_status.csv").is_file()
    assert sorted(path.name for path in installed.folder.iterdir()) == ["own", "var"]


def test_the_wheel_has_the_deployments_and_their_flows(installed: Installed) -> None:
    found = installed.python("-c", DEPLOYED).split()
    assert {"on-event", "sync-orders"} <= set(found)


def test_the_wheel_asks_for_what_the_lock_was_made_of_and_offers_the_extras(
    installed: Installed,
) -> None:
    find = "import importlib.metadata as m; print('\\n'.join(m.requires('causeway')))"
    asked = [Requirement(line) for line in installed.python("-c", find).splitlines()]
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    wanted = [line.partition(" #")[0].strip() for line in lines if line and line[0] != "#"]

    assert {str(one) for one in asked if one.marker is None} == {
        str(Requirement(one)) for one in wanted
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for extra, names in project["optional-dependencies"].items():
        of_extra = [one for one in asked if one.marker and one.marker.evaluate({"extra": extra})]
        assert {one.name for one in of_extra} == {Requirement(one).name for one in names}


def test_what_other_packages_find_by_name_is_in_the_wheel(installed: Installed) -> None:
    """Prefect finds the worker's engine, SQLAlchemy what keeps Prefect's database from locking."""
    found = installed.python("-c", FOUND_BY_NAME).split()
    assert found == ["worker.warm", "cli.prefect_sqlite"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-m", "demo", "--help"), "--orders"),
        (("-m", "sandbox", "--help"), "--bigcommerce-port"),
        (("-m", "cli.main", "sandbox", "serve", "--help"), "--tls"),
        (("-m", "cli.main", "up", "--help"), "--sandbox"),
    ],
    ids=["demo", "sandbox", "sandbox serve", "up"],
)
def test_what_the_pages_start_is_in_the_wheel(
    installed: Installed, words: tuple[str, ...], says: str
) -> None:
    assert says in installed.python(*words)


def test_a_copy_of_the_wheels_mappings_is_valid_where_it_is_put(installed: Installed) -> None:
    installed.causeway("mappings", "copy", "mine")
    folder = str(installed.folder / "mine")
    assert "valid" in installed.causeway("mappings", "validate", folder)
    shutil.rmtree(folder)


def test_a_wheel_is_built_without_what_an_earlier_build_left() -> None:
    planned = done(["make", "--dry-run", "wheel"], ROOT)
    assert planned.index("rm -rf build") < planned.index("pip wheel")


def test_installing_runs_no_tests() -> None:
    planned = done(["make", "--dry-run", "install"], ROOT)
    assert "causeway --version" in planned
    assert "pytest" not in planned
