"""What docker/ promises, checked without Docker: nothing that it names is missing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import Settings as PrefectSettings

from cli.main import run
from core.settings import load_settings
from store.database import Database

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
FILES = ("compose.yaml", "compose.sqlite.yaml")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?)\}")
PACKAGES_OF_DEVELOPERS = {"agreement", "bench", "chaos", "demo", "evaluation", "lives"}


def variables(path: Path) -> dict[str, str]:
    """What an env file sets."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=")[::2] for line in lines if line and not line.startswith("#")]
    return dict(pairs)


def filled_in(path: Path) -> dict[str, str]:
    """The same, with something in place of what is left empty."""
    return {name: value or f"some-{name.lower()}" for name, value in variables(path).items()}


@pytest.fixture(params=FILES)
def compose(request: Any) -> Mapping[str, Any]:
    return read(request.param)


def read(name: str) -> Mapping[str, Any]:
    """A compose file as Compose sees it with `.env.example` filled in."""
    known = filled_in(DOCKER / ".env.example")

    def value(match: re.Match[str]) -> str:
        default = match["default"]
        return known[match["name"]] if default is None else default

    text = (DOCKER / name).read_text(encoding="utf-8")
    document: Mapping[str, Any] = yaml.safe_load(VARIABLE.sub(value, text))
    return document


def ours(compose: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The services that run our image."""
    for name, service in compose["services"].items():
        if service["image"].startswith("causeway"):
            yield name, service


def test_ports_are_published_on_loopback_alone(compose: Mapping[str, Any]) -> None:
    ports = [port for one in compose["services"].values() for port in one.get("ports", [])]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_service_is_started_again_and_none_logs_without_an_end(
    compose: Mapping[str, Any],
) -> None:
    for name, service in compose["services"].items():
        assert service["restart"] in {"unless-stopped", "on-failure:5"}, name
        assert service["logging"]["options"]["max-size"] == "10m", name


def test_our_containers_may_do_little_and_are_the_same_in_both_files() -> None:
    assert read(FILES[0])["x-python"] == read(FILES[1])["x-python"]
    for file in FILES:
        for name, service in ours(read(file)):
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_every_service_that_is_waited_for_can_be(compose: Mapping[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], needed
            else:
                assert how["condition"] == "service_completed_successfully"
                assert services[needed]["restart"] == "on-failure:5"


def test_volumes_are_declared_and_mounted_files_exist(compose: Mapping[str, Any]) -> None:
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DOCKER / source).is_file()
            else:
                assert source in compose["volumes"]


def test_every_causeway_command_exists(
    compose: Mapping[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    said = " && ".join(" ".join(service["command"]) for _, service in ours(compose))
    commands = re.findall(r"causeway ([a-z ]+[a-z])", said)
    assert len(commands) == 5
    for words in commands:
        assert run([*words.split(), "--help"]) == 0
        assert f"Usage: causeway {words} " in capsys.readouterr().out


def test_the_settings_of_our_services_are_understood(compose: Mapping[str, Any]) -> None:
    of_pair = filled_in(DOCKER / "causeway.env.example")
    for name, service in ours(compose):
        if "env_file" in service:
            settings = load_settings({**of_pair, **service["environment"]})
            assert settings.pair().webhooks.secret is not None, name
            assert Database(settings.database_url).where
            assert settings.receiver.port == 8100


def test_prefect_drops_old_runs_and_leaves_migrations_to_one(
    compose: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefect ignores a variable it does not know, so a typo would only be noticed much later."""
    servers = [
        service for _, service in ours(compose) if service["command"][:2] == ["prefect", "server"]
    ]
    assert servers
    for service in servers:
        with monkeypatch.context() as context:
            for name, value in service["environment"].items():
                context.setenv(name, str(value))
            settings = PrefectSettings()
        vacuum = settings.server.services.db_vacuum
        assert vacuum.enabled_vacuum_types >= {"events", "flow_runs"}
        assert vacuum.retention_period == timedelta(days=30)
        assert settings.server.ui.api_url == "http://127.0.0.1:4200/api"
        assert settings.ui_url == "http://127.0.0.1:4200"
        is_split = "redis" in compose["services"]
        url = settings.server.database.connection_url
        assert url is not None
        assert settings.server.database.migrate_on_start is not is_split
        assert url.get_secret_value().startswith("postgresql+asyncpg:") == is_split
        events = settings.server.events
        modules = (events.messaging_broker, events.messaging_cache, events.causal_ordering)
        assert all(module.startswith("prefect_redis.") for module in modules) == is_split
        assert settings.server.docket.url.startswith("redis:") == is_split


def test_the_image_holds_every_package_and_no_secret() -> None:
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["importlinter"]["root_packages"]) - PACKAGES_OF_DEVELOPERS
    assert packages <= kept
    assert all((ROOT / name).exists() for name in kept)
    assert not any("env" in name for name in kept)


def test_what_the_image_adds_agrees_with_what_is_locked() -> None:
    """Packages of image.lock are installed without resolving what they depend on."""
    pin = re.compile(r"^([a-z0-9-]+)==([^\s;]+)", re.MULTILINE)
    added = dict(pin.findall((DOCKER / "image.lock").read_text(encoding="utf-8")))
    assert set(added) == {"prefect-redis", "setuptools"}
    for lock in ("requirements.lock", "requirements-dev.lock"):
        locked = dict(pin.findall((ROOT / lock).read_text(encoding="utf-8")))
        assert all(locked.get(name, version) == version for name, version in added.items())
